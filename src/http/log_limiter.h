#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faregate/core/mutex.h"

namespace faregate::http {

/// Keeps what clients provoke from filling the log: of each kind of line, a few pass every second,
/// and the next one that passes says how many did not. Thread-safe.
class LogLimiter {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::uint32_t lines_per_second = 3;

    /// Kinds are numbers below `kinds`.
    explicit LogLimiter(std::size_t kinds) : kinds_(kinds) {}

    /// Nothing: leave the line out. Else the number of lines of that kind that were left out since
    /// the last one that passed.
    std::optional<std::uint64_t> pass(std::size_t kind, Time now);

  private:
    struct Kind {
        std::optional<Time> second_began;
        std::uint32_t passed = 0;  ///< in that second
        std::uint64_t left_out = 0;
    };

    Mutex mutex_;
    std::vector<Kind> kinds_ FG_GUARDED_BY(mutex_);
};

/// ` (and 12 more like it)`, or nothing for none.
std::string left_out_note(std::uint64_t left_out);

/// Text of a client's as it may stand in the log: cut where it gets long, without anything that a
/// terminal could take for a command, and without what follows `fg_`, for somebody may have put a
/// key where it does not belong.
std::string loggable(std::string_view text);

}  // namespace faregate::http
