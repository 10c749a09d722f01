// Products and events of any shape: a version is refused with a reason or prices every event; an
// event is refused with a code and leaves nothing, or has charges that are not negative and add up;
// a hold covers the event that it was made for; and everything can be explained.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "faregate/core/assert.h"
#include "faregate/rating/price_book.h"
#include "faregate/rating/rate.h"

namespace faregate::rating {
namespace {

constexpr std::array<const char*, 5> names = {"q", "r", "model", "region", "b a d"};

/// Takes decisions from the input; at its end, always the first.
class Choices {
  public:
    Choices(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

    bool is_empty() const { return at_ == size_; }
    std::uint8_t byte() { return is_empty() ? std::uint8_t{0} : data_[at_++]; }
    int below(int count) { return byte() % count; }
    bool maybe() { return below(2) == 1; }
    std::string name() { return names[static_cast<std::size_t>(below(names.size()))]; }

    /// Up to 20 of the characters that numbers are made of, or one of some numbers.
    std::string text() {
        static constexpr std::string_view letters = "0123456789.e-*";
        static constexpr std::array<const char*, 6> usual = {
            "1", "0", "2.5", "200000", "999999999999999999.999999999999999999", "1e-18"};
        const int length = below(28);
        if (length < 8) return usual[static_cast<std::size_t>(length) % usual.size()];
        std::string result;
        for (int i = 8; i < length; ++i) {
            result += letters[static_cast<std::size_t>(below(static_cast<int>(letters.size())))];
        }
        return result;
    }
    Number number() { return Number::parse(text()).value_or(Number{}); }
    Timestamp time() {
        // Hours around a month's end of 2026.
        return {1'772'323'200'000'000 + (below(256) - 128) * 3'600'000'000};
    }

  private:
    const std::uint8_t* data_;
    std::size_t size_;
    std::size_t at_ = 0;
};

std::vector<Tier> any_tiers(Choices& choices) {
    std::vector<Tier> result(static_cast<std::size_t>(choices.below(4)));
    for (Tier& tier : result) {
        tier = {choices.number(), choices.number(), choices.maybe() ? choices.number() : Number{}};
    }
    if (choices.below(8) != 1) result.push_back({{}, choices.number(), {}});
    return result;
}

PriceModel any_model(Choices& choices) {
    const std::uint64_t per = choices.maybe() ? 1'000'000 : static_cast<unsigned>(choices.below(8));
    const auto basis = static_cast<TierBasis>(choices.below(3));
    switch (choices.below(6)) {
        case 0:
            return PerUnit{choices.number(), per};
        case 1:
            return Package{choices.number(), choices.number()};
        case 2:
            return Graduated{basis, per, any_tiers(choices)};
        case 3:
            return Volume{
                basis, basis == TierBasis::property ? choices.name() : "", per, any_tiers(choices)};
        case 4:
            return Percentage{choices.number(), choices.number(), choices.number(), {}};
        default:
            return Flat{choices.number()};
    }
}

PriceRow any_row(Choices& choices) {
    PriceRow row;
    for (int i = choices.below(3); i > 0; --i) {
        row.match.push_back({choices.name(), choices.maybe() ? "*" : choices.text()});
    }
    if (choices.maybe()) row.from = choices.time();
    if (choices.maybe()) row.until = choices.time();
    if (choices.maybe()) {
        row.daily = DailyWindow{
            Duration::seconds(3600 * choices.below(26)),
            Duration::seconds(3600 * choices.below(26))};
    }
    row.price = any_model(choices);
    return row;
}

Component any_component(Choices& choices) {
    Component component;
    component.name = choices.name();
    if (choices.below(4) != 1) component.quantity.property = choices.name();
    if (choices.maybe()) component.quantity.minus.push_back(choices.name());
    if (choices.maybe()) component.quantity.plus.push_back(choices.name());
    component.quantity.required = choices.maybe();
    if (choices.maybe()) component.period = static_cast<Period>(choices.below(3));
    component.optional = choices.maybe();
    for (int i = choices.below(5); i > 0; --i) component.rows.push_back(any_row(choices));
    return component;
}

VersionDefinition any_version(Choices& choices) {
    VersionDefinition version;
    version.product = "llm";
    version.asset = "USD";
    version.scale = static_cast<Scale>(choices.below(20));
    if (choices.maybe()) version.dimensions = {"model", "region"};
    for (int i = choices.below(4); i > 0; --i) version.components.push_back(any_component(choices));
    return version;
}

class FuzzedPosition final : public AccumulatedView {
  public:
    explicit FuzzedPosition(Choices& choices) : position_{choices.number(), choices.number()} {}
    Position position(std::string_view, Period, Timestamp) const noexcept override {
        return position_;
    }

  private:
    Position position_;
};

void check(const Terms& terms, const Rating& rating) {
    Amount total;
    for (const Charge& charge : rating.charges) {
        FG_ASSERT(!charge.amount.is_negative(), "no charge is below zero");
        FG_ASSERT(!charge.quantity.is_zero(), "a charge is for something");
        total += charge.amount;
        FG_ASSERT(!explain(terms, rating, charge).empty(), "a charge can be explained");
    }
    FG_ASSERT(total == rating.total, "the total is the sum of the charges");
    FG_ASSERT(total <= Amount::request_max(), "a total is an amount that can be asked for");
}

void check_refused(const RateResult& result, const Rating& rating) {
    FG_ASSERT(!result.error().message.empty(), "a refusal says why");
    FG_ASSERT(rating.charges.empty() && rating.parts.empty(), "a refusal leaves nothing");
    FG_ASSERT(rating.accumulations.empty() && rating.total.is_zero(), "a refusal leaves nothing");
}

void price_event(const PriceVersion& version, const Multiply& rate_of_wallet, Choices& choices) {
    std::array<std::string, 4> values;
    std::vector<Property> properties;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (choices.below(8) == 1) continue;
        values[i] = choices.text();
        properties.push_back({names[i], values[i]});
    }
    OverrideDefinition multiply;
    multiply.effect = rate_of_wallet;
    Terms terms;
    terms.version = &version;
    if (choices.maybe()) terms.multiply = &multiply;
    const Event event{choices.time(), properties, choices.time()};
    const FuzzedPosition position(choices);

    Rating priced;
    Rating held;
    const RateResult price = rate(terms, event, position, priced);
    const RateResult hold = rate_hold(terms, event, position, held);
    price ? check(terms, priced) : check_refused(price, priced);
    hold ? check(terms, held) : check_refused(hold, held);
    if (!hold) return;
    FG_ASSERT(price.has_value(), "what can be held for can be captured");
    FG_ASSERT(priced.total <= held.total, "a hold covers its event");
}

}  // namespace
}  // namespace faregate::rating

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace faregate::rating;
    Choices choices(data, size);
    const auto version = PriceVersion::compile(any_version(choices));
    if (!version) {
        FG_ASSERT(!version.error().message.empty(), "a refusal says why");
        return 0;
    }
    const Multiply rate_of_wallet{choices.number()};
    do price_event(**version, rate_of_wallet, choices);
    while (!choices.is_empty());
    return 0;
}
