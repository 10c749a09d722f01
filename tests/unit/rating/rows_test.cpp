#include <gtest/gtest.h>

#include "support/price_list.h"

namespace faregate::support {
namespace {

/// A flat price, so that a total says which row was taken.
PriceRow flat(const char* amount, std::vector<DimensionValue> match = {}) {
    return row(Flat{number(amount)}, std::move(match));
}

VersionDefinition by_provider_model_region(std::vector<PriceRow> rows) {
    auto result = definition({component("requests", "", std::move(rows))});
    result.dimensions = {"provider", "model", "region"};
    return result;
}

PriceRow from(PriceRow row, const char* at) {
    row.from = time(at);
    return row;
}

PriceRow until(PriceRow row, const char* at) {
    row.until = time(at);
    return row;
}

PriceRow daily(PriceRow row, int start_hour, int end_hour) {
    row.daily =
        DailyWindow{Duration::seconds(start_hour * 3600), Duration::seconds(end_hour * 3600)};
    return row;
}

std::string refusal(std::vector<PriceRow> rows) {
    return refusal_of(by_provider_model_region(std::move(rows)));
}

TEST(Rows, TheMostSpecificOneWins) {
    const auto version = compile(by_provider_model_region({
        flat("1"),
        flat("2", {{"provider", "openai"}}),
        flat("3", {{"provider", "openai"}, {"model", "gpt-4o"}}),
        flat("4", {{"provider", "openai"}, {"model", "gpt-4o"}, {"region", "eu"}}),
        flat("5", {{"model", "gpt-4o"}}),
    }));
    const auto taken = [&version](const char* provider, const char* model, const char* region) {
        return price(
                   *version, {{"provider", provider}, {"model", model}, {"region", region}}
        ).text();
    };
    EXPECT_EQ(taken("openai", "gpt-4o", "eu"), "4");
    EXPECT_EQ(taken("openai", "gpt-4o", "us"), "3");
    EXPECT_EQ(taken("openai", "o3", "eu"), "2");
    EXPECT_EQ(taken("azure", "gpt-4o", "eu"), "5");
    EXPECT_EQ(taken("azure", "o3", "eu"), "1");
}

TEST(Rows, BetweenAsManyNamesTheLeftmostDimensionDecides) {
    const auto version = compile(by_provider_model_region({
        flat("1", {{"model", "gpt-4o"}, {"region", "eu"}}),
        flat("2", {{"provider", "openai"}, {"region", "eu"}}),
        flat("3", {{"provider", "openai"}, {"model", "gpt-4o"}}),
    }));
    EXPECT_EQ(
        price(*version, {{"provider", "openai"}, {"model", "gpt-4o"}, {"region", "eu"}}).text(), "3"
    );
    EXPECT_EQ(
        price(*version, {{"provider", "openai"}, {"model", "o3"}, {"region", "eu"}}).text(), "2"
    );
    EXPECT_EQ(
        price(*version, {{"provider", "x"}, {"model", "gpt-4o"}, {"region", "eu"}}).text(), "1"
    );
}

TEST(Rows, AnAbsentDimensionMatchesOnlyTheStar) {
    const auto version = compile(by_provider_model_region(
        {flat("1", {{"model", "gpt-4o"}, {"region", "*"}}), flat("2", {{"region", "eu"}})}
    ));
    EXPECT_EQ(price(*version, {{"model", "gpt-4o"}}).text(), "1");
    EXPECT_EQ(price(*version, {{"model", ""}}).text(), "price_not_found");
    EXPECT_EQ(price(*version, {}).text(), "price_not_found");
}

TEST(Rows, ARowThatIsNotInEffectLeavesTheEventToALessSpecificOne) {
    const auto version = compile(by_provider_model_region(
        {flat("1"), until(flat("2", {{"model", "gpt-4o"}}), "2026-03-01T00:00:00Z")}
    ));
    const Properties event{{"model", "gpt-4o"}};
    EXPECT_EQ(price(*version, event, time("2026-02-28T23:59:59.999999Z")).text(), "2");
    EXPECT_EQ(price(*version, event, time("2026-03-01T00:00:00Z")).text(), "1");
}

TEST(Rows, TheLatestFromWins) {
    const auto version = compile(by_provider_model_region(
        {from(flat("3"), "2026-09-01T00:00:00Z"), flat("1"),
         from(flat("2"), "2026-03-13T00:00:00Z")}
    ));
    EXPECT_EQ(price(*version, {}, time("2026-03-12T23:59:59.999999Z")).text(), "1");
    EXPECT_EQ(price(*version, {}, time("2026-03-13T00:00:00Z")).text(), "2");
    EXPECT_EQ(price(*version, {}, time("2026-09-01T00:00:00Z")).text(), "3");
}

TEST(Rows, ADailyWindowHoldsFromItsStartToBeforeItsEnd) {
    const auto version = compile(by_provider_model_region({flat("1"), daily(flat("2"), 9, 17)}));
    EXPECT_EQ(price(*version, {}, time("2026-03-15T08:59:59.999999Z")).text(), "1");
    EXPECT_EQ(price(*version, {}, time("2026-03-15T09:00:00Z")).text(), "2");
    EXPECT_EQ(price(*version, {}, time("2026-03-15T16:59:59.999999Z")).text(), "2");
    EXPECT_EQ(price(*version, {}, time("2026-03-15T17:00:00Z")).text(), "1");
}

TEST(Rows, ADailyWindowMayGoPastMidnight) {
    const auto version = compile(by_provider_model_region({flat("1"), daily(flat("2"), 22, 6)}));
    EXPECT_EQ(price(*version, {}, time("2026-03-15T21:59:59Z")).text(), "1");
    EXPECT_EQ(price(*version, {}, time("2026-03-15T22:00:00Z")).text(), "2");
    EXPECT_EQ(price(*version, {}, time("2026-03-16T00:00:00Z")).text(), "2");
    EXPECT_EQ(price(*version, {}, time("2026-03-16T05:59:59Z")).text(), "2");
    EXPECT_EQ(price(*version, {}, time("2026-03-16T06:00:00Z")).text(), "1");
}

TEST(Rows, ADailyWindowComesBeforeALaterFrom) {
    const auto version = compile(
        by_provider_model_region({daily(flat("1"), 9, 17), from(flat("2"), "2026-03-01T00:00:00Z")})
    );
    EXPECT_EQ(price(*version, {}, time("2026-03-15T12:00:00Z")).text(), "1");
    EXPECT_EQ(price(*version, {}, time("2026-03-15T18:00:00Z")).text(), "2");
}

TEST(Rows, TwoThatCouldTieAreRefused) {
    EXPECT_EQ(
        refusal({flat("1"), flat("9", {{"model", "x"}}), flat("2")}),
        "component `requests`, row 2: same match and `from` as row 0, so neither comes first"
    );
    EXPECT_NE(refusal({daily(flat("1"), 9, 17), daily(flat("2"), 16, 18)}), "");
    EXPECT_NE(refusal({daily(flat("1"), 22, 6), daily(flat("2"), 5, 7)}), "");
    EXPECT_NE(refusal({daily(flat("1"), 22, 6), daily(flat("2"), 0, 1)}), "");
    EXPECT_NE(refusal({until(flat("1"), "2026-01-01T00:00:00Z"), flat("2")}), "");
}

TEST(Rows, ThoseThatCannotTieAreAccepted) {
    EXPECT_EQ(refusal({daily(flat("1"), 9, 17), daily(flat("2"), 17, 9), flat("3")}), "");
    EXPECT_EQ(refusal({flat("1"), from(flat("2"), "2026-01-01T00:00:00Z")}), "");
    EXPECT_EQ(refusal({flat("1", {{"model", "x"}}), flat("2", {{"region", "x"}})}), "");
}

TEST(Rows, AMissingPriceNamesTheComponentAndTheDimensions) {
    const auto version = compile(by_provider_model_region({flat("1", {{"model", "gpt-4o"}})}));
    const Outcome outcome = price(*version, {{"provider", "openai"}, {"model", "gpt-9"}});
    EXPECT_EQ(outcome.text(), "price_not_found");
    EXPECT_EQ(outcome.result.error().subject, "requests");
    EXPECT_EQ(
        outcome.message(),
        "no price of component `requests` of product `llm`, version 1, applies "
        "to provider `openai`, model `gpt-9`, no region"
    );
}

TEST(Rows, AnOptionalComponentCostsNothingWithoutARow) {
    auto source = by_provider_model_region({flat("1", {{"model", "gpt-4o"}})});
    source.components[0].optional = true;
    source.components[0].period = Period::day;
    const Outcome outcome = price(*compile(source), {{"model", "gpt-9"}});
    EXPECT_EQ(outcome.text(), "0");
    EXPECT_EQ(outcome.rating.accumulations.size(), 1U);
}

TEST(Rows, AChargeNamesItsRow) {
    const auto version =
        compile(by_provider_model_region({flat("1"), flat("2", {{"model", "gpt-4o"}})}));
    EXPECT_EQ(price(*version, {{"model", "gpt-4o"}}).rating.charges[0].row, 1U);
    EXPECT_EQ(price(*version, {}).rating.charges[0].row, 0U);
}

TEST(Rows, WhatContradictsItselfIsRefusedWithItsPlace) {
    const auto one = [](PriceRow row) { return refusal({std::move(row)}); };
    EXPECT_EQ(
        one(flat("1", {{"colour", "red"}})),
        "component `requests`, row 0: `colour` is no dimension of the product"
    );
    EXPECT_NE(one(flat("1", {{"model", "a"}, {"model", "b"}})), "");
    EXPECT_NE(one(flat("1", {{"model", ""}})), "");
    EXPECT_NE(one(until(from(flat("1"), "2026-01-01T00:00:00Z"), "2026-01-01T00:00:00Z")), "");
    EXPECT_NE(one(daily(flat("1"), 9, 9)), "");
    EXPECT_NE(one(daily(flat("1"), 9, 24)), "");
    EXPECT_NE(one(row(PerUnit{number("1"), 0})), "");
    EXPECT_NE(one(row(Package{number("1"), Number{}})), "");
    EXPECT_NE(one(row(Percentage{number("1"), {}, number("2"), number("1")})), "");
    EXPECT_NE(one(row(Graduated{TierBasis::accumulated, 1, tiers({{"", "1"}})})), "");
    EXPECT_NE(one(row(Graduated{TierBasis::property, 1, tiers({{"", "1"}})})), "");
    EXPECT_NE(one(row(Volume{TierBasis::property, "", 1, tiers({{"", "1"}})})), "");
    EXPECT_NE(one(row(Volume{TierBasis::event, "x", 1, tiers({{"", "1"}})})), "");
}

TEST(Rows, TiersRiseAndOnlyTheLastIsOpen) {
    const auto with = [](const std::vector<TierText>& texts) {
        return refusal({row(Graduated{TierBasis::event, 1, tiers(texts)})});
    };
    EXPECT_EQ(with({{"10", "1"}, {"20", "1"}, {"", "1"}}), "");
    EXPECT_EQ(
        with({{"10", "1"}}), "component `requests`, row 0: tier 0: the last tier has no `up_to`"
    );
    EXPECT_NE(with({{"", "1"}, {"", "1"}}), "");
    EXPECT_NE(with({{"10", "1"}, {"10", "1"}, {"", "1"}}), "");
    EXPECT_NE(with({{"0", "1"}, {"", "1"}}), "");
}

}  // namespace
}  // namespace faregate::support
