#include <gtest/gtest.h>

#include "support/price_list.h"

namespace faregate::support {
namespace {

std::string explained(const PriceVersion& version, const Outcome& outcome) {
    return explain(
        Terms{&version, nullptr, nullptr, nullptr}, outcome.rating, outcome.rating.charges.at(0)
    );
}

TEST(Explain, ShowsHowAPriceCameAbout) {
    const auto version = compile(single(PerUnit{number("2.5"), 1'000'000}));
    EXPECT_EQ(
        explained(*version, price(*version, {{"q", "1200"}})),
        "units: 1200 units, row 0 (per_unit)\n"
        "  1200 * 2.5 / 1000000\n"
        "  = 0.003 exactly\n"
        "  = 0.003 USD\n"
    );
}

TEST(Explain, ShowsTiersAndRounding) {
    const auto version = compile(
        single(Graduated{TierBasis::accumulated, 3, tiers({{"10", "1"}, {"", "2", "5"}})}, 2)
    );
    const FixedPosition eight(number("8"), Number{});
    EXPECT_EQ(
        explained(*version, price(*version, {{"q", "3"}}, noon, eight)),
        "units: 3 units, row 0 (graduated), after 8\n"
        "  tier 0: 2 * 1 / 3\n"
        "  tier 1: 1 * 2 / 3 + 5\n"
        "  = 19/3 exactly\n"
        "  = 6.33 USD, rounded down\n"
    );
}

TEST(Explain, ShowsBoundsAndRates) {
    const auto version = compile(single(Percentage{number("0.1"), Number{}, number("0.5"), {}}));
    OverrideDefinition tenth_off;
    tenth_off.effect = Multiply{number("0.9")};
    const Terms terms{version.get(), nullptr, nullptr, &tenth_off};
    const Outcome outcome = price(terms, {{"q", "1"}});
    EXPECT_EQ(
        explain(terms, outcome.rating, outcome.rating.charges.at(0)),
        "units: 1 units, row 0 (percentage)\n"
        "  1 * 0.5\n"
        "  the minimum of the price\n"
        "  all * 0.9\n"
        "  = 0.45 exactly\n"
        "  = 0.45 USD\n"
    );
}

TEST(Explain, NamesTheOverrideThatARowIsFrom) {
    PriceBookBuilder builder;
    ASSERT_TRUE(builder.add(compile(single(PerUnit{number("2"), 1}))).has_value());
    OverrideDefinition agreed;
    agreed.id = "acme-2026";
    agreed.wallet = WalletId::trusted("acme");
    agreed.product = "llm";
    agreed.effect = Replace{{{"units", {row(Flat{number("7")})}}}};
    ASSERT_TRUE(builder.add(agreed).has_value());
    const auto book = builder.build();
    const Terms terms = book->terms(*book->find("llm", noon), "acme", noon);
    const Outcome outcome = price(terms, {{"q", "3"}});
    EXPECT_EQ(
        explain(terms, outcome.rating, outcome.rating.charges.at(0)),
        "units: 3 units, row 0 (flat) of override acme-2026\n"
        "  1 * 7\n"
        "  = 7 exactly\n"
        "  = 7 USD\n"
    );
}

TEST(Names, AreSpelledAsInTheApi) {
    EXPECT_STREQ(to_string(Rounding::exact), "exact");
    EXPECT_STREQ(to_string(Rounding::up), "up");
    EXPECT_STREQ(to_string(Rounding::down), "down");
    EXPECT_STREQ(to_string(Bound::none), "none");
    EXPECT_STREQ(to_string(Bound::minimum), "minimum");
    EXPECT_STREQ(to_string(Bound::maximum), "maximum");
    EXPECT_STREQ(name_of(Volume{}), "volume");
    EXPECT_STREQ(name_of(Graduated{}), "graduated");
    EXPECT_STREQ(name_of(Package{}), "package");
}

}  // namespace
}  // namespace faregate::support
