#pragma once

#include <string>

#include "faregate/rating/charge.h"
#include "faregate/rating/event.h"
#include "faregate/rating/price_book.h"

// Pricing: pure functions of their arguments. The same terms, event and positions give the same
// charges on every machine. They allocate only to grow a result or to word a refusal.
//
// Rounding, once and for all: a charge is the exact value of one component of one event, rounded
// once, half to even, at the asset's scale. Tiers within a charge are not rounded, and the total
// is the sum of the rounded charges. A charge or a total above Amount::request_max() is refused.
//
// A quantity of zero costs nothing under every model and gives no charge.
namespace faregate::rating {

using RateResult = tl::expected<void, Refusal>;

/// What the event costs now. Uses Position::accumulated and ignores Position::pending.
/// After a refusal `rating` is empty.
[[nodiscard]] RateResult rate(
    const Terms& terms, const Event& event, const AccumulatedView& accumulated, Rating& rating
);

/// What to hold for the event, so that its capture is paid for.
///
/// Guarantee: any event with the same time, dimensions and terms costs at most `rating.total` under
/// rate(), and each component at most its charge here, if for every component its quantity, and
/// every property that tiers look up, is at most what it is in the event held for, and if every
/// accumulated quantity lies in [accumulated, accumulated + pending]. In words: less may be used,
/// and other holds may be captured before this one, wholly, in part or not at all.
///
/// It covers one capture. Parts of one use that are captured one after the other are events of
/// their own: each is rounded, and pays its own package, flat price or fixed part. To settle a use
/// in steps, price the whole of it so far each time (its own earlier parts are not accumulated) and
/// capture what exceeds the parts before; together they never exceed the hold.
///
/// It is the smallest such hold, component by component (with flat parts of graduated tiers: the
/// least upper bound), except that a tier looked up by a property other than the component's own
/// is taken to be reachable with the whole quantity.
///
/// Quantities, not properties, are what the guarantee speaks of. A component that subtracts
/// (`minus`) has a larger quantity when less is subtracted, and one that was not held for has a
/// larger quantity when it occurs at all. So hold with the parts left out that may not occur: all
/// input uncached, if cached tokens cost less; and with the dearer part put in, if a part costs
/// more (cache writes). Then the total is safe as long as what moves from one component to another
/// is not dearer there, which rating does not check.
///
/// The parts of a charge are those of its worst case; its quantity and the accumulations are the
/// whole quantities of the event, which become pending.
[[nodiscard]] RateResult rate_hold(
    const Terms& terms, const Event& event, const AccumulatedView& accumulated, Rating& rating
);

/// The exact value of a charge before it was rounded, in asset units: "0.0000125", or where the
/// division by `per` does not end, "0.01/3".
std::string exact_value(const Rating& rating, const Charge& charge);

/// A charge in words, one step a line, for people:
///
///     input: 1200 units, row 0 (per_unit)
///       1200 * 2.5 / 1000000
///       = 0.003 exactly
///       = 0.003 USD
///
/// Precondition: the rating was made with these terms, or with those of the same version.
std::string explain(const Terms& terms, const Rating& rating, const Charge& charge);

}  // namespace faregate::rating
