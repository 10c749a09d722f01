#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "faregate/rating/price_book.h"
#include "rating/row_table.h"

namespace faregate::rating {

/// The place of a property that a version needs, among at most properties_max.
using Slot = std::uint8_t;

struct CompiledComponent {
    std::optional<Slot> property;  ///< Nothing: one unit per event.
    std::vector<Slot> minus;
    std::vector<Slot> plus;
};

/// A definition and what is looked up in it. The table refers to the definition's rows, so neither
/// may move.
struct CompiledVersion {
    VersionDefinition definition;
    std::vector<std::string> properties;  ///< The name of each slot.
    TextMap<Slot> slot_of;
    std::vector<Slot> dimensions;
    std::vector<CompiledComponent> components;
    RowTable table{0, 0};

    explicit CompiledVersion(VersionDefinition source) : definition(std::move(source)) {}
    CompiledVersion(const CompiledVersion&) = delete;
    CompiledVersion& operator=(const CompiledVersion&) = delete;
};

/// The rows of an override against a version; `definition` must stay where it is.
Result<std::shared_ptr<const RowTable>> compile_override(
    const CompiledVersion& version, const Replace& definition
);

/// 1 to name_length_max characters of `A-Z a-z 0-9 . _ : -`.
bool is_name(std::string_view text) noexcept;

/// What is wrong with a price row by itself, or nothing.
Status check_row(const PriceRow& row, std::optional<Period> period);

}  // namespace faregate::rating
