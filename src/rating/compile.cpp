#include <algorithm>
#include <array>

#include "rating/compiled.h"

namespace faregate::rating {
namespace {

tl::unexpected<Error> wrong(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

/// The same failure, with where it happened before it.
tl::unexpected<Error> at(const std::string& place, const Error& error) {
    return failure(error.code, place + error.message);
}

std::string component_place(const std::string& name) { return "component `" + name + "`, "; }

Status check_name(std::string_view what, const std::string& name) {
    if (is_name(name)) return {};
    return wrong(
        std::string(what) + " `" + name + "` must have 1 to " + std::to_string(name_length_max) +
        " characters of A-Z a-z 0-9 . _ : -"
    );
}

/// The slot of a property, a new one if need be.
Result<Slot> slot_for(CompiledVersion& version, const std::string& name) {
    FG_TRY(check_name("property", name));
    const auto [place, is_new] =
        version.slot_of.try_emplace(name, static_cast<Slot>(version.properties.size()));
    if (is_new) {
        if (version.properties.size() == properties_max) {
            return wrong(
                "property `" + name + "`: a version uses at most " +
                std::to_string(properties_max) + " properties"
            );
        }
        version.properties.push_back(name);
    }
    return place->second;
}

Status compile_dimensions(CompiledVersion& version) {
    const std::vector<std::string>& names = version.definition.dimensions;
    if (names.size() > dimensions_max) {
        return wrong("a version has at most " + std::to_string(dimensions_max) + " dimensions");
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
            names.begin() + static_cast<std::ptrdiff_t>(i)) {
            return wrong("dimension `" + names[i] + "` stands there twice");
        }
        FG_TRY_ASSIGN(const Slot slot, slot_for(version, names[i]));
        version.dimensions.push_back(slot);
    }
    return {};
}

Status compile_quantity(CompiledVersion& version, const Component& component) {
    const Quantity& quantity = component.quantity;
    CompiledComponent compiled;
    if (quantity.property.empty() && !(quantity.minus.empty() && quantity.plus.empty())) {
        return wrong("`minus` and `plus` go with a `property`");
    }
    if (!quantity.property.empty()) {
        FG_TRY_ASSIGN(compiled.property, slot_for(version, quantity.property));
    }
    std::vector<std::string> names{quantity.property};
    for (const auto& [terms, slots] :
         {std::pair{&quantity.minus, &compiled.minus}, std::pair{&quantity.plus, &compiled.plus}}) {
        for (const std::string& name : *terms) {
            if (std::find(names.begin(), names.end(), name) != names.end()) {
                return wrong("property `" + name + "` stands in the quantity twice");
            }
            names.push_back(name);
            FG_TRY_ASSIGN(const Slot slot, slot_for(version, name));
            slots->push_back(slot);
        }
    }
    version.components.push_back(std::move(compiled));
    return {};
}

Status compile_components(CompiledVersion& version) {
    const std::vector<Component>& components = version.definition.components;
    if (components.empty() || components.size() > components_max) {
        return wrong("a version has 1 to " + std::to_string(components_max) + " components");
    }
    for (std::size_t i = 0; i < components.size(); ++i) {
        FG_TRY(check_name("component", components[i].name));
        for (std::size_t j = 0; j < i; ++j) {
            if (components[j].name == components[i].name) {
                return wrong("component `" + components[i].name + "` stands there twice");
            }
        }
        if (Status status = compile_quantity(version, components[i]); !status) {
            return at(component_place(components[i].name), status.error());
        }
    }
    return {};
}

using Match = std::array<std::string_view, dimensions_max>;

Status read_match(const CompiledVersion& version, const PriceRow& row, Match& match) {
    const std::vector<std::string>& names = version.definition.dimensions;
    match.fill({});
    std::array<bool, dimensions_max> seen{};
    for (const DimensionValue& value : row.match) {
        const auto name = std::find(names.begin(), names.end(), value.dimension);
        if (name == names.end()) {
            return wrong("`" + value.dimension + "` is no dimension of the product");
        }
        const auto place = static_cast<std::size_t>(name - names.begin());
        if (seen[place]) return wrong("dimension `" + value.dimension + "` is matched twice");
        seen[place] = true;
        if (value.value.empty() || value.value.size() > value_length_max) {
            return wrong(
                "the value of dimension `" + value.dimension + "` must have 1 to " +
                std::to_string(value_length_max) + " bytes"
            );
        }
        if (value.value != "*") match[place] = value.value;
    }
    return {};
}

/// Adds one row. `slot_of_property` gives the slot of the property that tiers look up.
template <typename SlotOfProperty>
Status add_row(
    const CompiledVersion& version, std::size_t component, const PriceRow& row, std::size_t index,
    SlotOfProperty slot_of_property, RowTable& table
) {
    FG_TRY(check_row(row, version.definition.components[component].period));
    Match match;
    FG_TRY(read_match(version, row, match));
    TableRow entry{&row, static_cast<std::uint32_t>(index), 0};
    const auto* volume = std::get_if<Volume>(&row.price);
    if (volume != nullptr && volume->basis == TierBasis::property) {
        FG_TRY_ASSIGN(entry.basis_slot, slot_of_property(volume->property));
    }
    table.add(component, std::span(match).first(version.dimensions.size()), entry);
    return {};
}

template <typename SlotOfProperty>
Status add_rows(
    const CompiledVersion& version, std::size_t component, const std::vector<PriceRow>& rows,
    SlotOfProperty slot_of_property, RowTable& table
) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Status status = add_row(version, component, rows[i], i, slot_of_property, table);
        if (status) continue;
        const std::string& name = version.definition.components[component].name;
        return at(component_place(name) + "row " + std::to_string(i) + ": ", status.error());
    }
    return {};
}

Status check_row_count(std::size_t count, const char* of_what) {
    if (count <= rows_max) return {};
    return wrong(
        std::string(of_what) + " has at most " + std::to_string(rows_max) + " rows and this one " +
        std::to_string(count)
    );
}

Status finish(const CompiledVersion& version, RowTable& table) {
    std::size_t component = 0;
    if (Status status = table.finish(component); !status) {
        return at(component_place(version.definition.components[component].name), status.error());
    }
    return {};
}

Status compile_rows(CompiledVersion& version) {
    const std::vector<Component>& components = version.definition.components;
    std::size_t count = 0;
    for (const Component& component : components) count += component.rows.size();
    FG_TRY(check_row_count(count, "a version"));
    version.table = RowTable(components.size(), version.dimensions.size());
    const auto slot = [&version](const std::string& name) { return slot_for(version, name); };
    for (std::size_t i = 0; i < components.size(); ++i) {
        FG_TRY(add_rows(version, i, components[i].rows, slot, version.table));
    }
    return finish(version, version.table);
}

Status compile_all(CompiledVersion& version) {
    const VersionDefinition& definition = version.definition;
    FG_TRY(check_name("product", definition.product));
    FG_TRY(check_name("asset", definition.asset));
    if (definition.scale > scale_max) {
        return wrong("an asset's scale is at most " + std::to_string(scale_max));
    }
    if (definition.number == 0) return wrong("versions are numbered from 1");
    FG_TRY(compile_dimensions(version));
    FG_TRY(compile_components(version));
    return compile_rows(version);
}

}  // namespace

Result<std::shared_ptr<const PriceVersion>> PriceVersion::compile(VersionDefinition definition) {
    auto compiled = std::make_unique<CompiledVersion>(std::move(definition));
    FG_TRY(compile_all(*compiled));
    return std::shared_ptr<const PriceVersion>(new PriceVersion(std::move(compiled)));
}

PriceVersion::PriceVersion(std::unique_ptr<const CompiledVersion> compiled) noexcept
    : compiled_(std::move(compiled)) {}
PriceVersion::~PriceVersion() = default;

const VersionDefinition& PriceVersion::definition() const noexcept { return compiled_->definition; }

Result<std::shared_ptr<const RowTable>> compile_override(
    const CompiledVersion& version, const Replace& definition
) {
    const std::vector<Component>& components = version.definition.components;
    std::size_t count = 0;
    for (const ReplacedRows& replaced : definition.components) count += replaced.rows.size();
    FG_TRY(check_row_count(count, "an override"));
    auto table = std::make_shared<RowTable>(components.size(), version.dimensions.size());
    const auto slot = [&version](const std::string& name) -> Result<Slot> {
        const auto known = version.slot_of.find(name);
        if (known != version.slot_of.end()) return known->second;
        return wrong("the product does not use the property `" + name + "`");
    };
    std::vector<bool> seen(components.size());
    for (const ReplacedRows& replaced : definition.components) {
        const auto is_it = [&](const Component& one) { return one.name == replaced.component; };
        const auto found = std::find_if(components.begin(), components.end(), is_it);
        if (found == components.end()) {
            return wrong("the product has no component `" + replaced.component + "`");
        }
        const auto index = static_cast<std::size_t>(found - components.begin());
        if (seen[index]) return wrong("component `" + replaced.component + "` stands there twice");
        seen[index] = true;
        FG_TRY(add_rows(version, index, replaced.rows, slot, *table));
    }
    FG_TRY(finish(version, *table));
    return std::shared_ptr<const RowTable>(std::move(table));
}

}  // namespace faregate::rating
