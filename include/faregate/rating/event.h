#pragma once

#include <span>
#include <string_view>

#include "faregate/core/time.h"
#include "faregate/rating/number.h"
#include "faregate/rating/period.h"

namespace faregate::rating {

/// One property of an event. The value is the text as it was sent, whether as a string or as a
/// number; the product decides whether it is read as a quantity or compared as a dimension.
struct Property {
    std::string_view name;
    std::string_view value;
};

/// Something that was used, or is about to be. Refers to the caller's memory.
struct Event {
    Timestamp at;                          ///< Decides rows, windows and periods. Years 1 to 9999.
    std::span<const Property> properties;  ///< In any order; those that no price needs are ignored.
    Timestamp anchor;                      ///< The wallet's billing anchor, for Period::anchor.
};

/// How much of a component a wallet has used in a period.
struct Position {
    Number accumulated;  ///< Captured or debited already.
    Number pending;      ///< Held by other open authorizations: may be captured before this one.
};

/// Where the accumulated quantities come from: the caller's state. Rating keeps none.
class AccumulatedView {
  public:
    virtual ~AccumulatedView() = default;
    /// Called only for components of the product that have a period.
    virtual Position position(std::string_view component, Period period, Timestamp period_start)
        const noexcept = 0;
};

/// For products without accumulated quantities, and for quotes.
class NothingAccumulated final : public AccumulatedView {
  public:
    Position position(std::string_view, Period, Timestamp) const noexcept override { return {}; }
};

}  // namespace faregate::rating
