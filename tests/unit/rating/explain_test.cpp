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

}  // namespace
}  // namespace faregate::support
