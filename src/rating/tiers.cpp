#include "rating/tiers.h"

#include <algorithm>

#include "faregate/core/assert.h"
#include "rating/exact.h"

namespace faregate::rating {
namespace {

bool ends_before(const Tier& tier, const Number& quantity) {
    return tier.up_to && *tier.up_to < quantity;
}

/// a - b where a is known not to be less.
Number difference(const Number& a, const Number& b) noexcept {
    const auto result = a.minus(b);
    FG_ASSERT(result.has_value(), "a difference that cannot be negative");
    return *result;
}

Number sum(const Number& a, const Number& b) noexcept {
    const auto result = a.plus(b);
    FG_ASSERT(result.has_value(), "a sum that was checked before");
    return *result;
}

/// Whether somebody who stands there has entered the tier that begins at `edge`.
bool has_entered(const Place& place, const Number& edge) noexcept {
    return place.just_after ? place.number >= edge : place.number > edge;
}

/// The parts from `begin` on.
std::span<const Part> tail(const std::vector<Part>& parts, std::size_t begin) noexcept {
    return std::span<const Part>(parts).subspan(begin);
}

}  // namespace

std::size_t tier_of(const std::vector<Tier>& tiers, const Number& quantity) noexcept {
    const auto tier = std::lower_bound(tiers.begin(), tiers.end(), quantity, ends_before);
    return static_cast<std::size_t>(tier - tiers.begin());
}

Number lower_edge(const std::vector<Tier>& tiers, std::size_t tier) noexcept {
    return tier == 0 ? Number{} : *tiers[tier - 1].up_to;
}

void append_graduated(
    const std::vector<Tier>& tiers, const Place& begin, const Number& end, std::vector<Part>& parts
) {
    const Place last{end, begin.just_after};
    for (std::size_t i = tier_of(tiers, begin.number); i < tiers.size(); ++i) {
        const Tier& tier = tiers[i];
        const Number lower = lower_edge(tiers, i);
        if (!has_entered(last, lower)) break;
        const Number from = std::max(begin.number, lower);
        const Number to = tier.up_to ? std::min(end, *tier.up_to) : end;
        Part part;
        if (to > from) part.quantity = difference(to, from);
        part.price = tier.price;
        if (!has_entered(begin, lower)) part.flat = tier.flat;
        part.tier = static_cast<std::uint32_t>(i);
        if (!part.quantity.is_zero() || !part.flat.is_zero()) parts.push_back(part);
    }
}

Place append_graduated_worst(
    const std::vector<Tier>& tiers, std::uint64_t per, const Number& begin, const Number& pending,
    const Number& quantity, std::vector<Part>& parts
) {
    // The cost as a function of where the event begins is linear between the places at which its
    // begin or its end meets the edge of a tier, so its maximum is at one of those, or at an end
    // of the range. At an edge it may jump, just after it; it never jumps before one.
    const std::size_t base = parts.size();
    const Number end = sum(begin, pending);
    Place worst{begin, false};
    append_graduated(tiers, worst, sum(begin, quantity), parts);
    const auto consider = [&](const Place& place) {
        const std::size_t candidate = parts.size();
        append_graduated(tiers, place, sum(place.number, quantity), parts);
        const auto known = tail(parts, base).first(candidate - base);
        const bool dearer = compare_values(tail(parts, candidate), known, per) > 0;
        const auto at = [&parts](std::size_t i) {
            return parts.begin() + static_cast<std::ptrdiff_t>(i);
        };
        if (dearer) {
            worst = place;
            parts.erase(at(base), at(candidate));
        } else {
            parts.erase(at(candidate), parts.end());
        }
    };
    const auto consider_both_sides = [&](const Number& place) {
        if (place < begin || place > end) return;
        consider({place, false});
        if (place < end) consider({place, true});
    };
    consider_both_sides(begin);
    consider_both_sides(end);
    for (const Tier& tier : tiers) {
        if (!tier.up_to) break;
        consider_both_sides(*tier.up_to);
        if (const auto place = tier.up_to->minus(quantity)) consider_both_sides(*place);
    }
    return worst;
}

void append_volume(
    const std::vector<Tier>& tiers, std::size_t tier, const Number& quantity,
    std::vector<Part>& parts
) {
    parts.push_back(
        {quantity, tiers[tier].price, tiers[tier].flat, static_cast<std::uint32_t>(tier)}
    );
}

void append_volume_worst(
    const std::vector<Tier>& tiers, std::uint64_t per, const VolumeReach& reach,
    const Number& quantity, std::vector<Part>& parts
) {
    const std::size_t last = tier_of(tiers, reach.end);
    std::size_t first = tier_of(tiers, reach.begin);
    // A tier that ends where the range begins is not reached, unless its beginning is in the range.
    if (!reach.with_zero && tiers[first].up_to && *tiers[first].up_to == reach.begin) ++first;
    for (std::size_t i = first; i <= last; ++i) {
        Number priced = quantity;
        if (reach.bounds_quantity && tiers[i].up_to) {
            priced = std::min(priced, difference(*tiers[i].up_to, reach.begin));
        }
        append_volume(tiers, i, priced, parts);
        if (i == first) continue;
        const std::span<const Part> both = tail(parts, parts.size() - 2);
        if (compare_values(both.last(1), both.first(1), per) > 0)
            parts[parts.size() - 2] = parts.back();
        parts.pop_back();
    }
}

}  // namespace faregate::rating
