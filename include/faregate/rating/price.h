#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "faregate/core/id.h"
#include "faregate/core/time.h"
#include "faregate/rating/number.h"
#include "faregate/rating/period.h"

// What a product costs, as its owner wrote it: plain values, checked by PriceVersion::compile and
// PriceBookBuilder. Amounts of money are Numbers in units of the version's asset.
namespace faregate::rating {

// Limits. A definition at a limit is accepted, one past it is refused.
inline constexpr std::size_t dimensions_max = 8;          ///< of a version
inline constexpr std::size_t components_max = 32;         ///< of a version
inline constexpr std::size_t rows_max = 100'000;          ///< of a version, or of an override
inline constexpr std::size_t rows_per_match_max = 1'000;  ///< of a component, with the same match
inline constexpr std::size_t tiers_max = 100;             ///< of a row
inline constexpr std::size_t properties_max = 64;         ///< of an event, or named by a version
inline constexpr std::size_t name_length_max = 64;        ///< of a product, component or property
inline constexpr std::size_t value_length_max = 256;      ///< of a dimension's value, in bytes
inline constexpr std::uint64_t per_max = 999'999'999'999'999'999;

/// Earlier than every other time: "has always been in effect".
inline constexpr Timestamp always{std::numeric_limits<std::int64_t>::min()};

/// A range of quantities and what it costs. The upper edge belongs to the tier and the lower one
/// does not: with tiers up to 200,000 and beyond, 200,000 is in the first and 200,001 in the
/// second. This is how providers state context lengths ("prompts <= 200k tokens") and how
/// genai-prices reads its tiers (calc_unit_price in genai_prices/types.py: a tier applies if
/// `total_input_tokens > tier.start`), as well as Stripe's meaning of `up_to`.
struct Tier {
    std::optional<Number> up_to;  ///< Nothing for the last tier, which has no end.
    Number price;                 ///< For `per` units.
    Number flat;                  ///< Once; see Graduated and Volume.
};

/// Which quantity is looked up in the tiers.
enum class TierBasis : std::uint8_t {
    event,        ///< The quantity of this event alone.
    accumulated,  ///< That of the period so far (wallet, product, component), with this event's.
    property,     ///< A property of the event, such as its context length. Volume only.
};

/// quantity * price / per.
struct PerUnit {
    Number price;
    std::uint64_t per = 1;  ///< 1 to per_max: 1,000,000 for a price per million.
};

/// Every package that is started costs its price: ceil(quantity / size) * price.
struct Package {
    Number price;
    Number size;  ///< Above zero.
};

/// Each unit costs the price of the tier that it lies in. A tier's flat part is charged by the
/// event that enters the tier.
///
/// With G(x) = the cost of the first x units, an event of q units costs G(q), or, on the basis
/// `accumulated`, G(a + q) - G(a) after a units: the same as the events together would cost.
struct Graduated {
    TierBasis basis = TierBasis::event;
    std::uint64_t per = 1;
    std::vector<Tier> tiers;
};

/// All units of the event cost the price of one tier, and its flat part is added. On the basis
/// `accumulated` that is the tier in which this event ends, a + q; what earlier events have cost
/// stays as it is, so that no charge is ever below zero.
struct Volume {
    TierBasis basis = TierBasis::event;
    std::string property;  ///< For TierBasis::property, else empty.
    std::uint64_t per = 1;
    std::vector<Tier> tiers;
};

/// A part of the quantity, which is an amount of the asset: quantity * rate + fixed, then at least
/// `minimum` and at most `maximum`.
struct Percentage {
    Number rate;  ///< A fraction: 0.029 is 2.9 %.
    Number fixed;
    std::optional<Number> minimum;
    std::optional<Number> maximum;
};

/// The price, once per event, whatever the quantity (unless that is zero).
struct Flat {
    Number price;
};

using PriceModel = std::variant<PerUnit, Package, Graduated, Volume, Percentage, Flat>;

/// The name of a model in JSON: `per_unit`, `package`, `graduated`, ...
const char* name_of(const PriceModel& model) noexcept;

/// A daily window in UTC, from `start` to before `end`; past midnight if `end` is before `start`.
struct DailyWindow {
    Duration start;  ///< Since midnight: 0 to below 24 hours.
    Duration end;    ///< The same, and not `start`.

    constexpr bool holds(Duration since_midnight) const noexcept {
        const bool after_start = since_midnight >= start;
        const bool before_end = since_midnight < end;
        return start < end ? after_start && before_end : after_start || before_end;
    }
    friend constexpr bool operator==(DailyWindow, DailyWindow) = default;
};

/// `*`, or the one value of a dimension that a row is for.
struct DimensionValue {
    std::string dimension;
    std::string value;
};

/// A price and where it applies. See PriceVersion for which of several rows is taken.
struct PriceRow {
    std::vector<DimensionValue> match;  ///< A dimension that is not named is `*`.
    Timestamp from = always;
    Timestamp until = Timestamp::never();  ///< Not included.
    std::optional<DailyWindow> daily;
    PriceModel price;
};

/// How many units of a component an event has: property + plus - minus. Providers count cached
/// tokens as input tokens, too, and price them apart; the input that is not cached is
/// `input_tokens` minus `cached_input_tokens`. A result below zero is refused: the event
/// contradicts itself.
struct Quantity {
    std::string property;            ///< Empty: one unit per event.
    std::vector<std::string> minus;  ///< A property that the event has not counts as zero.
    std::vector<std::string> plus;   ///< The same.
    bool required = true;  ///< Whether an event without `property` is refused, or has zero.
};

/// One thing that is charged apart: input, output, requests.
struct Component {
    std::string name;
    Quantity quantity;
    /// Over which its quantities are accumulated; needed by rows of the basis `accumulated`.
    std::optional<Period> period;
    /// Costs nothing where no row applies. Otherwise such an event is refused.
    bool optional = false;
    std::vector<PriceRow> rows;
};

/// A version of a product. Never changed once it is in a book.
struct VersionDefinition {
    std::string product;
    std::uint32_t number = 1;
    Timestamp effective_at = always;
    std::string asset;
    Scale scale = 0;  ///< Of the asset.
    std::vector<std::string> dimensions;
    std::vector<Component> components;
};

/// Rows that take the place of the list's, for one component.
struct ReplacedRows {
    std::string component;
    std::vector<PriceRow> rows;
};

/// Prices that a wallet pays instead of the list's, where they apply; elsewhere the list's.
struct Replace {
    std::vector<ReplacedRows> components;
};

/// The list prices times a rate (0.9 is ten per cent off), on the exact value before it is rounded.
/// Replaced prices are agreed prices and stay as they are.
struct Multiply {
    Number rate;
};

/// What one wallet pays for one product, for a time.
struct OverrideDefinition {
    std::string id;
    WalletId wallet;
    std::string product;
    Timestamp from = always;
    Timestamp until = Timestamp::never();  ///< Not included.
    std::variant<Replace, Multiply> effect;
};

}  // namespace faregate::rating
