#include "faregate/rating/number.h"

#include <gtest/gtest.h>

#include "support/price_list.h"

namespace faregate::rating {
namespace {

using support::number;
using Fault = Decimal::Fault;

Fault fault_of(std::string_view text) {
    const auto result = Number::parse(text);
    return result ? Fault::none : result.error();
}

TEST(Number, IsPrintedWithTheFewestDigits) {
    const std::pair<const char*, const char*> cases[] = {
        {"0", "0"},
        {"-0", "0"},
        {"1.50", "1.5"},
        {"1000000", "1000000"},
        {"1e6", "1000000"},
        {"15e-2", "0.15"},
        {"0.000000000000000001", "0.000000000000000001"},
        {"100.00", "100"},
    };
    for (const auto& [text, printed] : cases) EXPECT_EQ(number(text).to_string(), printed) << text;
}

TEST(Number, EqualNumbersAreEqualHoweverTheyAreWritten) {
    EXPECT_EQ(number("1.50"), number("15e-1"));
    EXPECT_EQ(number("2000"), number("2e3"));
    EXPECT_EQ(number("2000"), Number::whole(2000));
    EXPECT_NE(number("1.5"), number("15"));
}

TEST(Number, Has18DigitsBeforeThePointAnd18AfterIt) {
    EXPECT_EQ(fault_of("999999999999999999.999999999999999999"), Fault::none);
    EXPECT_EQ(fault_of("1000000000000000000"), Fault::too_large);
    EXPECT_EQ(fault_of("1e18"), Fault::too_large);
    EXPECT_EQ(fault_of("1e17"), Fault::none);
    EXPECT_EQ(fault_of("12345678901234567890e-2"), Fault::none);
    EXPECT_EQ(fault_of("1e-18"), Fault::none);
    EXPECT_EQ(fault_of("1e-19"), Fault::too_many_decimals);
    EXPECT_EQ(fault_of("0.0000000000000000010"), Fault::none);
}

TEST(Number, RefusesWhatIsNoQuantity) {
    EXPECT_EQ(fault_of("-1"), Fault::negative);
    EXPECT_EQ(fault_of("1,5"), Fault::not_a_number);
    EXPECT_EQ(fault_of("NaN"), Fault::not_a_number);
    EXPECT_EQ(fault_of(""), Fault::not_a_number);
}

TEST(Number, AmountsBecomeNumbersOfTheAsset) {
    EXPECT_EQ(Number::from(Amount::from_units(1'500'000'000), 9), number("1.5"));
    EXPECT_EQ(Number::from(Amount::from_units(-1), 9), std::nullopt);
    EXPECT_EQ(Number::from(Amount::request_max(), 0), std::nullopt);
    EXPECT_EQ(Number::from(Amount::request_max(), 18), number("1000000000000"));
}

TEST(Number, SumsAndDifferencesAreExactOrNothing) {
    EXPECT_EQ(number("0.1").plus(number("0.2")), number("0.3"));
    EXPECT_EQ(number("0.95").plus(number("0.05")), number("1"));
    EXPECT_EQ(number("999999999999999999").plus(number("1")), std::nullopt);
    EXPECT_EQ(number("999999999999999999").plus(number("0.5")), number("999999999999999999.5"));
    EXPECT_EQ(number("1").minus(number("0.000000000000000001")), number("0.999999999999999999"));
    EXPECT_EQ(number("1").minus(number("1")), Number{});
    EXPECT_EQ(number("1").minus(number("1.1")), std::nullopt);
}

TEST(Number, AStartedPackageCounts) {
    EXPECT_EQ(number("0").packages_of(number("10")), number("0"));
    EXPECT_EQ(number("10").packages_of(number("10")), number("1"));
    EXPECT_EQ(number("10.000001").packages_of(number("10")), number("2"));
    EXPECT_EQ(number("1").packages_of(number("0.3")), number("4"));
    EXPECT_EQ(number("1").packages_of(number("0.000000000000000001")), std::nullopt);
}

TEST(Number, IsOrderedByValue) {
    EXPECT_LT(number("0.9"), number("1"));
    EXPECT_GT(number("10"), number("9.999999999999999999"));
    EXPECT_LE(number("1.0"), number("1"));
}

}  // namespace
}  // namespace faregate::rating
