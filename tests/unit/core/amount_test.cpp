#include "faregate/core/amount.h"

#include <gtest/gtest.h>

#include <limits>

namespace faregate {
namespace {

Amount units(int128_t value) { return Amount::from_units(value); }

TEST(Amount, PrintsWithoutTrailingZeros) {
    EXPECT_EQ(units(1'500'000'000).to_string(9), "1.5");
    EXPECT_EQ(units(1'000'000'000).to_string(9), "1");
    EXPECT_EQ(units(1).to_string(9), "0.000000001");
    EXPECT_EQ(units(0).to_string(9), "0");
    EXPECT_EQ(units(0).to_string(0), "0");
    EXPECT_EQ(units(100).to_string(0), "100");
    EXPECT_EQ(units(100).to_string(2), "1");
    EXPECT_EQ(units(-1).to_string(18), "-0.000000000000000001");
    EXPECT_EQ(units(-100).to_string(1), "-10");
}

TEST(Amount, TextComesBackTheSameAtEveryScaleAndSize) {
    for (Scale scale = 0; scale <= scale_max; ++scale) {
        for (int power = 0; power <= 36; ++power) {
            const int128_t base = Amount::power_of_ten(power);
            for (const int128_t value : {base - 1, base, base / 7, -base, 1 - base}) {
                const std::string text = units(value).to_string(scale);
                const auto read = Amount::parse(text, scale);
                ASSERT_TRUE(read.has_value()) << text << " at scale " << int{scale};
                EXPECT_EQ(*read, units(value)) << text << " at scale " << int{scale};
            }
        }
    }
}

TEST(Amount, ParseTakesWhatANumericColumnPrints) {
    EXPECT_EQ(Amount::parse("1.500000000", 9).value(), units(1'500'000'000));
    EXPECT_EQ(Amount::parse("1.500", 1).value(), units(15));
    EXPECT_EQ(Amount::parse("1.000000000000000000", 0).value(), units(1));
    EXPECT_EQ(Amount::parse("-0.000000001", 9).value(), units(-1));
    EXPECT_EQ(Amount::parse("0", 18).value(), Amount{});
    EXPECT_EQ(Amount::parse("-0", 18).value(), Amount{});
}

TEST(Amount, ParseRefusesWhatIsNotExact) {
    for (const char* text :
         {"", "-", ".", "-.", ".5", "1.5x", "1,5", "1e3", "+1", " 1", "1 ", "--1", "NaN",
          "Infinity", "1.5", "0.01"}) {
        const auto read = Amount::parse(text, 0);
        ASSERT_FALSE(read.has_value()) << text;
        EXPECT_EQ(read.error().code, ErrorCode::corruption);
    }
    EXPECT_FALSE(Amount::parse("0.0000000001", 9).has_value());
}

TEST(Amount, ParseRefusesWhatIsOutOfRangeOnBothSides) {
    const std::string limit = "1" + std::string(36, '0');
    EXPECT_EQ(Amount::parse(limit, 0).value(), units(Amount::power_of_ten(36)));
    EXPECT_EQ(Amount::parse("-" + limit, 0).value(), units(-Amount::power_of_ten(36)));
    const std::string above = limit.substr(0, 36) + "1";
    EXPECT_FALSE(Amount::parse(above, 0).has_value());
    EXPECT_FALSE(Amount::parse("-" + above, 0).has_value());
    EXPECT_FALSE(Amount::parse(limit, 1).has_value());
    EXPECT_FALSE(Amount::parse(std::string(400, '9'), 18).has_value());
    EXPECT_FALSE(Amount::parse(std::string(37, '9'), 18).has_value());
}

TEST(Amount, AddsAndSubtractsUpToItsLimit) {
    const Amount limit = units(Amount::power_of_ten(36));
    EXPECT_EQ(limit - units(1) + units(1), limit);
    EXPECT_EQ(-limit + units(1) - units(1), -limit);
    EXPECT_EQ(limit + -limit, Amount{});
}

using AmountDeathTest = ::testing::Test;

TEST(AmountDeathTest, AddingBeyondTheLimitAborts) {
    const Amount limit = units(Amount::power_of_ten(36));
    EXPECT_DEATH(static_cast<void>(limit + units(1)), "amount out of its range");
    EXPECT_DEATH(static_cast<void>(-limit - units(1)), "amount out of its range");
}

TEST(Amount, RequestAndBalanceBoundsLeaveRoomForSums) {
    EXPECT_EQ(Amount::request_max().to_string(0), "1" + std::string(30, '0'));
    EXPECT_EQ(Amount::balance_max().to_string(0), "1" + std::string(31, '0'));
    Amount sum;
    for (int i = 0; i < 10'000; ++i) sum += Amount::balance_max();
    EXPECT_EQ(sum.to_string(0), "1" + std::string(35, '0'));
}

TEST(Amount, Compares) {
    EXPECT_LT(units(-1), units(0));
    EXPECT_TRUE(units(0).is_zero());
    EXPECT_TRUE(units(1).is_positive());
    EXPECT_FALSE(units(0).is_positive());
    EXPECT_TRUE(units(-1).is_negative());
    EXPECT_FALSE(units(0).is_negative());
}

}  // namespace
}  // namespace faregate
