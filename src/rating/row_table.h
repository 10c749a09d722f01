#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "faregate/core/result.h"
#include "faregate/core/time.h"
#include "faregate/rating/price.h"

namespace faregate::rating {

/// Hashes texts so that a map of strings is searched by a view, without making a string.
struct TextHash {
    using is_transparent = void;  // NOLINT: the standard library's name
    std::size_t operator()(std::string_view text) const noexcept;
};
template <typename Value>
using TextMap = boost::unordered_flat_map<std::string, Value, TextHash, std::equal_to<>>;

/// A price row in its place. Refers to the definition that it came from.
struct TableRow {
    const PriceRow* row = nullptr;
    std::uint32_t index = 0;      ///< In the component's rows.
    std::uint8_t basis_slot = 0;  ///< Of the property that volume tiers look up.
};

/// The rows of all components of a version or an override, found by hashing the values of the
/// dimensions; see PriceVersion for the order in which they are considered.
class RowTable {
  public:
    /// The value of each dimension as a small number: 0 is "none" and `*`.
    using Values = std::array<std::uint32_t, dimensions_max>;

    RowTable(std::size_t components, std::size_t dimensions);

    /// The values of an event. Texts that no row names, and absent ones (null), match only `*`.
    Values values_of(std::span<const std::string_view> texts) const noexcept;

    /// The row that prices an event, or null. `since_midnight` is of `at`.
    const TableRow* find(
        std::size_t component, const Values& values, Timestamp at, Duration since_midnight
    ) const noexcept;

    /// `match` has the values of the named dimensions and null for `*`.
    void add(std::size_t component, std::span<const std::string_view> match, const TableRow& row);

    /// Puts the rows in order, once, after the last add(). Fails if two of one component could tie,
    /// or too many have the same match; the message begins with "row ..."; `component` is whose.
    Status finish(std::size_t& component);

  private:
    struct Key {
        Values values{};
        std::uint32_t component = 0;
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct KeyHash {
        using is_avalanching = void;  // NOLINT: Boost's name
        std::size_t operator()(const Key& key) const noexcept;
    };
    struct Mask {
        std::uint8_t named = 0;  ///< Bit 7 is the leftmost dimension.
        Values keep{};           ///< All ones where a dimension is named.
    };

    void note_mask(std::size_t component, std::uint8_t named);

    std::size_t dimensions_;
    std::vector<std::vector<Mask>> masks_;  ///< For each component, the most specific first.
    TextMap<std::uint32_t> values_;
    boost::unordered_flat_map<Key, std::uint32_t, KeyHash> group_of_;
    std::vector<std::vector<TableRow>> groups_;  ///< The rows of one match, the preferred first.
    std::vector<std::uint32_t> component_of_group_;
};

/// 0 to below 24 hours.
Duration since_midnight(Timestamp at) noexcept;

}  // namespace faregate::rating
