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
    /// Blocks until the value is at least `lsn` or the time is over; false then. For tools and
    /// tests: the server's threads never block on a watermark.
    bool wait(Lsn lsn, int timeout_ms);

  private:
    mutable Mutex mutex_;
    ConditionVariable risen_;
    std::atomic<std::uint64_t> value_{0};  // written with the mutex held
    std::vector<Listener> listeners_ FG_GUARDED_BY(mutex_);
};

}  // namespace faregate::engine
