#include <gtest/gtest.h>

#include "support/price_list.h"

namespace faregate::support {
namespace {

std::string held(
    const PriceModel& model, const char* q, const char* accumulated, const char* pending
) {
    return hold(*compile(single(model)), {{"q", q}}, accumulated, pending).text();
}

TEST(RateHold, WithNothingPendingGraduatedTiersCostWhatTheyDoNow) {
    const Graduated model{TierBasis::accumulated, 1, tiers({{"10", "5"}, {"", "3"}})};
    EXPECT_EQ(held(model, "4", "8", "0"), "16");
    EXPECT_EQ(held(model, "4", "0", "0"), "20");
}

TEST(RateHold, FallingTiersAreDearestIfNothingElseIsCaptured) {
    const Graduated model{TierBasis::accumulated, 1, tiers({{"10", "5"}, {"", "3"}})};
    EXPECT_EQ(held(model, "4", "4", "100"), "20");
}

TEST(RateHold, RisingTiersAreDearestIfAllElseIsCaptured) {
    const Graduated model{TierBasis::accumulated, 1, tiers({{"10", "3"}, {"", "5"}})};
    EXPECT_EQ(held(model, "4", "0", "5"), "12");
    EXPECT_EQ(held(model, "4", "0", "8"), "16");
    EXPECT_EQ(held(model, "4", "0", "10"), "20");
}

TEST(RateHold, ADearTierInTheMiddleIsFound) {
    const Graduated model{
        TierBasis::accumulated, 1, tiers({{"10", "1"}, {"12", "100"}, {"", "1"}})};
    EXPECT_EQ(held(model, "3", "0", "100"), "201");
    EXPECT_EQ(held(model, "1", "0", "100"), "100");
    EXPECT_EQ(held(model, "3", "0", "8"), "102");
}

TEST(RateHold, AFlatPartThatSomeCaptureEntersIsHeldFor) {
    const Graduated model{
        TierBasis::accumulated, 1, tiers({{"10", "1"}, {"20", "1", "50"}, {"", "1", "7"}})};
    EXPECT_EQ(held(model, "2", "0", "8"), "2");
    EXPECT_EQ(held(model, "2", "0", "8.000000000000000001"), "52");
    EXPECT_EQ(held(model, "2", "11", "8"), "9");
    EXPECT_EQ(held(model, "15", "0", "100"), "72");
}

TEST(RateHold, AnEventThatBeginsAtAnEdgeIsFound) {
    const Graduated model{
        TierBasis::accumulated, 1, tiers({{"10", "1"}, {"12", "100"}, {"20", "50"}, {"", "1"}})};
    EXPECT_EQ(held(model, "5", "0", "100"), "350");
    EXPECT_EQ(held(model, "5", "0", "9"), "301");
}

TEST(RateHold, AnEventThatEndsAtAnEdgeIsFound) {
    const Graduated model{
        TierBasis::accumulated, 1, tiers({{"10", "1"}, {"18", "50"}, {"20", "100"}, {"", "1"}})};
    EXPECT_EQ(held(model, "5", "0", "100"), "350");
}

TEST(RateHold, AFlatPartCountsFromJustAfterTheEdge) {
    const Graduated model{TierBasis::accumulated, 1, tiers({{"10", "5"}, {"", "1", "50"}})};
    EXPECT_EQ(held(model, "2", "0", "8"), "10");
    EXPECT_EQ(held(model, "2", "0", "8.5"), "60");
}

TEST(RateHold, ATierThatEndsWhereTheWalletStandsIsNotReached) {
    const Volume model{TierBasis::accumulated, "", 1, tiers({{"10", "1", "100"}, {"", "1", "7"}})};
    EXPECT_EQ(held(model, "4", "10", "0"), "11");
    EXPECT_EQ(held(model, "4", "9.5", "0"), "100.5");
}

TEST(RateHold, VolumeHoldsForASmallerQuantityInADearerTier) {
    const Volume model{TierBasis::event, "", 1, tiers({{"10", "5"}, {"", "3"}})};
    EXPECT_EQ(held(model, "11", "0", "0"), "50");
    EXPECT_EQ(held(model, "16", "0", "0"), "50");
    EXPECT_EQ(held(model, "17", "0", "0"), "51");
}

TEST(RateHold, VolumeOnAccumulatedHoldsForTheTiersThatCanBeReached) {
    const Volume model{TierBasis::accumulated, "", 1, tiers({{"10", "5"}, {"20", "3"}, {"", "8"}})};
    EXPECT_EQ(held(model, "4", "8", "0"), "12");
    EXPECT_EQ(held(model, "4", "7", "0"), "15");
    EXPECT_EQ(held(model, "4", "10", "6"), "12");
    EXPECT_EQ(held(model, "4", "10", "7"), "32");
}

TEST(RateHold, AContextThatMayBeShorterIsHeldAtTheDearestTierBelow) {
    const Volume falling{TierBasis::property, "context", 1, tiers({{"100", "5"}, {"", "3"}})};
    const auto version = compile(definition({component("output", "output", {row(falling)})}));
    EXPECT_EQ(hold(*version, {{"context", "200"}, {"output", "10"}}).text(), "50");
    EXPECT_EQ(price(*version, {{"context", "200"}, {"output", "10"}}).text(), "30");
}

TEST(RateHold, AContextThatIsTheQuantityBoundsItInEachTier) {
    const Volume falling{TierBasis::property, "q", 1, tiers({{"100", "5"}, {"", "3"}})};
    EXPECT_EQ(held(falling, "200", "0", "0"), "600");
    EXPECT_EQ(held(falling, "150", "0", "0"), "500");
}

TEST(RateHold, AContextThatIsOnlyAPartOfTheQuantityDoesNotBoundIt) {
    const Volume falling{TierBasis::property, "q", 1, tiers({{"100", "5"}, {"", "3"}})};
    auto source = single(falling);
    source.components[0].quantity.plus = {"r"};
    EXPECT_EQ(hold(*compile(source), {{"q", "150"}, {"r", "100"}}).text(), "1250");
    source = single(Volume{TierBasis::property, "q", 1, tiers({{"0.5", "5"}, {"", "3"}})});
    source.components[0].quantity = {};
    EXPECT_EQ(hold(*compile(source), {{"q", "1"}}).text(), "5");
}

TEST(RateHold, WithoutTiersAHoldIsThePrice) {
    EXPECT_EQ(held(PerUnit{number("2"), 1}, "5", "3", "100"), "10");
    EXPECT_EQ(held(Package{number("2"), number("3")}, "5", "3", "100"), "4");
    EXPECT_EQ(held(Percentage{number("0.1"), number("1"), {}, {}}, "5", "3", "100"), "1.5");
    EXPECT_EQ(held(Flat{number("2")}, "5", "3", "100"), "2");
}

TEST(RateHold, WhatBecomesPendingIsTheWholeQuantity) {
    const Volume model{TierBasis::event, "", 1, tiers({{"10", "5"}, {"", "3"}})};
    const Outcome outcome = hold(*compile(single(model)), {{"q", "11"}});
    EXPECT_EQ(outcome.rating.accumulations[0].quantity, number("11"));
    EXPECT_EQ(outcome.rating.charges[0].quantity, number("11"));
    EXPECT_EQ(outcome.rating.parts[0].quantity, number("10"));
}

TEST(RateHold, ARangeThatCannotBeCountedIsRefused) {
    const Graduated model{TierBasis::accumulated, 1, tiers({{"", "1"}})};
    EXPECT_EQ(held(model, "1", "999999999999999997", "1"), "1");
    EXPECT_EQ(held(model, "1", "999999999999999997", "2"), "too_large");
}

}  // namespace
}  // namespace faregate::support
