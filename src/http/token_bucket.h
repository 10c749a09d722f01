#pragma once

#include <atomic>
#include <cstdint>

namespace faregate::http {

/// Limits requests to a rate, with bursts of one second's worth. Lock-free and thread-safe.
///
/// It keeps one number: the time at which the bucket would be full again. A request moves it on by
/// the time that one token takes to come back, and is refused if that is over a second away.
class TokenBucket {
  public:
    /// Takes a token. Returns 0 if there was one, else the nanoseconds until there is.
    /// `rate_per_second` is above zero; `now_ns` comes from any clock that does not go back.
    std::int64_t take(std::uint32_t rate_per_second, std::int64_t now_ns) noexcept;

  private:
    std::atomic<std::int64_t> full_at_ns_{0};
};

}  // namespace faregate::http
