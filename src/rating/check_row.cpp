#include <algorithm>

#include "rating/compiled.h"

namespace faregate::rating {
namespace {

constexpr Duration day = Duration::seconds(86'400);

tl::unexpected<Error> wrong(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

Status check_per(std::uint64_t per) {
    if (per < 1 || per > per_max) {
        return wrong("`per` must be a whole number from 1 to " + std::to_string(per_max));
    }
    return {};
}

Status check_tiers(const std::vector<Tier>& tiers) {
    if (tiers.empty() || tiers.size() > tiers_max) {
        return wrong("there must be 1 to " + std::to_string(tiers_max) + " tiers");
    }
    for (std::size_t i = 0; i < tiers.size(); ++i) {
        const bool last = i + 1 == tiers.size();
        const std::string place = "tier " + std::to_string(i) + ": ";
        if (last && tiers[i].up_to) return wrong(place + "the last tier has no `up_to`");
        if (last) break;
        if (!tiers[i].up_to) return wrong(place + "only the last tier has no `up_to`");
        const Number before = i == 0 ? Number{} : *tiers[i - 1].up_to;
        if (*tiers[i].up_to <= before) {
            return wrong(
                place + "`up_to` is " + tiers[i].up_to->to_string() + " and must be above " +
                before.to_string()
            );
        }
    }
    return {};
}

Status check_period(TierBasis basis, std::optional<Period> period) {
    if (basis == TierBasis::accumulated && !period) {
        return wrong("accumulated tiers need a `period` of the component");
    }
    return {};
}

struct ModelCheck {
    std::optional<Period> period;

    Status operator()(const PerUnit& model) const { return check_per(model.per); }
    Status operator()(const Package& model) const {
        if (model.size.is_zero()) return wrong("`size` must be above zero");
        return {};
    }
    Status operator()(const Graduated& model) const {
        FG_TRY(check_per(model.per));
        if (model.basis == TierBasis::property) {
            return wrong("graduated tiers cannot be chosen by a property; volume tiers can");
        }
        FG_TRY(check_period(model.basis, period));
        return check_tiers(model.tiers);
    }
    Status operator()(const Volume& model) const {
        FG_TRY(check_per(model.per));
        if ((model.basis == TierBasis::property) != !model.property.empty()) {
            return wrong("a `property` goes with tiers that are chosen by a property");
        }
        FG_TRY(check_period(model.basis, period));
        return check_tiers(model.tiers);
    }
    Status operator()(const Percentage& model) const {
        if (model.minimum && model.maximum && *model.maximum < *model.minimum) {
            return wrong("`maximum` is below `minimum`");
        }
        return {};
    }
    Status operator()(const Flat&) const { return {}; }
};

bool in_a_day(Duration time) { return time >= Duration{0} && time < day; }

}  // namespace

Status check_row(const PriceRow& row, std::optional<Period> period) {
    if (row.from >= row.until) return wrong("`until` must be after `from`");
    if (row.daily) {
        if (!in_a_day(row.daily->start) || !in_a_day(row.daily->end)) {
            return wrong("a daily window lies between 00:00 and 24:00");
        }
        if (row.daily->start == row.daily->end) {
            return wrong("a daily window ends at another time than it starts");
        }
    }
    return std::visit(ModelCheck{period}, row.price);
}

bool is_name(std::string_view text) noexcept {
    const auto fits = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == ':' || c == '-';
    };
    return !text.empty() && text.size() <= name_length_max &&
           std::all_of(text.begin(), text.end(), fits);
}

}  // namespace faregate::rating
