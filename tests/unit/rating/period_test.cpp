#include "faregate/rating/period.h"

#include <gtest/gtest.h>

#include "support/price_list.h"

namespace faregate::rating {
namespace {

using support::time;

struct Case {
    const char* at;
    const char* start;
    const char* end;
};

void expect_periods(Period period, const char* anchor, std::initializer_list<Case> cases) {
    for (const Case& one : cases) {
        EXPECT_EQ(period_start(period, time(anchor), time(one.at)), time(one.start)) << one.at;
        EXPECT_EQ(period_end(period, time(anchor), time(one.at)), time(one.end)) << one.at;
    }
}

constexpr const char* no_anchor = "1970-01-01T00:00:00Z";

TEST(Period, DaysBeginAtMidnightUtc) {
    expect_periods(
        Period::day, no_anchor,
        {{"2026-03-15T00:00:00Z", "2026-03-15T00:00:00Z", "2026-03-16T00:00:00Z"},
         {"2026-03-15T23:59:59.999999Z", "2026-03-15T00:00:00Z", "2026-03-16T00:00:00Z"},
         {"2026-03-15T00:30:00+02:00", "2026-03-14T00:00:00Z", "2026-03-15T00:00:00Z"},
         {"2024-02-28T12:00:00Z", "2024-02-28T00:00:00Z", "2024-02-29T00:00:00Z"}}
    );
}

TEST(Period, MonthsBeginOnTheFirst) {
    expect_periods(
        Period::month, no_anchor,
        {{"2026-12-31T23:59:59.999999Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
         {"2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"}}
    );
}

TEST(Period, AnAnchorGivesDayAndTimeOfTheMonth) {
    expect_periods(
        Period::anchor, "2025-06-10T09:30:00Z",
        {{"2026-03-10T09:29:59.999999Z", "2026-02-10T09:30:00Z", "2026-03-10T09:30:00Z"},
         {"2026-03-10T09:30:00Z", "2026-03-10T09:30:00Z", "2026-04-10T09:30:00Z"},
         {"2026-01-01T00:00:00Z", "2025-12-10T09:30:00Z", "2026-01-10T09:30:00Z"}}
    );
}

TEST(Period, AnAnchorOnThe31stIsTheLastDayOfShorterMonths) {
    expect_periods(
        Period::anchor, "2026-01-31T10:00:00Z",
        {{"2026-02-28T09:59:59Z", "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"},
         {"2026-02-28T10:00:00Z", "2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"},
         {"2026-03-31T09:59:59Z", "2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"},
         {"2024-02-29T10:00:00Z", "2024-02-29T10:00:00Z", "2024-03-31T10:00:00Z"}}
    );
}

TEST(Period, IsDefinedBeforeTheAnchor) {
    expect_periods(
        Period::anchor, "2026-05-15T00:00:00Z",
        {{"2025-01-20T00:00:00Z", "2025-01-15T00:00:00Z", "2025-02-15T00:00:00Z"}}
    );
}

TEST(Period, NamesAreReadBack) {
    for (const Period period : {Period::day, Period::month, Period::anchor}) {
        EXPECT_EQ(parse_period(to_string(period)), period);
    }
    EXPECT_EQ(parse_period("week"), std::nullopt);
}

}  // namespace
}  // namespace faregate::rating
