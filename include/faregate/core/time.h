#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace faregate {

/// A length of time in microseconds, PostgreSQL's resolution.
struct Duration {
    std::int64_t microseconds = 0;

    static constexpr Duration seconds(std::int64_t value) noexcept { return {value * 1'000'000}; }
    static constexpr Duration milliseconds(std::int64_t value) noexcept { return {value * 1'000}; }
    friend constexpr auto operator<=>(Duration, Duration) = default;
    friend constexpr Duration operator+(Duration a, Duration b) noexcept {
        return {a.microseconds + b.microseconds};
    }
    friend constexpr Duration operator-(Duration a, Duration b) noexcept {
        return {a.microseconds - b.microseconds};
    }
};

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
struct Timestamp {
    std::int64_t microseconds = 0;

    /// After every other time: "does not expire".
    static constexpr Timestamp never() noexcept {
        return {std::numeric_limits<std::int64_t>::max()};
    }
    constexpr bool is_never() const noexcept { return *this == never(); }
    friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
    friend constexpr Timestamp operator+(Timestamp at, Duration length) noexcept {
        return {at.microseconds + length.microseconds};
    }
    friend constexpr Duration operator-(Timestamp a, Timestamp b) noexcept {
        return {a.microseconds - b.microseconds};
    }
};

/// RFC 3339 in UTC with microseconds: `2026-01-31T09:30:00.000000Z`.
/// Precondition: `at` lies in the years 0001 to 9999.
std::string to_rfc3339(Timestamp at);

/// Reads an RFC 3339 date-time with any offset and up to 9 digits of a second (digits past the
/// microsecond are cut). Nothing if `text` is not one, or lies outside the years 1970 to 9999.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

/// Where time comes from. The engine reads it once per command; the ledger never does.
/// Implementations are thread-safe and may jump either way.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual Timestamp now() const = 0;
};

/// Time that only goes forward, for measuring how long something took. Goes on while this process
/// is stopped and while the machine sleeps. Implementations are thread-safe.
class MonotonicClock {
  public:
    virtual ~MonotonicClock() = default;
    /// Since some moment in the past, the same for the life of the process.
    virtual Duration elapsed() const = 0;
};

/// The machine's wall clock.
class SystemClock final : public Clock {
  public:
    Timestamp now() const override;
};

/// Since the machine was booted (Linux: CLOCK_BOOTTIME).
class BootClock final : public MonotonicClock {
  public:
    Duration elapsed() const override;
};

}  // namespace faregate
