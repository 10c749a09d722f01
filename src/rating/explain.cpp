#include <span>

#include "faregate/core/assert.h"
#include "faregate/rating/rate.h"
#include "rating/compiled.h"
#include "rating/exact.h"

namespace faregate::rating {
namespace {

constexpr const char* model_names[] = {"per_unit", "package",    "graduated",
                                       "volume",   "percentage", "flat"};
static_assert(std::size(model_names) == std::variant_size_v<PriceModel>);

std::span<const Part> parts_of(const Rating& rating, const Charge& charge) {
    return std::span(rating.parts).subspan(charge.parts_begin, charge.parts_count);
}

const Number* multiplier_of(const Rating& rating, const Charge& charge) {
    return charge.multiplied ? &*rating.multiplier : nullptr;
}

/// The row that a charge names.
const PriceRow& row_of(const Terms& terms, const Component& component, const Charge& charge) {
    if (!charge.replaced) return component.rows.at(charge.row);
    FG_ASSERT(terms.replace != nullptr, "the terms that the rating was made with");
    for (const ReplacedRows& rows : std::get<Replace>(terms.replace->effect).components) {
        if (rows.component == component.name) return rows.rows.at(charge.row);
    }
    FG_ASSERT(false, "the terms that the rating was made with");
    return component.rows.front();
}

std::string part_text(const Part& part, const Charge& charge, bool tiered) {
    std::string text = "  ";
    if (tiered) text += "tier " + std::to_string(part.tier) + ": ";
    text += part.quantity.to_string() + " * " + part.price.to_string();
    if (charge.per != 1) text += " / " + std::to_string(charge.per);
    if (!part.flat.is_zero()) text += " + " + part.flat.to_string();
    return text + "\n";
}

}  // namespace

const char* name_of(const PriceModel& model) noexcept { return model_names[model.index()]; }

const char* to_string(Rounding rounding) noexcept {
    switch (rounding) {
        case Rounding::exact:
            return "exact";
        case Rounding::down:
            return "down";
        case Rounding::up:
            return "up";
    }
    return "unknown";
}

const char* to_string(Bound bound) noexcept {
    switch (bound) {
        case Bound::none:
            return "none";
        case Bound::minimum:
            return "minimum";
        case Bound::maximum:
            return "maximum";
    }
    return "unknown";
}

const char* to_string(RefusalCode code) noexcept {
    switch (code) {
        case RefusalCode::too_many_properties:
            return "too_many_properties";
        case RefusalCode::duplicate_property:
            return "duplicate_property";
        case RefusalCode::property_missing:
            return "property_missing";
        case RefusalCode::property_invalid:
            return "property_invalid";
        case RefusalCode::negative_quantity:
            return "negative_quantity";
        case RefusalCode::price_not_found:
            return "price_not_found";
        case RefusalCode::too_large:
            return "too_large";
    }
    return "unknown";
}

void Rating::clear() noexcept {
    version = 0;
    multiplier.reset();
    total = Amount{};
    charges.clear();
    parts.clear();
    accumulations.clear();
}

std::string exact_value(const Rating& rating, const Charge& charge) {
    return value_text(parts_of(rating, charge), charge.per, multiplier_of(rating, charge));
}

std::string explain(const Terms& terms, const Rating& rating, const Charge& charge) {
    const VersionDefinition& version = terms.version->definition();
    const Component& component = version.components.at(charge.component);
    const PriceRow& row = row_of(terms, component, charge);
    const bool tiered =
        std::holds_alternative<Graduated>(row.price) || std::holds_alternative<Volume>(row.price);
    std::string text = component.name + ": " + charge.quantity.to_string() + " units, row " +
                       std::to_string(charge.row) + " (" + name_of(row.price) + ")";
    if (charge.replaced) text += " of override " + terms.replace->id;
    if (!charge.accumulated.is_zero()) text += ", after " + charge.accumulated.to_string();
    text += "\n";
    for (const Part& part : parts_of(rating, charge)) text += part_text(part, charge, tiered);
    if (charge.bound != Bound::none) {
        text += std::string("  the ") + to_string(charge.bound) + " of the price\n";
    }
    if (charge.multiplied) text += "  all * " + rating.multiplier->to_string() + "\n";
    text += "  = " + exact_value(rating, charge) + " exactly\n";
    text += "  = " + charge.amount.to_string(version.scale) + " " + version.asset;
    if (charge.rounding != Rounding::exact) {
        text += std::string(", rounded ") + to_string(charge.rounding);
    }
    return text + "\n";
}

}  // namespace faregate::rating
