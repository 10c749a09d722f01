#include "faregate/core/time.h"

#include <gtest/gtest.h>

namespace faregate {
namespace {

constexpr std::int64_t second = 1'000'000;

std::optional<std::int64_t> micros_of(std::string_view text) {
    const auto at = parse_rfc3339(text);
    if (!at) return std::nullopt;
    return at->microseconds;
}

TEST(Rfc3339, PrintsMicrosecondsInUtc) {
    EXPECT_EQ(to_rfc3339(Timestamp{0}), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(to_rfc3339(Timestamp{1}), "1970-01-01T00:00:00.000001Z");
    EXPECT_EQ(
        to_rfc3339(Timestamp{1'700'000'000 * second + 120'000}), "2023-11-14T22:13:20.120000Z"
    );
    EXPECT_EQ(to_rfc3339(Timestamp{-1}), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(to_rfc3339(Timestamp{253'402'300'799'999'999}), "9999-12-31T23:59:59.999999Z");
}

using Rfc3339DeathTest = ::testing::Test;

TEST(Rfc3339DeathTest, NeverCannotBePrinted) {
    EXPECT_DEATH(static_cast<void>(to_rfc3339(Timestamp::never())), "RFC 3339");
    EXPECT_DEATH(static_cast<void>(to_rfc3339(Timestamp{253'402'300'800'000'000})), "RFC 3339");
}

TEST(Rfc3339, ReadsOffsetsFractionsAndBothCases) {
    EXPECT_EQ(micros_of("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(micros_of("1970-01-01t00:00:00z"), 0);
    EXPECT_EQ(micros_of("1970-01-01T00:00:00.5Z"), 500'000);
    EXPECT_EQ(micros_of("1970-01-01T00:00:00.000001Z"), 1);
    EXPECT_EQ(micros_of("1970-01-01T00:00:00.000001999Z"), 1);  // Cut, not rounded.
    EXPECT_EQ(micros_of("1970-01-01T01:00:00+01:00"), 0);
    EXPECT_EQ(micros_of("1970-01-01T00:00:00-01:30"), 5400 * second);
    EXPECT_EQ(micros_of("1970-01-01T00:00:00-00:00"), 0);
    EXPECT_EQ(micros_of("2026-01-31T09:30:00.000000Z"), 1'769'851'800 * second);
    EXPECT_EQ(micros_of("2026-01-31T15:00:00+05:30"), 1'769'851'800 * second);
    EXPECT_EQ(micros_of("2026-01-30T09:31:00-23:59"), 1'769'851'800 * second);
}

TEST(Rfc3339, KnowsLeapYears) {
    EXPECT_EQ(micros_of("2024-02-29T00:00:00Z"), 1'709'164'800 * second);
    EXPECT_EQ(micros_of("2000-02-29T00:00:00Z"), 951'782'400 * second);
    EXPECT_TRUE(micros_of("2024-02-29T23:59:59Z").has_value());
    EXPECT_FALSE(micros_of("2023-02-29T00:00:00Z").has_value());
    EXPECT_FALSE(micros_of("2100-02-29T00:00:00Z").has_value());
    EXPECT_FALSE(micros_of("2024-02-30T00:00:00Z").has_value());
    EXPECT_FALSE(micros_of("2024-04-31T00:00:00Z").has_value());
    EXPECT_EQ(
        micros_of("2024-03-01T00:00:00Z").value() - micros_of("2024-02-28T00:00:00Z").value(),
        2 * 86'400 * second
    );
}

TEST(Rfc3339, EndsWithTheYears1970And9999) {
    EXPECT_EQ(micros_of("9999-12-31T23:59:59.999999Z"), 253'402'300'799'999'999);
    EXPECT_EQ(micros_of("9999-12-31T23:59:59.999999999Z"), 253'402'300'799'999'999);
    EXPECT_FALSE(micros_of("9999-12-31T23:59:59-00:01").has_value());
    EXPECT_TRUE(micros_of("9999-12-31T23:59:59+00:01").has_value());
    EXPECT_FALSE(micros_of("1969-12-31T23:59:59.999999Z").has_value());
    EXPECT_FALSE(micros_of("1970-01-01T00:00:00+00:01").has_value());
    EXPECT_FALSE(micros_of("0000-01-01T00:00:00Z").has_value());
    EXPECT_FALSE(micros_of("10000-01-01T00:00:00Z").has_value());
    // It is 1970 in UTC, whatever the calendar on that wall says.
    EXPECT_EQ(micros_of("1969-12-31T23:30:00-00:30"), 0);
}

TEST(Rfc3339, RefusesEverythingElse) {
    for (const char* text :
         {"",
          "now",
          "2026-01-31",
          "2026-01-31T09:30:00",
          "2026-01-31 09:30:00Z",
          "2026-01-31T09:30Z",
          "2026-1-31T09:30:00Z",
          "2026-01-31T9:30:00Z",
          "26-01-31T09:30:00Z",
          "2026-00-31T09:30:00Z",
          "2026-13-31T09:30:00Z",
          "2026-01-00T09:30:00Z",
          "2026-01-32T09:30:00Z",
          "2026-01-31T24:00:00Z",
          "2026-01-31T09:60:00Z",
          "2026-01-31T09:30:61Z",
          "2026-01-31T09:30:00.Z",
          "2026-01-31T09:30:00,5Z",
          "2026-01-31T09:30:00.0000000000Z",
          "2026-01-31T09:30:00+1:00",
          "2026-01-31T09:30:00+0100",
          "2026-01-31T09:30:00+24:00",
          "2026-01-31T09:30:00+01:60",
          "2026-01-31T09:30:00+",
          "2026-01-31T09:30:00ZZ",
          "2026-01-31T09:30:00Z ",
          " 2026-01-31T09:30:00Z",
          "-2026-01-31T09:30:00Z",
          "2026-01-31T-9:30:00Z",
          "1769851800",
          "2026-01-31T09:30:00.5"}) {
        EXPECT_FALSE(micros_of(text).has_value()) << text;
    }
}

TEST(Rfc3339, ComesBackTheSame) {
    for (std::int64_t at = 1; at < 253'402'300'799'999'999; at = at * 5 + 86'399'999'999) {
        EXPECT_EQ(micros_of(to_rfc3339(Timestamp{at})), at) << at;
    }
}

TEST(Duration, CountsMicroseconds) {
    EXPECT_EQ(Duration::seconds(2), Duration{2 * second});
    EXPECT_EQ(Duration::milliseconds(2), Duration{2'000});
    EXPECT_EQ(Timestamp{5} + Duration{7}, Timestamp{12});
    EXPECT_EQ(Timestamp{5} - Timestamp{7}, Duration{-2});
    EXPECT_TRUE(Timestamp::never().is_never());
    EXPECT_LT(Timestamp{253'402'300'799'999'999}, Timestamp::never());
}

}  // namespace
}  // namespace faregate
