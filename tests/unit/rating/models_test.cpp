#include <gtest/gtest.h>

#include "support/price_list.h"

namespace faregate::support {
namespace {

TEST(PerUnit, PricesPerMillionAreExactPerUnit) {
    const PerUnit model{number("2.5"), 1'000'000};
    EXPECT_EQ(cost(model, "1"), "0.0000025");
    EXPECT_EQ(cost(model, "1200"), "0.003");
    EXPECT_EQ(cost(model, "0.5"), "0.00000125");
}

TEST(PerUnit, IsRoundedAtTheAssetsScale) {
    const PerUnit model{number("2.5"), 1'000'000};
    EXPECT_EQ(cost(model, "1200", "0", 2), "0");
    EXPECT_EQ(cost(model, "2000", "0", 2), "0");
    EXPECT_EQ(cost(model, "2001", "0", 2), "0.01");
    EXPECT_EQ(cost(model, "6000", "0", 2), "0.02");
}

TEST(PerUnit, RoundsEachChargeAndNotTheTotal) {
    const auto half_a_cent = row(PerUnit{number("0.005"), 1});
    const auto version = compile(
        definition({component("a", "q", {half_a_cent}), component("b", "q", {half_a_cent})}, 2)
    );
    const Outcome outcome = price(*version, {{"q", "3"}});
    EXPECT_EQ(outcome.text(), "0.04");
    EXPECT_EQ(outcome.rating.charges.size(), 2U);
    EXPECT_EQ(outcome.rating.charges[0].rounding, Rounding::up);
}

TEST(Package, AStartedPackageIsPaidWhole) {
    const Package model{number("0.30"), number("1000")};
    EXPECT_EQ(cost(model, "1"), "0.3");
    EXPECT_EQ(cost(model, "1000"), "0.3");
    EXPECT_EQ(cost(model, "1000.5"), "0.6");
}

TEST(Graduated, EachUnitCostsThePriceOfItsTier) {
    const Graduated model{TierBasis::event, 1, tiers({{"10", "5"}, {"20", "4"}, {"", "3"}})};
    EXPECT_EQ(cost(model, "10"), "50");
    EXPECT_EQ(cost(model, "11"), "54");
    EXPECT_EQ(cost(model, "20"), "90");
    EXPECT_EQ(cost(model, "20.5"), "91.5");
    EXPECT_EQ(cost(model, "30"), "120");
}

TEST(Graduated, OnAccumulatedQuantitiesGoesOnWhereTheLastEventEnded) {
    const Graduated model{TierBasis::accumulated, 1, tiers({{"10", "5"}, {"20", "4"}, {"", "3"}})};
    EXPECT_EQ(cost(model, "5", "0"), "25");
    EXPECT_EQ(cost(model, "5", "5"), "25");
    EXPECT_EQ(cost(model, "5", "8"), "22");
    EXPECT_EQ(cost(model, "5", "10"), "20");
    EXPECT_EQ(cost(model, "15", "8"), "59");
    EXPECT_EQ(cost(model, "1", "1000000"), "3");
}

TEST(Graduated, WithoutTheBasisAccumulatedEarlierEventsDoNotCount) {
    const Graduated model{TierBasis::event, 1, tiers({{"10", "5"}, {"", "3"}})};
    EXPECT_EQ(cost(model, "5", "1000"), "25");
}

TEST(Graduated, AFlatPartIsPaidByTheEventThatEntersTheTier) {
    const Graduated model{
        TierBasis::accumulated, 1, tiers({{"10", "1", "100"}, {"", "2", "1000"}})};
    EXPECT_EQ(cost(model, "3", "0"), "103");
    EXPECT_EQ(cost(model, "3", "3"), "3");
    EXPECT_EQ(cost(model, "7", "3"), "7");
    EXPECT_EQ(cost(model, "8", "3"), "1009");
    EXPECT_EQ(cost(model, "1", "10"), "1002");
    EXPECT_EQ(cost(model, "1", "11"), "2");
    EXPECT_EQ(cost(model, "11", "0"), "1112");
}

TEST(Graduated, ShowsAPartForEachTier) {
    const Graduated model{TierBasis::accumulated, 1, tiers({{"10", "5"}, {"20", "4"}, {"", "3"}})};
    const FixedPosition eight(number("8"), Number{});
    const Outcome outcome = price(*compile(single(model)), {{"q", "15"}}, noon, eight);
    ASSERT_EQ(outcome.rating.parts.size(), 3U);
    EXPECT_EQ(outcome.rating.parts[0].quantity, number("2"));
    EXPECT_EQ(outcome.rating.parts[1].quantity, number("10"));
    EXPECT_EQ(outcome.rating.parts[2].quantity, number("3"));
    EXPECT_EQ(outcome.rating.parts[2].tier, 2U);
    EXPECT_EQ(outcome.rating.charges[0].accumulated, number("8"));
}

TEST(Volume, TheTierInWhichTheEventEndsPricesAllOfIt) {
    const Volume model{TierBasis::accumulated, "", 1, tiers({{"10", "5"}, {"", "3", "7"}})};
    EXPECT_EQ(cost(model, "5", "5"), "25");
    EXPECT_EQ(cost(model, "5", "5.5"), "22");
    EXPECT_EQ(cost(model, "5", "6"), "22");
}

TEST(Volume, OnTheEventLooksAtItAlone) {
    const Volume model{TierBasis::event, "", 1, tiers({{"10", "5"}, {"", "3"}})};
    EXPECT_EQ(cost(model, "10", "1000"), "50");
    EXPECT_EQ(cost(model, "11"), "33");
}

/// Claude with a long context: dearer from 200,001 input tokens on, and the output with it.
TEST(Volume, AContextLengthOfExactlyTheEdgeIsInTheLowerTier) {
    const Volume output{
        TierBasis::property, "input_tokens", 1'000'000, tiers({{"200000", "15"}, {"", "22.5"}})};
    const auto version = compile(definition({component("output", "output_tokens", {row(output)})}));
    const auto priced = [&version](const char* input) {
        return price(*version, {{"input_tokens", input}, {"output_tokens", "1000"}}).text();
    };
    EXPECT_EQ(priced("0"), "0.015");
    EXPECT_EQ(priced("199999"), "0.015");
    EXPECT_EQ(priced("200000"), "0.015");
    EXPECT_EQ(priced("200001"), "0.0225");
    EXPECT_EQ(price(*version, {{"output_tokens", "1000"}}).text(), "property_missing");
}

TEST(Percentage, TakesARateAndAFixedPart) {
    const Percentage model{number("0.029"), number("0.30"), {}, {}};
    EXPECT_EQ(cost(model, "100", "0", 2), "3.2");
    EXPECT_EQ(cost(model, "0.01", "0", 2), "0.3");
}

TEST(Percentage, StaysBetweenItsMinimumAndItsMaximum) {
    const Percentage model{number("0.1"), Number{}, number("0.5"), number("2")};
    EXPECT_EQ(cost(model, "4.9"), "0.5");
    EXPECT_EQ(cost(model, "5"), "0.5");
    EXPECT_EQ(cost(model, "5.1"), "0.51");
    EXPECT_EQ(cost(model, "20"), "2");
    EXPECT_EQ(cost(model, "20.1"), "2");
    const Outcome outcome = price(*compile(single(model)), {{"q", "1"}});
    EXPECT_EQ(outcome.rating.charges[0].bound, Bound::minimum);
}

TEST(Flat, CostsTheSameWhateverTheQuantity) {
    const Flat model{number("0.01")};
    EXPECT_EQ(cost(model, "1"), "0.01");
    EXPECT_EQ(cost(model, "1000000"), "0.01");
}

TEST(Models, AQuantityOfZeroCostsNothingAndGivesNoCharge) {
    const PriceModel models[] = {
        PerUnit{number("1"), 1},
        Package{number("1"), number("1")},
        Graduated{TierBasis::accumulated, 1, tiers({{"", "1", "5"}})},
        Volume{TierBasis::accumulated, "", 1, tiers({{"", "1", "5"}})},
        Percentage{number("1"), number("1"), number("1"), {}},
        Flat{number("1")},
    };
    for (const PriceModel& model : models) {
        const Outcome outcome = price(*compile(single(model)), {{"q", "0"}});
        EXPECT_EQ(outcome.text(), "0") << name_of(model);
        EXPECT_TRUE(outcome.rating.charges.empty()) << name_of(model);
    }
}

TEST(Models, AComponentWithoutAPropertyCountsEvents) {
    auto source = definition({component("requests", "", {row(PerUnit{number("12"), 1000})})});
    EXPECT_EQ(price(*compile(std::move(source)), {}).text(), "0.012");
}

TEST(Models, QuantitiesOfAPeriodAreReportedForItsCounter) {
    auto source = single(PerUnit{number("1"), 1});
    source.components[0].period = Period::day;
    const Outcome outcome = price(*compile(source), {{"q", "7"}});
    ASSERT_EQ(outcome.rating.accumulations.size(), 1U);
    EXPECT_EQ(outcome.rating.accumulations[0].quantity, number("7"));
    EXPECT_EQ(outcome.rating.accumulations[0].period_start, time("2026-03-15T00:00:00Z"));
    source.components[0].period = std::nullopt;
    EXPECT_TRUE(price(*compile(source), {{"q", "7"}}).rating.accumulations.empty());
}

TEST(Models, OverflowIsRefusedAndLeavesNothing) {
    EXPECT_EQ(cost(PerUnit{number("1e17"), 1}, "1e17"), "too_large");
    EXPECT_EQ(cost(Package{number("1"), number("1e-18")}, "1"), "too_large");
    const Volume volume{TierBasis::accumulated, "", 1, tiers({{"", "1"}})};
    EXPECT_EQ(cost(volume, "1", "999999999999999998", 0), "1");
    EXPECT_EQ(cost(volume, "1", "999999999999999999", 0), "too_large");
    const Outcome outcome = price(*compile(single(PerUnit{number("1e17"), 1})), {{"q", "1e17"}});
    EXPECT_TRUE(outcome.rating.charges.empty());
    EXPECT_TRUE(outcome.rating.parts.empty());
    EXPECT_TRUE(outcome.rating.accumulations.empty());
}

TEST(Models, ATotalAboveTheLargestRequestIsRefused) {
    const auto most = row(Flat{number("1000000000000")});
    EXPECT_EQ(
        price(*compile(definition({component("a", "", {most})}, 18)), {}).text(), "1000000000000"
    );
    const auto twice = definition({component("a", "", {most}), component("b", "", {most})}, 18);
    EXPECT_EQ(price(*compile(twice), {}).text(), "too_large");
}

}  // namespace
}  // namespace faregate::support
