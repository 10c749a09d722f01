#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "faregate/core/time.h"

namespace faregate::rating {

/// Over which time quantities are accumulated, for tiers that depend on what was used before.
enum class Period : std::uint8_t {
    day,     ///< from midnight, UTC
    month,   ///< from midnight of the first, UTC
    anchor,  ///< a month from a wallet's billing anchor
};

const char* to_string(Period period) noexcept;
std::optional<Period> parse_period(std::string_view text) noexcept;

/// The start of the period that `at` lies in; periods include their start and not their end.
///
/// A period `anchor` begins on the anchor's day of the month at the anchor's time of day, in UTC;
/// in a month without that day, on its last day (an anchor of 31 January gives 28 February and then
/// 31 March). It is defined before the anchor too. The other periods ignore `anchor`.
///
/// Precondition: both times lie in the years 1 to 9999.
Timestamp period_start(Period period, Timestamp anchor, Timestamp at) noexcept;

/// The start of the next period, which is the end of this one.
Timestamp period_end(Period period, Timestamp anchor, Timestamp at) noexcept;

}  // namespace faregate::rating
