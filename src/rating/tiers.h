#pragma once

#include <cstddef>
#include <vector>

#include "faregate/rating/charge.h"
#include "faregate/rating/price.h"

namespace faregate::rating {

/// A place on the axis of accumulated quantities: at `number`, or just after it. The latter is
/// where a flat part begins to count, and exists because a quantity can be as small as one likes.
struct Place {
    Number number;
    bool just_after = false;
};

/// The tier that a quantity lies in: its upper edge included, its lower one not; the first one for
/// zero. Tiers are as check_row accepts them.
std::size_t tier_of(const std::vector<Tier>& tiers, const Number& quantity) noexcept;

/// Where a tier begins: zero, or the end of the tier before.
Number lower_edge(const std::vector<Tier>& tiers, std::size_t tier) noexcept;

/// Appends what the units from `begin` to `end` = begin + quantity cost under graduated tiers:
/// G(end) - G(begin), a part for each tier that is touched.
void append_graduated(
    const std::vector<Tier>& tiers, const Place& begin, const Number& end, std::vector<Part>& parts
);

/// Appends the dearest of what `quantity` units cost under graduated tiers that begin anywhere in
/// [begin, begin + pending], and returns where that is. Precondition: begin + pending + quantity
/// is a Number.
Place append_graduated_worst(
    const std::vector<Tier>& tiers, std::uint64_t per, const Number& begin, const Number& pending,
    const Number& quantity, std::vector<Part>& parts
);

/// Appends what all `quantity` units cost in one tier.
void append_volume(
    const std::vector<Tier>& tiers, std::size_t tier, const Number& quantity,
    std::vector<Part>& parts
);

/// How volume tiers may be met by the capture of a hold.
struct VolumeReach {
    Number begin;  ///< Looked-up quantities lie in (begin, end] ...
    Number end;    ///< ... or, for `with_zero`, in [begin, end].
    bool with_zero = false;
    /// A tier's upper edge minus `begin` bounds the quantity that is priced there.
    bool bounds_quantity = true;
};

/// Appends the dearest of what up to `quantity` units cost in any tier that is reached.
void append_volume_worst(
    const std::vector<Tier>& tiers, std::uint64_t per, const VolumeReach& reach,
    const Number& quantity, std::vector<Part>& parts
);

}  // namespace faregate::rating
