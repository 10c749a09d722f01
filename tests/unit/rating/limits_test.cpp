#include <gtest/gtest.h>

#include "support/price_list.h"

namespace faregate::support {
namespace {

std::string numbered(const char* name, std::size_t i) { return name + std::to_string(i); }

TEST(Limits, DimensionsOfAVersion) {
    const auto with = [](std::size_t count) {
        auto source = single(Flat{number("1")});
        for (std::size_t i = 0; i < count; ++i) source.dimensions.push_back(numbered("d", i));
        return refusal_of(source);
    };
    EXPECT_EQ(with(dimensions_max), "");
    EXPECT_EQ(with(dimensions_max + 1), "a version has at most 8 dimensions");
}

TEST(Limits, AllDimensionsDistinguishRows) {
    std::vector<DimensionValue> match;
    auto source = single(Flat{number("1")});
    for (std::size_t i = 0; i < dimensions_max; ++i) {
        source.dimensions.push_back(numbered("d", i));
        match.push_back({numbered("d", i), "x"});
    }
    source.components[0].rows.push_back(row(Flat{number("2")}, match));
    const auto version = compile(source);
    Properties event{{"q", "1"}};
    for (const std::string& name : source.dimensions) event.push_back({name, "x"});
    EXPECT_EQ(price(*version, event).text(), "2");
    event.back().value = "y";
    EXPECT_EQ(price(*version, event).text(), "1");
}

TEST(Limits, ComponentsOfAVersion) {
    const auto with = [](std::size_t count) {
        std::vector<Component> components;
        for (std::size_t i = 0; i < count; ++i) {
            components.push_back(component(numbered("c", i), "q", {row(Flat{number("1")})}));
        }
        return refusal_of(definition(components));
    };
    EXPECT_EQ(with(components_max), "");
    EXPECT_EQ(with(components_max + 1), "a version has 1 to 32 components");
    EXPECT_NE(with(0), "");
}

TEST(Limits, RowsOfAVersionOverAllComponents) {
    const auto with = [](std::size_t count) {
        auto source = definition({component("a", "q", {}), component("b", "q", {})}, 9);
        source.dimensions = {"model"};
        for (std::size_t i = 0; i < count; ++i) {
            source.components[i % 2].rows.push_back(
                row(Flat{number("1")}, {{"model", numbered("m", i)}})
            );
        }
        return refusal_of(std::move(source));
    };
    EXPECT_EQ(with(rows_max), "");
    EXPECT_EQ(with(rows_max + 1), "a version has at most 100000 rows and this one 100001");
}

TEST(Limits, RowsWithTheSameMatch) {
    const auto with = [](std::size_t count) {
        auto source = single(Flat{number("1")});
        source.components[0].rows.clear();
        for (std::size_t i = 0; i < count; ++i) {
            source.components[0].rows.push_back(row(Flat{number("1")}));
            source.components[0].rows.back().from = {static_cast<std::int64_t>(i)};
        }
        return refusal_of(std::move(source));
    };
    EXPECT_EQ(with(rows_per_match_max), "");
    EXPECT_NE(with(rows_per_match_max + 1).find("more than 1000 rows"), std::string::npos);
}

TEST(Limits, TiersOfARow) {
    const auto with = [](std::size_t count) {
        std::vector<TierText> texts;
        for (std::size_t i = 1; i < count; ++i) texts.push_back({std::to_string(i), "1"});
        texts.push_back({"", "1"});
        return refusal_of(single(Graduated{TierBasis::event, 1, tiers(texts)}));
    };
    EXPECT_EQ(with(tiers_max), "");
    EXPECT_EQ(with(tiers_max + 1), "component `units`, row 0: there must be 1 to 100 tiers");
}

TEST(Limits, AHundredTiersOfAllDigitsAreExact) {
    Graduated model{TierBasis::event, per_max, {}};
    for (std::size_t i = 1; i <= tiers_max; ++i) {
        Tier tier{{}, number("999999999999999999.999999999999999999"), number("1e-18")};
        if (i < tiers_max) tier.up_to = Number::whole(i);
        model.tiers.push_back(tier);
    }
    EXPECT_EQ(cost(model, "100", "0", 18), "100.0000000000000002");
}

TEST(Limits, PropertiesOfAnEvent) {
    const auto version = compile(single(PerUnit{number("1"), 1}));
    std::vector<std::string> names;
    for (std::size_t i = 0; i < properties_max; ++i) names.push_back(numbered("p", i));
    Properties event{{"q", "1"}};
    for (std::size_t i = 1; i < properties_max; ++i) event.push_back({names[i], "x"});
    EXPECT_EQ(price(*version, event).text(), "1");
    event.push_back({"one_more", "x"});
    EXPECT_EQ(price(*version, event).text(), "too_many_properties");
}

TEST(Limits, PropertiesNamedByAVersion) {
    const auto with = [](std::size_t count) {
        auto source = single(PerUnit{number("1"), 1});
        for (std::size_t i = 1; i < count; ++i) {
            source.components[0].quantity.plus.push_back(numbered("p", i));
        }
        return refusal_of(source);
    };
    EXPECT_EQ(with(properties_max), "");
    EXPECT_NE(with(properties_max + 1).find("at most 64 properties"), std::string::npos);
}

TEST(Limits, TheLastOfTheMostPropertiesCounts) {
    auto source = single(PerUnit{number("1"), 1});
    std::vector<std::string> names;
    for (std::size_t i = 1; i < properties_max; ++i) names.push_back(numbered("p", i));
    source.components[0].quantity.plus = names;
    const auto version = compile(source);
    EXPECT_EQ(price(*version, {{"q", "1"}, {names.back(), "5"}}).text(), "6");
}

TEST(Limits, Names) {
    const auto with = [](const std::string& name) {
        return refusal_of(definition({component(name, "q", {row(Flat{number("1")})})}));
    };
    EXPECT_EQ(with(std::string(name_length_max, 'a')), "");
    EXPECT_NE(with(std::string(name_length_max + 1, 'a')), "");
    EXPECT_NE(with(""), "");
    EXPECT_NE(with("two words"), "");
}

TEST(Limits, ValuesOfADimension) {
    const auto with = [](std::size_t length) {
        auto source = single(Flat{number("1")});
        source.dimensions = {"model"};
        source.components[0].rows[0].match = {{"model", std::string(length, 'x')}};
        return refusal_of(source);
    };
    EXPECT_EQ(with(value_length_max), "");
    EXPECT_NE(with(value_length_max + 1), "");
}

TEST(Limits, PerAndScale) {
    EXPECT_EQ(refusal_of(single(PerUnit{number("1"), per_max})), "");
    EXPECT_NE(refusal_of(single(PerUnit{number("1"), per_max + 1})), "");
    EXPECT_EQ(refusal_of(single(Flat{number("1")}, scale_max)), "");
    EXPECT_NE(refusal_of(single(Flat{number("1")}, scale_max + 1)), "");
}

TEST(Limits, NamesStandThereOnce) {
    auto source = single(Flat{number("1")});
    source.dimensions = {"model", "model"};
    EXPECT_EQ(refusal_of(source), "dimension `model` stands there twice");
    source = single(Flat{number("1")});
    source.components.push_back(source.components[0]);
    EXPECT_EQ(refusal_of(source), "component `units` stands there twice");
}

}  // namespace
}  // namespace faregate::support
