#include "rating/exact.h"

#include <gtest/gtest.h>

#include "support/price_list.h"

namespace faregate::rating {
namespace {

using support::number;

Part part(const char* quantity, const char* price, const char* flat = "0") {
    return {number(quantity), number(price), number(flat), 0};
}

/// "0.5 up": the rounded amount and what rounding did.
std::string rounded(
    const std::vector<Part>& parts, std::uint64_t per, Scale scale, const char* multiplier = nullptr
) {
    const Number rate = multiplier == nullptr ? Number{} : number(multiplier);
    const Number* rate_or_null = multiplier == nullptr ? nullptr : &rate;
    const auto result = round_value(parts, per, rate_or_null, scale);
    const auto wide = round_value_wide(parts, per, rate_or_null, scale);
    EXPECT_EQ(result.has_value(), wide.has_value());
    if (!result) return "too large";
    EXPECT_EQ(result->amount, wide->amount);
    EXPECT_EQ(result->rounding, wide->rounding);
    return result->amount.to_string(scale) + " " + to_string(result->rounding);
}

TEST(Exact, HalvesGoToTheEvenNeighbour) {
    EXPECT_EQ(rounded({part("1", "0.5")}, 1, 0), "0 down");
    EXPECT_EQ(rounded({part("1", "1.5")}, 1, 0), "2 up");
    EXPECT_EQ(rounded({part("1", "2.5")}, 1, 0), "2 down");
    EXPECT_EQ(rounded({part("1", "0.25")}, 1, 1), "0.2 down");
    EXPECT_EQ(rounded({part("1", "0.35")}, 1, 1), "0.4 up");
    EXPECT_EQ(rounded({part("1", "2.500000000000000001")}, 1, 0), "3 up");
    EXPECT_EQ(rounded({part("1", "2.499999999999999999")}, 1, 0), "2 down");
    EXPECT_EQ(rounded({part("1", "2")}, 1, 0), "2 exact");
}

TEST(Exact, DivisionsThatDoNotEndAreRoundedOnce) {
    EXPECT_EQ(rounded({part("1", "1")}, 3, 2), "0.33 down");
    EXPECT_EQ(rounded({part("2", "1")}, 3, 2), "0.67 up");
    EXPECT_EQ(rounded({part("1", "1"), part("1", "1"), part("1", "1")}, 3, 2), "1 exact");
    EXPECT_EQ(rounded({part("1", "1")}, 8, 2), "0.12 down");
    EXPECT_EQ(rounded({part("3", "1")}, 8, 2), "0.38 up");
}

TEST(Exact, TheMultiplierComesBeforeRounding) {
    EXPECT_EQ(rounded({part("1", "0.05")}, 1, 1, "10"), "0.5 exact");
    EXPECT_EQ(rounded({part("1", "1", "1")}, 1, 2, "0.333"), "0.67 up");
    EXPECT_EQ(rounded({part("7", "1")}, 1, 2, "0"), "0 exact");
}

TEST(Exact, AFlatPartIsNotDivided) {
    EXPECT_EQ(rounded({part("5", "1", "2")}, 1'000'000, 9), "2.000005 exact");
}

TEST(Exact, ANumberOfAllDigitsIsExact) {
    const char* most = "999999999999999999.999999999999999999";
    EXPECT_EQ(rounded({part(most, "0.000000000001")}, 1, 18), "1000000 up");
    EXPECT_EQ(rounded({part(most, "0.000001")}, 1, 18), "1000000000000 up");
    EXPECT_EQ(rounded({part(most, "0.000001", "1e-18")}, 1, 18), "too large");
}

TEST(Exact, OneUnitAboveTheLargestRequestIsTooLarge) {
    EXPECT_EQ(rounded({part("1000000000000", "1")}, 1, 18), "1000000000000 exact");
    EXPECT_EQ(rounded({part("1000000000000.000000000000000001", "1")}, 1, 18), "too large");
    EXPECT_EQ(rounded({part("1e17", "1e17")}, 1, 0), "too large");
    EXPECT_EQ(rounded({part("1e15", "1e15")}, 1, 0), "1" + std::string(30, '0') + " exact");
}

TEST(Exact, ComparesWithABound) {
    const std::vector<Part> sum{part("1", "1"), part("1", "1")};
    EXPECT_TRUE(compare_value(sum, 3, number("0.666666666666666667")) < 0);
    EXPECT_TRUE(compare_value(sum, 3, number("0.666666666666666666")) > 0);
    EXPECT_TRUE(compare_value(sum, 4, number("0.5")) == 0);
}

TEST(Exact, TheValueIsWrittenInDecimalsOrAsAFraction) {
    const auto text = [](std::vector<Part> parts, std::uint64_t per) {
        return value_text(parts, per, nullptr);
    };
    EXPECT_EQ(text({part("1200", "2.5")}, 1'000'000), "0.003");
    EXPECT_EQ(text({part("1", "1")}, 8), "0.125");
    EXPECT_EQ(text({part("1", "0.01")}, 3), "0.01/3");
    EXPECT_EQ(text({part("3", "0.01")}, 3), "0.01");
    EXPECT_EQ(text({part("1", "1")}, 12), "0.25/3");
    EXPECT_EQ(text({part("0", "1")}, 7), "0");
    EXPECT_EQ(text({part("10", "10")}, 1), "100");
    EXPECT_EQ(text({}, 1), "0");
}

}  // namespace
}  // namespace faregate::rating
