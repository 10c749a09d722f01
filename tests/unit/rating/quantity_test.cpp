#include <gtest/gtest.h>

#include "support/price_list.h"

namespace faregate::support {
namespace {

/// Input that is not cached, cached input, audio, of which some may be cached, too.
VersionDefinition with_cache() {
    auto input = component("input", "input_tokens", {per_million("2.5")});
    input.quantity.minus = {"cached_input_tokens", "input_audio_tokens"};
    input.quantity.plus = {"cached_audio_tokens"};
    auto cached = component("cached_input", "cached_input_tokens", {per_million("1.25")});
    cached.quantity.required = false;
    return definition({input, cached, component("output", "output_tokens", {per_million("10")})});
}

TEST(Quantity, CachedInputIsPricedApart) {
    const auto version = compile(with_cache());
    const Outcome outcome = price(
        *version,
        {{"input_tokens", "1200"}, {"cached_input_tokens", "1000"}, {"output_tokens", "80"}}
    );
    ASSERT_EQ(outcome.rating.charges.size(), 3U);
    EXPECT_EQ(outcome.rating.charges[0].quantity, number("200"));
    EXPECT_EQ(outcome.rating.charges[0].amount.to_string(9), "0.0005");
    EXPECT_EQ(outcome.rating.charges[1].amount.to_string(9), "0.00125");
    EXPECT_EQ(outcome.rating.charges[2].amount.to_string(9), "0.0008");
    EXPECT_EQ(outcome.text(), "0.00255");
}

TEST(Quantity, WhatIsSubtractedTwiceIsAddedBack) {
    const auto version = compile(with_cache());
    const Outcome outcome = price(
        *version, {{"input_tokens", "100"},
                   {"cached_input_tokens", "60"},
                   {"input_audio_tokens", "70"},
                   {"cached_audio_tokens", "40"},
                   {"output_tokens", "0"}}
    );
    EXPECT_EQ(outcome.rating.charges[0].quantity, number("10"));
}

TEST(Quantity, AbsentTermsAreZeroAndAnAbsentRequiredPropertyIsRefused) {
    const auto version = compile(with_cache());
    EXPECT_EQ(
        price(*version, {{"input_tokens", "1200"}, {"output_tokens", "80"}}).text(), "0.0038"
    );
    const Outcome outcome = price(*version, {{"input_tokens", "1200"}});
    EXPECT_EQ(outcome.text(), "property_missing");
    EXPECT_EQ(outcome.result.error().subject, "output_tokens");
    EXPECT_TRUE(outcome.rating.charges.empty());
}

TEST(Quantity, BelowZeroIsRefused) {
    const Outcome outcome = price(
        *compile(with_cache()),
        {{"input_tokens", "10"}, {"cached_input_tokens", "11"}, {"output_tokens", "1"}}
    );
    EXPECT_EQ(outcome.text(), "negative_quantity");
    EXPECT_EQ(
        outcome.message(),
        "the quantity of component `input` is below zero: property "
        "`cached_input_tokens` is 11, and only 10 is left to take it from"
    );
}

TEST(Quantity, TooManyUnitsAreRefused) {
    auto source = single(PerUnit{number("0"), 1});
    source.components[0].quantity.plus = {"r"};
    const auto version = compile(source);
    EXPECT_EQ(price(*version, {{"q", "999999999999999998"}, {"r", "1"}}).text(), "0");
    EXPECT_EQ(price(*version, {{"q", "999999999999999999"}, {"r", "1"}}).text(), "too_large");
}

TEST(Quantity, WhatIsNoQuantityIsRefusedByName) {
    const auto version = compile(single(PerUnit{number("1"), 1}));
    for (const char* text : {"-1", "", "many", "1e18", "1e-19", "0x10", " 1"}) {
        const Outcome outcome = price(*version, {{"q", text}});
        EXPECT_EQ(outcome.text(), "property_invalid") << text;
        EXPECT_EQ(outcome.result.error().subject, "q");
    }
}

TEST(Quantity, APropertyThatNoPriceNeedsMayBeAnything) {
    const auto version = compile(single(PerUnit{number("1"), 1}));
    EXPECT_EQ(price(*version, {{"q", "2"}, {"user", "-1"}, {"user", "x"}}).text(), "2");
}

TEST(Quantity, APropertyThatStandsThereTwiceIsRefused) {
    const auto version = compile(single(PerUnit{number("1"), 1}));
    const Outcome outcome = price(*version, {{"q", "2"}, {"q", "2"}});
    EXPECT_EQ(outcome.text(), "duplicate_property");
    EXPECT_EQ(outcome.result.error().subject, "q");
}

TEST(Quantity, AResultIsReusedFromScratch) {
    const auto version = compile(with_cache());
    const Terms terms{version.get(), nullptr, nullptr, nullptr};
    const Properties first{{"input_tokens", "1200"}, {"output_tokens", "80"}};
    const Properties second{{"input_tokens", "0"}, {"output_tokens", "1"}};
    Rating rating;
    ASSERT_TRUE(rate(terms, {noon, first, {}}, NothingAccumulated{}, rating));
    ASSERT_TRUE(rate(terms, {noon, second, {}}, NothingAccumulated{}, rating));
    EXPECT_EQ(rating.charges.size(), 1U);
    EXPECT_EQ(rating.total.to_string(9), "0.00001");
}

TEST(Quantity, TermsThatContradictThemselvesAreRefused) {
    auto source = with_cache();
    source.components[0].quantity.minus.push_back("input_tokens");
    EXPECT_EQ(
        refusal_of(source),
        "component `input`, property `input_tokens` stands in the quantity twice"
    );
    source = with_cache();
    source.components[0].quantity.property.clear();
    EXPECT_NE(refusal_of(source), "");
}

}  // namespace
}  // namespace faregate::support
