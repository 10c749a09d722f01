#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "support/price_list.h"

namespace faregate::support {
namespace {

constexpr int dimensions = 3;
constexpr int days = 4;
const char* const dimension_names[dimensions] = {"provider", "model", "region"};
const Timestamp start = time("2026-03-01T00:00:00Z");

int between(int low, int high) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(low, high + 1));
}

Timestamp at_hour(int hour) { return start + Duration::seconds(std::int64_t{hour} * 3600); }

/// A price row as a table would show it: `*` is -1, days count from `start`, -1 is always.
struct PlainRow {
    int match[dimensions] = {-1, -1, -1};
    int from_day = -1;
    int until_day = days;
    std::optional<std::pair<int, int>> hours;

    bool holds_at_hour(int hour_of_day) const {
        if (!hours) return true;
        for (int hour = hours->first; hour != hours->second; hour = (hour + 1) % 24) {
            if (hour == hour_of_day) return true;
        }
        return false;
    }
    bool applies(const int (&event)[dimensions], int hour) const {
        for (int i = 0; i < dimensions; ++i) {
            if (match[i] != -1 && match[i] != event[i]) return false;
        }
        const int day = hour / 24;
        return from_day <= day && day < until_day && holds_at_hour(hour % 24);
    }
    int named() const {
        int count = 0;
        for (const int value : match) count += value == -1 ? 0 : 1;
        return count;
    }
};

PlainRow any_row() {
    PlainRow result;
    for (int& value : result.match) value = between(-1, 1);
    result.from_day = between(-1, days - 2);
    result.until_day = between(result.from_day + 1, days);
    if (result.until_day < 0) result.until_day = 0;
    if (between(1, 3) == 1) {
        const int first = between(0, 23);
        result.hours = {first, (first + between(1, 23)) % 24};
    }
    return result;
}

/// Which row is to be taken, in the words of the documentation.
bool better(const PlainRow& a, const PlainRow& b) {
    if (a.named() != b.named()) return a.named() > b.named();
    for (int i = 0; i < dimensions; ++i) {
        const bool a_names = a.match[i] != -1;
        const bool b_names = b.match[i] != -1;
        if (a_names != b_names) return a_names;
    }
    if (a.hours.has_value() != b.hours.has_value()) return a.hours.has_value();
    return a.from_day > b.from_day;
}

bool could_tie(const PlainRow& a, const PlainRow& b) {
    if (!std::equal(a.match, a.match + dimensions, b.match) || a.from_day != b.from_day ||
        a.hours.has_value() != b.hours.has_value()) {
        return false;
    }
    for (int hour = 0; hour < 24; ++hour) {
        if (a.holds_at_hour(hour) && b.holds_at_hour(hour)) return true;
    }
    return false;
}

const char* value_text(int value) { return value == 0 ? "a" : value == 1 ? "b" : "*"; }

PriceRow to_row(const PlainRow& plain) {
    PriceRow result = row(Flat{number("1")});
    for (int i = 0; i < dimensions; ++i) {
        result.match.push_back({dimension_names[i], value_text(plain.match[i])});
    }
    if (plain.from_day != -1) result.from = at_hour(24 * plain.from_day);
    if (plain.until_day != days) result.until = at_hour(24 * plain.until_day);
    if (plain.hours) {
        result.daily = DailyWindow{
            Duration::seconds(plain.hours->first * 3600),
            Duration::seconds(plain.hours->second * 3600)};
    }
    return result;
}

VersionDefinition version_of(const std::vector<PlainRow>& rows) {
    auto result = definition({component("requests", "", {})});
    result.dimensions.assign(dimension_names, dimension_names + dimensions);
    for (const PlainRow& plain : rows) result.components[0].rows.push_back(to_row(plain));
    return result;
}

RC_GTEST_PROP(RatingRowsProperty, TheRowTakenIsTheOneThatASearchThroughAllFinds, ()) {
    std::vector<PlainRow> rows;
    for (int count = between(1, 40); count > 0; --count) {
        const PlainRow candidate = any_row();
        const auto ties = [&candidate](const PlainRow& other) {
            return could_tie(candidate, other);
        };
        if (std::none_of(rows.begin(), rows.end(), ties)) rows.push_back(candidate);
    }
    const auto version = compile(version_of(rows));
    for (int i = 0; i < 20; ++i) {
        // The value 2 stands in no row, and -1 is an absent property.
        const int event[dimensions] = {between(-1, 2), between(-1, 2), between(-1, 2)};
        const int hour = between(0, 24 * days - 1);
        int best = -1;
        for (std::size_t at = 0; at < rows.size(); ++at) {
            if (!rows[at].applies(event, hour)) continue;
            if (best == -1 || better(rows[at], rows[static_cast<std::size_t>(best)])) {
                best = static_cast<int>(at);
            }
        }
        Properties properties;
        const char* texts[] = {"a", "b", "unknown"};
        for (int d = 0; d < dimensions; ++d) {
            if (event[d] != -1) properties.push_back({dimension_names[d], texts[event[d]]});
        }
        const Outcome outcome = price(*version, properties, at_hour(hour));
        if (best == -1) {
            RC_ASSERT(outcome.text() == "price_not_found");
        } else {
            RC_ASSERT(outcome.result.has_value());
            RC_ASSERT(outcome.rating.charges.at(0).row == static_cast<std::uint32_t>(best));
        }
    }
}

RC_GTEST_PROP(RatingRowsProperty, ExactlyTheRowsThatCouldTieAreRefused, ()) {
    std::vector<PlainRow> rows;
    bool tie = false;
    for (int count = between(1, 12); count > 0; --count) {
        PlainRow candidate = any_row();
        candidate.match[2] = -1;
        for (const PlainRow& other : rows) tie = tie || could_tie(candidate, other);
        rows.push_back(candidate);
    }
    RC_TAG(tie);
    RC_ASSERT(tie == !refusal_of(version_of(rows)).empty());
}

}  // namespace
}  // namespace faregate::support
