#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rating/exact.h"
#include "support/price_list.h"

namespace faregate::support {
namespace {

using Big = boost::multiprecision::cpp_int;

/// From `low` to `high`, both included, whatever the size of the test.
int between(int low, int high) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(low, high + 1));
}

bool one_in(int count) { return between(1, count) == 1; }

/// A tier of small whole numbers; `up_to` is nothing in the last one.
struct SmallTier {
    std::optional<int> up_to;
    int price = 0;
    int flat = 0;
};

std::vector<SmallTier> small_tiers(bool with_flats) {
    std::vector<SmallTier> result(static_cast<std::size_t>(between(1, 5)));
    int edge = 0;
    for (SmallTier& tier : result) {
        edge += between(1, 6);
        tier = {edge, between(0, 9), with_flats && one_in(2) ? between(0, 30) : 0};
    }
    result.back().up_to.reset();
    return result;
}

std::string text(int value) { return std::to_string(value); }

std::vector<Tier> tiers_of(const std::vector<SmallTier>& small) {
    std::vector<TierText> texts;
    for (const SmallTier& tier : small) {
        texts.push_back({tier.up_to ? text(*tier.up_to) : "", text(tier.price), text(tier.flat)});
    }
    return tiers(texts);
}

/// The tier of a quantity, by trying one after the other.
const SmallTier& tier_with(const std::vector<SmallTier>& small, int quantity) {
    for (const SmallTier& tier : small) {
        if (!tier.up_to || quantity <= *tier.up_to) return tier;
    }
    return small.back();
}

/// What units cost one by one: the unit number `accumulated + 1` and those after it.
int unit_by_unit(const std::vector<SmallTier>& small, int accumulated, int quantity) {
    int cost = 0;
    for (int unit = accumulated + 1; unit <= accumulated + quantity; ++unit) {
        const SmallTier& tier = tier_with(small, unit);
        cost += tier.price;
        const bool first_of_its_tier = unit == 1 || &tier_with(small, unit - 1) != &tier;
        if (first_of_its_tier) cost += tier.flat;
    }
    return cost;
}

std::string cost_after(const PriceModel& model, int accumulated, int quantity) {
    return cost(model, text(quantity), text(accumulated).c_str(), 0);
}

RC_GTEST_PROP(RatingProperty, GraduatedTiersCostWhatTheirUnitsCostOneByOne, ()) {
    const auto small = small_tiers(true);
    const int accumulated = between(0, 40);
    const int quantity = between(0, 40);
    const Graduated model{TierBasis::accumulated, 1, tiers_of(small)};
    RC_ASSERT(
        cost_after(model, accumulated, quantity) == text(unit_by_unit(small, accumulated, quantity))
    );
    const Graduated alone{TierBasis::event, 1, tiers_of(small)};
    RC_ASSERT(cost_after(alone, accumulated, quantity) == text(unit_by_unit(small, 0, quantity)));
}

RC_GTEST_PROP(RatingProperty, GraduatedChargesOfASequenceAddUpToTheChargeOfItsSum, ()) {
    const auto small = small_tiers(true);
    const Graduated model{TierBasis::accumulated, 1, tiers_of(small)};
    int accumulated = between(0, 10);
    const int start = accumulated;
    int together = 0;
    for (int events = between(1, 6); events > 0; --events) {
        const int quantity = between(0, 12);
        together += std::stoi(cost_after(model, accumulated, quantity));
        accumulated += quantity;
    }
    RC_ASSERT(text(together) == cost_after(model, start, accumulated - start));
}

RC_GTEST_PROP(RatingProperty, VolumeTiersPriceTheEventWhereItEnds, ()) {
    const auto small = small_tiers(true);
    const int accumulated = between(0, 40);
    const int quantity = between(1, 40);
    const SmallTier& tier = tier_with(small, accumulated + quantity);
    RC_ASSERT(
        cost_after(Volume{TierBasis::accumulated, "", 1, tiers_of(small)}, accumulated, quantity) ==
        text(quantity * tier.price + tier.flat)
    );
}

/// A number with up to that many digits before and after the point.
std::string decimal(int whole_digits, int decimals) {
    const auto digits = [](int count) {
        std::string result;
        for (int i = between(0, count); i > 0; --i)
            result += static_cast<char>('0' + between(0, 9));
        return result;
    };
    std::string whole = digits(whole_digits);
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
    const std::string fraction = digits(decimals);
    return (whole.empty() ? "0" : whole) + (fraction.empty() ? "" : "." + fraction);
}

/// The number times 10^18.
Big times_10_to_18(const std::string& text) {
    const std::size_t point = text.find('.');
    std::string digits = text.substr(0, point);
    std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
    fraction.resize(18, '0');
    digits += fraction;
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    return Big(digits);
}

Big power(int exponent) {
    return boost::multiprecision::pow(Big(10), static_cast<unsigned>(exponent));
}

/// numerator / denominator, half to even.
Big rounded(const Big& numerator, const Big& denominator) {
    const Big twice = 2 * numerator + denominator;
    Big result = twice / (2 * denominator);
    const bool half = twice % (2 * denominator) == 0;
    if (half && result % 2 == 1) result -= 1;
    return result;
}

RC_GTEST_PROP(RatingProperty, ChargesAreWhatUnboundedArithmeticGives, ()) {
    const std::string quantity = decimal(between(0, 18), between(0, 18));
    const std::string price_text = decimal(between(0, 18), between(0, 18));
    const std::string rate_text = decimal(between(0, 2), between(0, 18));
    const auto per = static_cast<std::uint64_t>(
        *rc::gen::oneOf(rc::gen::just(1L), rc::gen::just(1'000'000L), rc::gen::inRange(1L, 5000L))
    );
    const auto scale = static_cast<Scale>(between(0, 18));
    const std::vector<Part> parts{{number(quantity), number(price_text), {}, 0}};
    const Number rate = number(rate_text);

    const Big expected = rounded(
        times_10_to_18(quantity) * times_10_to_18(price_text) * times_10_to_18(rate_text) *
            power(scale),
        power(54) * per
    );
    const auto found = round_value(parts, per, &rate, scale);
    RC_TAG(found.has_value());
    RC_ASSERT(found.has_value() == (expected <= power(30)));
    if (!found) return;
    RC_ASSERT(expected.str() == found->amount.to_string(0));
    const auto wide = round_value_wide(parts, per, &rate, scale);
    RC_ASSERT(wide->amount == found->amount);
    RC_ASSERT(wide->rounding == found->rounding);
}

RC_GTEST_PROP(RatingProperty, AFinerScaleKeepsAnExactChargeAndRefinesAnother, ()) {
    const std::vector<Part> parts{{number(decimal(6, 6)), number(decimal(3, 9)), {}, 0}};
    const auto per = static_cast<std::uint64_t>(between(1, 1000));
    const auto coarse = static_cast<Scale>(between(0, 9));
    const auto fine = static_cast<Scale>(coarse + between(0, 9));
    const auto first = round_value(parts, per, nullptr, coarse);
    const auto second = round_value(parts, per, nullptr, fine);
    const Big step = power(fine - coarse);
    const Big scaled = Big(first->amount.to_string(0)) * step;
    const Big refined(second->amount.to_string(0));
    if (first->rounding == Rounding::exact) RC_ASSERT(scaled == refined);
    RC_ASSERT(2 * boost::multiprecision::abs(scaled - refined) <= step);
    if (first->rounding == Rounding::up) RC_ASSERT(scaled >= refined);
    if (first->rounding == Rounding::down) RC_ASSERT(scaled <= refined);
}

RC_GTEST_PROP(RatingProperty, WithoutRoundingUnitsCostTheSameTogetherAsApart, ()) {
    const PerUnit model{number(decimal(3, 6)), 1'000'000};
    const std::string first = text(between(0, 100'000));
    const std::string second = decimal(5, 6);
    const std::string sum = number(first).plus(number(second))->to_string();
    const auto units = [&model](const std::string& q) {
        return Big(
            round_value(std::vector<Part>{{number(q), model.price, {}, 0}}, model.per, nullptr, 18)
                ->amount.to_string(0)
        );
    };
    RC_ASSERT(units(first) + units(second) == units(sum));
}

/// Any model, of small numbers with halves in between.
PriceModel any_model(bool with_flats) {
    const auto basis = one_in(2) ? TierBasis::accumulated : TierBasis::event;
    const auto per = static_cast<std::uint64_t>(between(1, 3));
    const auto small = [] { return number(decimal(1, 1)); };
    switch (between(0, 6)) {
        case 0:
            return PerUnit{small(), per};
        case 1:
            return Package{small(), number(text(between(1, 5)))};
        case 2:
            return Percentage{small(), small(), small(), {}};
        case 3:
            return Flat{small()};
        case 4:
            return Volume{
                TierBasis::property, one_in(2) ? "q" : "context", per,
                tiers_of(small_tiers(with_flats))};
        case 5:
            return Volume{basis, "", per, tiers_of(small_tiers(with_flats))};
        default:
            return Graduated{basis, per, tiers_of(small_tiers(with_flats))};
    }
}

/// A version with that model; the property `context` is known to it.
std::shared_ptr<const PriceVersion> version_with(const PriceModel& model) {
    return compile(single(model, static_cast<Scale>(between(0, 2))));
}

/// A number in halves, so that it lies on edges and between them.
std::string halves(int count) { return text(count / 2) + (count % 2 == 1 ? ".5" : ""); }

/// A place in a range given in halves: in its middle, at an end, or just beside one.
Number place_in(int begin_halves, int length_halves) {
    const Number begin = number(halves(begin_halves));
    const Number place = number(halves(begin_halves + between(0, length_halves)));
    const Number little = number("0.001");
    if (one_in(3))
        return *place.plus(
            place == number(halves(begin_halves + length_halves)) ? Number{} : little
        );
    if (one_in(3) && place > begin) return *place.minus(little);
    return place;
}

RC_GTEST_PROP(RatingProperty, NoCaptureWithinTheHeldQuantitiesCostsMoreThanTheHold, ()) {
    const PriceModel model = any_model(true);
    const auto version = version_with(model);
    const int quantity = between(0, 60);
    const int context = between(0, 60);
    const int accumulated = between(0, 60);
    const int pending = one_in(3) ? 0 : between(0, 60);
    const std::string q = halves(quantity);
    const std::string c = halves(context);
    const Outcome held = hold(
        *version, {{"q", q}, {"context", c}}, halves(accumulated).c_str(), halves(pending).c_str()
    );
    RC_ASSERT(held.result.has_value());
    for (int i = 0; i < 20; ++i) {
        const std::string less_q = halves(one_in(3) ? quantity : between(0, quantity));
        const std::string less_c = halves(one_in(3) ? context : between(0, context));
        const FixedPosition position(place_in(accumulated, pending), Number{});
        const Outcome captured =
            price(*version, {{"q", less_q}, {"context", less_c}}, noon, position);
        RC_ASSERT(captured.result.has_value());
        if (captured.rating.total > held.rating.total) {
            RC_FAIL(
                "captured " + captured.text() + " of " + held.text() + " for " + less_q +
                " units, context " + less_c + ", under " + name_of(model)
            );
        }
        RC_ASSERT(!captured.rating.total.is_negative());
    }
}

RC_GTEST_PROP(RatingProperty, TheHoldIsTheDearestCaptureAndNoMore, ()) {
    // Edges, quantities and positions are whole, so the dearest capture is at whole numbers, too.
    // (The flat part of a graduated tier would make the least upper bound one that none attains.)
    const bool graduated = one_in(2);
    const auto small = small_tiers(!graduated);
    const PriceModel model =
        graduated ? PriceModel{Graduated{TierBasis::accumulated, 1, tiers_of(small)}}
                  : PriceModel{Volume{TierBasis::accumulated, "", 1, tiers_of(small)}};
    const auto version = compile(single(model, 0));
    for (int i = 0; i < 20; ++i) {
        const int quantity = between(1, 12);
        const int accumulated = between(0, 20);
        const int pending = between(0, 20);
        int dearest = 0;
        for (int position = accumulated; position <= accumulated + pending; ++position) {
            for (int used = 1; used <= quantity; ++used) {
                const SmallTier& tier = tier_with(small, position + used);
                const int cost =
                    graduated ? unit_by_unit(small, position, used) : used * tier.price + tier.flat;
                dearest = std::max(dearest, cost);
            }
        }
        const std::string q = text(quantity);
        const Outcome held =
            hold(*version, {{"q", q}}, text(accumulated).c_str(), text(pending).c_str());
        RC_ASSERT(held.text() == text(dearest));
    }
}

RC_GTEST_PROP(RatingProperty, MoreUnitsNeverCostLessExceptUnderVolumeTiers, ()) {
    const PriceModel model = any_model(true);
    RC_PRE(!std::holds_alternative<Volume>(model));
    const auto version = version_with(model);
    const int quantity = between(0, 60);
    const FixedPosition position(number(halves(between(0, 60))), Number{});
    const auto total = [&](int count) {
        const std::string q = halves(count);
        return price(*version, {{"q", q}}, noon, position).rating.total;
    };
    RC_ASSERT(total(quantity) <= total(quantity + between(1, 20)));
}

}  // namespace
}  // namespace faregate::support
