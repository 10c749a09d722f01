#include "faregate/rating/rate.h"

#include <algorithm>

#include "faregate/core/assert.h"
#include "rating/exact.h"
#include "rating/inputs.h"
#include "rating/tiers.h"

namespace faregate::rating {
namespace {

enum class Purpose : std::uint8_t { charge, hold };

tl::unexpected<Refusal> refuse(RefusalCode code, const std::string& subject, std::string message) {
    return tl::unexpected(Refusal{code, subject, std::move(message)});
}

tl::unexpected<Refusal> too_large(const std::string& component, const char* what) {
    return refuse(
        RefusalCode::too_large, component,
        std::string(what) + " of component `" + component + "` is too large"
    );
}

/// Prices one component under one row: writes the parts of the charge.
class RowPricing {
  public:
    RowPricing(
        Inputs& inputs, const TableRow& row, const Position& position, Purpose purpose,
        Rating& rating, Charge& charge
    )
        : inputs_(inputs),
          row_(row),
          position_(position),
          purpose_(purpose),
          parts_(rating.parts),
          charge_(charge) {}

    RateResult operator()(const PerUnit& model) {
        charge_.per = model.per;
        parts_.push_back({charge_.quantity, model.price, {}, 0});
        return {};
    }

    RateResult operator()(const Package& model) {
        const auto packages = charge_.quantity.packages_of(model.size);
        if (!packages) return too_large(component_name(), "the number of packages");
        parts_.push_back({*packages, model.price, {}, 0});
        return {};
    }

    RateResult operator()(const Graduated& model) {
        charge_.per = model.per;
        FG_ASSERT(model.basis != TierBasis::property, "checked when the version was compiled");
        const Position position = position_of(model.basis);
        const auto end = end_of(position);
        if (!end) return tl::unexpected(end.error());
        if (purpose_ == Purpose::charge || position.pending.is_zero()) {
            append_graduated(model.tiers, {position.accumulated, false}, *end, parts_);
            return {};
        }
        const Place worst = append_graduated_worst(
            model.tiers, model.per, position.accumulated, position.pending, charge_.quantity, parts_
        );
        charge_.accumulated = worst.number;
        return {};
    }

    RateResult operator()(const Volume& model) {
        charge_.per = model.per;
        VolumeReach reach;
        if (model.basis == TierBasis::property) {
            const auto looked_up = inputs_.number(row_.basis_slot);
            if (!looked_up) return tl::unexpected(looked_up.error());
            reach.end = *looked_up;
            reach.with_zero = true;
            reach.bounds_quantity = is_part_of(row_.basis_slot);
        } else {
            const Position position = position_of(model.basis);
            const auto end = end_of(position);
            if (!end) return tl::unexpected(end.error());
            reach.begin = position.accumulated;
            reach.end = *end;
        }
        if (purpose_ == Purpose::charge) {
            append_volume(model.tiers, tier_of(model.tiers, reach.end), charge_.quantity, parts_);
        } else {
            append_volume_worst(model.tiers, model.per, reach, charge_.quantity, parts_);
        }
        return {};
    }

    RateResult operator()(const Percentage& model) {
        const std::size_t begin = parts_.size();
        parts_.push_back({charge_.quantity, model.rate, model.fixed, 0});
        const auto bound = [&](Bound which, const Number& value) {
            charge_.bound = which;
            parts_.back() = {Number::whole(1), value, {}, 0};
        };
        const std::span<const Part> own = std::span<const Part>(parts_).subspan(begin);
        if (model.minimum && compare_value(own, 1, *model.minimum) < 0) {
            bound(Bound::minimum, *model.minimum);
        } else if (model.maximum && compare_value(own, 1, *model.maximum) > 0) {
            bound(Bound::maximum, *model.maximum);
        }
        return {};
    }

    RateResult operator()(const Flat& model) {
        parts_.push_back({Number::whole(1), model.price, {}, 0});
        return {};
    }

  private:
    const std::string& component_name() const {
        return inputs_.version().definition.components[charge_.component].name;
    }

    Position position_of(TierBasis basis) const {
        return basis == TierBasis::accumulated ? position_ : Position{};
    }

    /// Where the event ends at the latest.
    tl::expected<Number, Refusal> end_of(const Position& position) const {
        auto end = position.accumulated.plus(charge_.quantity);
        if (end && purpose_ == Purpose::hold) end = end->plus(position.pending);
        if (!end) return too_large(component_name(), "the accumulated quantity");
        return *end;
    }

    /// Whether the component's quantity is never more than that property.
    bool is_part_of(Slot property) const {
        const CompiledComponent& compiled = inputs_.version().components[charge_.component];
        return compiled.property == property && compiled.plus.empty();
    }

    Inputs& inputs_;
    const TableRow& row_;
    const Position& position_;
    Purpose purpose_;
    std::vector<Part>& parts_;
    Charge& charge_;
};

/// Prices one event.
class Pricing {
  public:
    Pricing(
        const Terms& terms, const Event& event, const AccumulatedView& accumulated, Purpose purpose,
        Rating& rating
    )
        : terms_(terms),
          inputs_(terms.version->compiled(), event),
          accumulated_(accumulated),
          purpose_(purpose),
          rating_(rating) {}

    RateResult run() {
        const CompiledVersion& version = inputs_.version();
        rating_.version = version.definition.number;
        if (terms_.multiply != nullptr) {
            rating_.multiplier = std::get<Multiply>(terms_.multiply->effect).rate;
        }
        if (auto read = inputs_.read(); !read) return read;
        since_midnight_ = since_midnight(inputs_.event().at);
        listed_values_ = version.table.values_of(inputs_.dimensions());
        if (terms_.replaced_rows != nullptr) {
            replaced_values_ = terms_.replaced_rows->values_of(inputs_.dimensions());
        }
        for (std::size_t i = 0; i < version.components.size(); ++i) {
            if (auto priced = price_component(i); !priced) return priced;
        }
        return {};
    }

  private:
    RateResult price_component(std::size_t index) {
        const Component& component = inputs_.version().definition.components[index];
        const auto quantity = inputs_.quantity(index);
        if (!quantity) return tl::unexpected(quantity.error());
        if (quantity->is_zero()) return {};
        Charge charge;
        charge.component = static_cast<std::uint32_t>(index);
        charge.quantity = *quantity;
        const TableRow* row = find_row(index, charge);
        if (row == nullptr && !component.optional) return no_price(component);
        Position position;
        if (component.period) position = accumulate(component, charge);
        if (row == nullptr) return {};
        charge.row = row->index;
        charge.accumulated = position.accumulated;
        charge.parts_begin = static_cast<std::uint32_t>(rating_.parts.size());
        RowPricing pricing(inputs_, *row, position, purpose_, rating_, charge);
        if (auto priced = std::visit(pricing, row->row->price); !priced) return priced;
        return add(component, charge);
    }

    const TableRow* find_row(std::size_t component, Charge& charge) const {
        const Timestamp at = inputs_.event().at;
        if (terms_.replaced_rows != nullptr) {
            const TableRow* row =
                terms_.replaced_rows->find(component, replaced_values_, at, since_midnight_);
            charge.replaced = row != nullptr;
            if (row != nullptr) return row;
        }
        charge.multiplied = rating_.multiplier.has_value();
        return inputs_.version().table.find(component, listed_values_, at, since_midnight_);
    }

    /// Notes what the event adds, and returns what there was before.
    Position accumulate(const Component& component, const Charge& charge) {
        const Event& event = inputs_.event();
        const Timestamp start = period_start(*component.period, event.anchor, event.at);
        rating_.accumulations.push_back(
            {charge.component, *component.period, start, charge.quantity}
        );
        return accumulated_.position(component.name, *component.period, start);
    }

    /// Rounds the charge and adds it to the total.
    RateResult add(const Component& component, Charge& charge) {
        charge.parts_count = static_cast<std::uint32_t>(rating_.parts.size()) - charge.parts_begin;
        const std::span<const Part> parts(rating_.parts);
        const auto rounded = round_value(
            parts.subspan(charge.parts_begin), charge.per,
            charge.multiplied ? &*rating_.multiplier : nullptr, inputs_.version().definition.scale
        );
        if (!rounded) return too_large(component.name, "the charge");
        charge.amount = rounded->amount;
        charge.rounding = rounded->rounding;
        rating_.total += charge.amount;
        if (rating_.total > Amount::request_max()) return too_large(component.name, "the total");
        rating_.charges.push_back(charge);
        return {};
    }

    RateResult no_price(const Component& component) const {
        const VersionDefinition& version = inputs_.version().definition;
        std::string message = "no price of component `" + component.name + "` of product `" +
                              version.product + "`, version " + std::to_string(version.number) +
                              ", applies";
        const char* separator = " to ";
        for (std::size_t i = 0; i < version.dimensions.size(); ++i) {
            const std::string_view value = inputs_.dimensions()[i];
            message += separator;
            separator = ", ";
            message += value.data() == nullptr
                           ? "no " + version.dimensions[i]
                           : version.dimensions[i] + " `" +
                                 std::string(value.substr(0, value_length_max)) + "`";
        }
        return refuse(RefusalCode::price_not_found, component.name, std::move(message));
    }

    const Terms& terms_;
    Inputs inputs_;
    const AccumulatedView& accumulated_;
    Purpose purpose_;
    Rating& rating_;
    Duration since_midnight_;
    RowTable::Values listed_values_{};
    RowTable::Values replaced_values_{};
};

RateResult price(
    const Terms& terms, const Event& event, const AccumulatedView& accumulated, Purpose purpose,
    Rating& rating
) {
    FG_ASSERT(terms.version != nullptr, "terms with a version");
    rating.clear();
    auto result = Pricing(terms, event, accumulated, purpose, rating).run();
    if (!result) rating.clear();
    return result;
}

}  // namespace

RateResult rate(
    const Terms& terms, const Event& event, const AccumulatedView& accumulated, Rating& rating
) {
    return price(terms, event, accumulated, Purpose::charge, rating);
}

RateResult rate_hold(
    const Terms& terms, const Event& event, const AccumulatedView& accumulated, Rating& rating
) {
    return price(terms, event, accumulated, Purpose::hold, rating);
}

}  // namespace faregate::rating
