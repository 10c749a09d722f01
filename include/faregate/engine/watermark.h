#pragma once

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
    /// Listeners must be quick, must not call back, and live as long as the watermark. Subscribe
    /// before the first publish.
    void subscribe(Listener listener);
    /// Blocks until the value is at least `lsn` or the time is over; false then. For tools and
    /// tests: the server's threads never block on a watermark.
    bool wait(Lsn lsn, int timeout_ms);

  private:
    mutable Mutex mutex_;
    ConditionVariable risen_;
    Lsn value_ FG_GUARDED_BY(mutex_);
    std::vector<Listener> listeners_ FG_GUARDED_BY(mutex_);
};

}  // namespace faregate::engine
