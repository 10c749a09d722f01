#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "faregate/rating/price_book.h"
#include "faregate/rating/rate.h"

/// Short words for tests of prices. A text that is no number, or a version that is refused, ends
/// the test program.
namespace faregate::support {

using namespace rating;

inline Number number(std::string_view text) { return Number::parse(text).value(); }

inline Timestamp time(std::string_view text) { return parse_rfc3339(text).value(); }

inline const Timestamp noon = time("2026-03-15T12:00:00Z");

/// Tiers written as {{"10", "5"}, {"", "4"}}: the end of each and its price, and perhaps its flat
/// part.
struct TierText {
    std::string up_to;
    std::string price;
    std::string flat = "0";
};

inline std::vector<Tier> tiers(const std::vector<TierText>& texts) {
    std::vector<Tier> result;
    for (const TierText& text : texts) {
        Tier tier{{}, number(text.price), number(text.flat)};
        if (!text.up_to.empty()) tier.up_to = number(text.up_to);
        result.push_back(tier);
    }
    return result;
}

inline PriceRow row(PriceModel price, std::vector<DimensionValue> match = {}) {
    PriceRow result;
    result.match = std::move(match);
    result.price = std::move(price);
    return result;
}

inline PriceRow per_million(const char* price, std::vector<DimensionValue> match = {}) {
    return row(PerUnit{number(price), 1'000'000}, std::move(match));
}

inline Component component(std::string name, std::string property, std::vector<PriceRow> rows) {
    Component result;
    result.name = std::move(name);
    result.quantity.property = std::move(property);
    result.rows = std::move(rows);
    return result;
}

inline VersionDefinition definition(std::vector<Component> components, Scale scale = 9) {
    VersionDefinition result;
    result.product = "llm";
    result.asset = "USD";
    result.scale = scale;
    result.components = std::move(components);
    return result;
}

/// A version of one component `units` of the property `q`, with one price.
inline VersionDefinition single(PriceModel price, Scale scale = 9) {
    auto result = definition({component("units", "q", {row(std::move(price))})}, scale);
    result.components[0].period = Period::month;
    return result;
}

inline std::shared_ptr<const PriceVersion> compile(VersionDefinition source) {
    return PriceVersion::compile(std::move(source)).value();
}

/// The message with which a version is refused; empty if it is not.
inline std::string refusal_of(VersionDefinition source) {
    const auto result = PriceVersion::compile(std::move(source));
    if (result) return "";
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    return result.error().message;
}

/// The same position for all components.
class FixedPosition final : public AccumulatedView {
  public:
    FixedPosition(Number accumulated, Number pending) : position_{accumulated, pending} {}
    Position position(std::string_view, Period, Timestamp) const noexcept override {
        return position_;
    }

  private:
    Position position_;
};

using Properties = std::vector<Property>;

/// Prices one event: a rating, and why it was refused.
struct Outcome {
    Rating rating;
    RateResult result;
    Scale scale = 0;

    /// The total as text, or the name of the refusal.
    std::string text() const {
        if (!result) return to_string(result.error().code);
        return rating.total.to_string(scale);
    }
    std::string message() const { return result ? "" : result.error().message; }
};

inline Outcome price(
    const Terms& terms, const Properties& properties, Timestamp at = noon,
    const AccumulatedView& accumulated = NothingAccumulated{}
) {
    Outcome outcome;
    outcome.scale = terms.version->definition().scale;
    outcome.result = rate(terms, {at, properties, {}}, accumulated, outcome.rating);
    return outcome;
}

inline Outcome price(
    const PriceVersion& version, const Properties& properties, Timestamp at = noon,
    const AccumulatedView& accumulated = NothingAccumulated{}
) {
    return price(Terms{&version, nullptr, nullptr, nullptr}, properties, at, accumulated);
}

inline Outcome hold(
    const PriceVersion& version, const Properties& properties, const char* accumulated = "0",
    const char* pending = "0"
) {
    Outcome outcome;
    outcome.scale = version.definition().scale;
    const FixedPosition position(number(accumulated), number(pending));
    outcome.result = rate_hold(
        Terms{&version, nullptr, nullptr, nullptr}, {noon, properties, {}}, position, outcome.rating
    );
    return outcome;
}

/// What `q` units cost under one price after `accumulated` units.
inline std::string cost(
    const PriceModel& model, std::string_view q, const char* accumulated = "0", Scale scale = 9
) {
    const FixedPosition position(number(accumulated), Number{});
    return price(*compile(single(model, scale)), {{"q", q}}, noon, position).text();
}

}  // namespace faregate::support
