#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "faregate/core/amount.h"
#include "faregate/core/time.h"
#include "faregate/rating/number.h"
#include "faregate/rating/period.h"

namespace faregate::rating {

/// What rounding to the asset's scale did: half to even, once per charge.
enum class Rounding : std::uint8_t { exact, down, up };

/// Whether a bound of a percentage took effect.
enum class Bound : std::uint8_t { none, minimum, maximum };

const char* to_string(Rounding rounding) noexcept;
const char* to_string(Bound bound) noexcept;

/// A step of a charge: quantity * price / per + flat.
struct Part {
    Number quantity;
    Number price;
    Number flat;
    std::uint32_t tier = 0;  ///< From 0; 0 for models without tiers.
};

/// What one component of one event costs.
struct Charge {
    std::uint32_t component = 0;  ///< Its index in the version's definition.
    std::uint32_t row = 0;    ///< The price row's index in the component's (or override's) rows.
    bool replaced = false;    ///< The row is the wallet's own.
    bool multiplied = false;  ///< By Rating::multiplier.
    Rounding rounding = Rounding::exact;
    Bound bound = Bound::none;
    Number quantity;
    Number accumulated;     ///< What had been used before in the period; zero without one.
    std::uint64_t per = 1;  ///< Of all parts.
    std::uint32_t parts_begin = 0;
    std::uint32_t parts_count = 0;
    Amount amount;
};

/// A quantity to add to what a wallet has used of a component in a period.
struct Accumulation {
    std::uint32_t component = 0;
    Period period = Period::month;
    Timestamp period_start;
    Number quantity;
};

/// The price of an event. Meant to be reused: once it has been filled, rating another event of the
/// same kind allocates nothing. Holds no references, so it may outlive the price book.
struct Rating {
    std::uint32_t version = 0;         ///< The number of the price version.
    std::optional<Number> multiplier;  ///< The wallet's rate on list prices.
    Amount total;                      ///< The sum of the charges.
    std::vector<Charge> charges;  ///< In the order of the components; none where zero was used.
    std::vector<Part> parts;      ///< Those of the charges, one after the other.
    std::vector<Accumulation> accumulations;

    void clear() noexcept;
};

/// Why an event cannot be priced. A failing event has one right answer: the checks are made in this
/// order, for one component after the other from `property_missing` on.
enum class RefusalCode : std::uint8_t {
    too_many_properties,
    duplicate_property,
    property_missing,
    property_invalid,   ///< Not a number, negative, or with too many digits.
    negative_quantity,  ///< More is subtracted from a quantity than there is.
    price_not_found,
    too_large,  ///< A quantity, a charge or the total exceeds what can be counted.
};

const char* to_string(RefusalCode code) noexcept;

struct Refusal {
    RefusalCode code = RefusalCode::price_not_found;
    std::string subject;  ///< The name of the property or component.
    std::string message;  ///< For people.
};

}  // namespace faregate::rating
