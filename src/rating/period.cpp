#include "faregate/rating/period.h"

#include <chrono>

#include "faregate/core/assert.h"

namespace faregate::rating {
namespace {

using std::chrono::days;
using std::chrono::microseconds;
using std::chrono::months;
using std::chrono::sys_days;
using std::chrono::sys_time;
using std::chrono::year_month;
using std::chrono::year_month_day;
using std::chrono::year_month_day_last;

sys_time<microseconds> to_sys(Timestamp at) {
    return sys_time<microseconds>{microseconds{at.microseconds}};
}

Timestamp from_sys(sys_time<microseconds> at) { return {at.time_since_epoch().count()}; }

/// A day and the time within it.
struct Moment {
    sys_days day;
    microseconds time;

    explicit Moment(Timestamp at)
        : day(std::chrono::floor<days>(to_sys(at))), time(to_sys(at) - day) {
        const int year = static_cast<int>(year_month_day{day}.year());
        FG_ASSERT(year >= 1 && year <= 9999, "a time between the years 1 and 9999");
    }
};

/// Where the period of an anchor begins in that month.
Timestamp anchored(const Moment& anchor, year_month month) {
    const auto wanted = year_month_day{anchor.day}.day();
    const auto last = year_month_day_last{month.year() / month.month() / std::chrono::last}.day();
    return from_sys(sys_days{month / (wanted < last ? wanted : last)} + anchor.time);
}

/// The start of the period after the `later` next ones.
Timestamp start_of(Period period, Timestamp anchor, Timestamp at, int later) {
    const Moment moment(at);
    const year_month_day date{moment.day};
    const year_month month{date.year(), date.month()};
    switch (period) {
        case Period::day:
            return from_sys(moment.day + days{later});
        case Period::month:
            return from_sys(sys_days{(month + months{later}) / 1});
        case Period::anchor:
            break;
    }
    const Moment start(anchor);
    const bool begun = anchored(start, month) <= at;
    return anchored(start, month + months{begun ? later : later - 1});
}

}  // namespace

const char* to_string(Period period) noexcept {
    switch (period) {
        case Period::day:
            return "day";
        case Period::month:
            return "month";
        case Period::anchor:
            return "anchor";
    }
    return "unknown";
}

std::optional<Period> parse_period(std::string_view text) noexcept {
    for (const Period period : {Period::day, Period::month, Period::anchor}) {
        if (text == to_string(period)) return period;
    }
    return std::nullopt;
}

Timestamp period_start(Period period, Timestamp anchor, Timestamp at) noexcept {
    return start_of(period, anchor, at, 0);
}

Timestamp period_end(Period period, Timestamp anchor, Timestamp at) noexcept {
    return start_of(period, anchor, at, 1);
}

}  // namespace faregate::rating
