#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "faregate/core/lsn.h"
#include "faregate/core/mutex.h"

namespace faregate::engine {

/// An LSN that only rises: durable_lsn (the journal has it) or applied_lsn (PostgreSQL has it).
/// Thread-safe.
class Watermark {
  public:
    using Listener = std::function<void(Lsn)>;

    Lsn value() const;
    /// Raises the value and calls every listener on this thread. A lower value changes nothing.
    void publish(Lsn lsn);
    /// A listener must be quick, must not call back, and lives as long as the watermark. It hears
    /// of what is published after it subscribed.
    void subscribe(Listener listener);
    /// Blocks until the value is at least `lsn` or the time is over; false then. For the projector,
    /// tools and tests: threads that serve requests never block on a watermark.
    bool wait(Lsn lsn, int timeout_ms);

    /// Tells whoever raises the value that somebody waits for `lsn`, who may then hurry.
    void want(Lsn lsn);
    /// The highest LSN that was wanted so far.
    Lsn wanted() const { return Lsn{wanted_.load(std::memory_order_relaxed)}; }

  private:
    static constexpr Lsn nobody{~std::uint64_t{0}};

    mutable Mutex mutex_;
    ConditionVariable risen_;
    Lsn blocked_on_ FG_GUARDED_BY(mutex_) = nobody;  ///< the lowest that a thread waits for
    std::atomic<std::uint64_t> wanted_{0};
    std::atomic<std::uint64_t> value_{0};  // written with the mutex held
    std::vector<Listener> listeners_ FG_GUARDED_BY(mutex_);
};

}  // namespace faregate::engine
