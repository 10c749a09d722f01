#include "rating/inputs.h"

namespace faregate::rating {
namespace {

tl::unexpected<Refusal> refuse(RefusalCode code, const std::string& subject, std::string message) {
    return tl::unexpected(Refusal{code, subject, std::move(message)});
}

}  // namespace

RateResult Inputs::read() {
    const std::size_t count = event_.properties.size();
    if (count > properties_max) {
        return refuse(
            RefusalCode::too_many_properties, "properties",
            "an event has at most " + std::to_string(properties_max) +
                " properties, and this one " + std::to_string(count)
        );
    }
    for (const Property& property : event_.properties) {
        const auto known = version_.slot_of.find(property.name);
        if (known == version_.slot_of.end()) continue;
        const Slot slot = known->second;
        if (has(slot)) {
            return refuse(
                RefusalCode::duplicate_property, known->first,
                "property `" + known->first + "` stands in the event twice"
            );
        }
        present_ |= std::uint64_t{1} << slot;
        texts_.set(slot, property.value);
    }
    for (std::size_t i = 0; i < version_.dimensions.size(); ++i) {
        const Slot slot = version_.dimensions[i];
        if (!has(slot)) continue;
        // A view of nothing means that there is no value, which an empty one is not.
        dimensions_[i] = texts_[slot].data() == nullptr ? std::string_view("") : texts_[slot];
    }
    return {};
}

tl::expected<Number, Refusal> Inputs::number(Slot slot) {
    const std::string& name = version_.properties[slot];
    if (!has(slot)) {
        return refuse(
            RefusalCode::property_missing, name, "the event has no property `" + name + "`"
        );
    }
    const std::uint64_t bit = std::uint64_t{1} << slot;
    if ((parsed_ & bit) != 0) return numbers_[slot];
    const auto number = Number::parse(texts_[slot]);
    if (!number) {
        return refuse(
            RefusalCode::property_invalid, name,
            "property `" + name + "`: the quantity " + describe(number.error())
        );
    }
    parsed_ |= bit;
    numbers_.set(slot, *number);
    return *number;
}

RateResult Inputs::combine(Number& quantity, Slot slot, bool add, std::size_t component) {
    if (!has(slot)) return {};
    const auto term = number(slot);
    if (!term) return tl::unexpected(term.error());
    const auto result = add ? quantity.plus(*term) : quantity.minus(*term);
    if (result) {
        quantity = *result;
        return {};
    }
    const std::string& name = version_.definition.components[component].name;
    if (add) {
        return refuse(
            RefusalCode::too_large, name, "the quantity of component `" + name + "` is too large"
        );
    }
    return refuse(
        RefusalCode::negative_quantity, name,
        "the quantity of component `" + name + "` is below zero: property `" +
            version_.properties[slot] + "` is " + term->to_string() + ", and only " +
            quantity.to_string() + " is left to take it from"
    );
}

tl::expected<Number, Refusal> Inputs::quantity(std::size_t component) {
    const CompiledComponent& compiled = version_.components[component];
    if (!compiled.property) return Number::whole(1);
    Number quantity;
    if (has(*compiled.property) || version_.definition.components[component].quantity.required) {
        auto number_or = number(*compiled.property);
        if (!number_or) return number_or;
        quantity = *number_or;
    }
    for (const bool add : {true, false}) {
        for (const Slot slot : add ? compiled.plus : compiled.minus) {
            if (auto combined = combine(quantity, slot, add, component); !combined) {
                return tl::unexpected(std::move(combined).error());
            }
        }
    }
    return quantity;
}

}  // namespace faregate::rating
