#pragma once

#include <atomic>

#include "faregate/core/time.h"

namespace faregate::support {

/// A clock that stands still until it is set, and may be set back. Thread-safe.
class ManualClock final : public Clock {
  public:
    static constexpr Timestamp start{1'700'000'000'000'000};

    Timestamp now() const override { return Timestamp{now_.load()}; }
    void set(Timestamp now) { now_ = now.microseconds; }
    void advance(Duration length) { now_ += length.microseconds; }

  private:
    std::atomic<std::int64_t> now_{start.microseconds};
};

/// Stands still until it is told to go on. Thread-safe.
class ManualMonotonicClock final : public MonotonicClock {
  public:
    Duration elapsed() const override { return Duration{elapsed_.load()}; }
    void advance(Duration length) { elapsed_ += length.microseconds; }

  private:
    std::atomic<std::int64_t> elapsed_{Duration::seconds(1'000).microseconds};
};

}  // namespace faregate::support
