#include "rating/row_table.h"

#include <algorithm>
#include <bit>

#include "faregate/core/assert.h"

namespace faregate::rating {
namespace {

constexpr std::int64_t microseconds_per_day = 86'400'000'000;

std::uint8_t bit_of(std::size_t dimension) noexcept {
    return static_cast<std::uint8_t>(0x80U >> dimension);
}

std::uint64_t mix(std::uint64_t state, std::uint64_t value) noexcept {
    state = (state ^ value) * 0x9e3779b97f4a7c15U;
    return state ^ (state >> 32);
}

bool applies(const PriceRow& row, Timestamp at, Duration since_midnight) noexcept {
    return row.from <= at && at < row.until && (!row.daily || row.daily->holds(since_midnight));
}

/// Whether `a` is considered before `b`, which has the same match.
bool precedes(const TableRow& a, const TableRow& b) noexcept {
    const bool a_daily = a.row->daily.has_value();
    const bool b_daily = b.row->daily.has_value();
    if (a_daily != b_daily) return a_daily;
    if (a.row->from != b.row->from) return a.row->from > b.row->from;
    return a.index < b.index;
}

/// Whether there is a time at which neither precedes the other for a reason.
bool tie(const PriceRow& a, const PriceRow& b) noexcept {
    if (a.from != b.from || a.daily.has_value() != b.daily.has_value()) return false;
    if (!a.daily) return true;
    return a.daily->holds(b.daily->start) || b.daily->holds(a.daily->start);
}

}  // namespace

Duration since_midnight(Timestamp at) noexcept {
    const std::int64_t rest = at.microseconds % microseconds_per_day;
    return {rest < 0 ? rest + microseconds_per_day : rest};
}

std::size_t TextHash::operator()(std::string_view text) const noexcept {
    std::uint64_t state = 0xcbf29ce484222325U;
    for (; text.size() >= 8; text.remove_prefix(8)) {
        std::uint64_t word = 0;
        std::copy_n(text.data(), 8, reinterpret_cast<char*>(&word));
        state = mix(state, word);
    }
    std::uint64_t word = text.size();
    for (const char c : text) word = (word << 8) | static_cast<unsigned char>(c);
    return mix(state, word);
}

std::size_t RowTable::KeyHash::operator()(const Key& key) const noexcept {
    std::uint64_t state = key.component;
    for (std::size_t i = 0; i < dimensions_max; i += 2) {
        state = mix(state, (std::uint64_t{key.values[i]} << 32) | key.values[i + 1]);
    }
    return mix(state, 0);
}

RowTable::RowTable(std::size_t components, std::size_t dimensions)
    : dimensions_(dimensions), masks_(components) {
    FG_ASSERT(dimensions <= dimensions_max, "as many dimensions as a key has places");
}

RowTable::Values RowTable::values_of(std::span<const std::string_view> texts) const noexcept {
    Values values{};
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (texts[i].data() == nullptr) continue;
        const auto known = values_.find(texts[i]);
        if (known != values_.end()) values[i] = known->second;
    }
    return values;
}

const TableRow* RowTable::find(
    std::size_t component, const Values& values, Timestamp at, Duration since_midnight
) const noexcept {
    Key key;
    key.component = static_cast<std::uint32_t>(component);
    for (const Mask& mask : masks_[component]) {
        bool possible = true;
        for (std::size_t i = 0; i < dimensions_; ++i) {
            key.values[i] = values[i] & mask.keep[i];
            possible = possible && (mask.keep[i] == 0 || values[i] != 0);
        }
        if (!possible) continue;
        const auto found = group_of_.find(key);
        if (found == group_of_.end()) continue;
        for (const TableRow& candidate : groups_[found->second]) {
            if (applies(*candidate.row, at, since_midnight)) return &candidate;
        }
    }
    return nullptr;
}

void RowTable::note_mask(std::size_t component, std::uint8_t named) {
    std::vector<Mask>& masks = masks_[component];
    const auto is_it = [named](const Mask& mask) { return mask.named == named; };
    if (std::any_of(masks.begin(), masks.end(), is_it)) return;
    Mask mask;
    mask.named = named;
    for (std::size_t i = 0; i < dimensions_; ++i) {
        if ((named & bit_of(i)) != 0) mask.keep[i] = ~std::uint32_t{0};
    }
    masks.push_back(mask);
    std::sort(masks.begin(), masks.end(), [](const Mask& a, const Mask& b) {
        const int a_count = std::popcount(a.named);
        const int b_count = std::popcount(b.named);
        return a_count != b_count ? a_count > b_count : a.named > b.named;
    });
}

void RowTable::add(
    std::size_t component, std::span<const std::string_view> match, const TableRow& row
) {
    Key key;
    key.component = static_cast<std::uint32_t>(component);
    std::uint8_t named = 0;
    for (std::size_t i = 0; i < match.size(); ++i) {
        if (match[i].data() == nullptr) continue;
        named = static_cast<std::uint8_t>(named | bit_of(i));
        const auto next = static_cast<std::uint32_t>(values_.size() + 1);
        key.values[i] = values_.try_emplace(std::string(match[i]), next).first->second;
    }
    note_mask(component, named);
    const auto next = static_cast<std::uint32_t>(groups_.size());
    const auto [group, is_new] = group_of_.try_emplace(key, next);
    if (is_new) {
        groups_.emplace_back();
        component_of_group_.push_back(key.component);
    }
    groups_[group->second].push_back(row);
}

Status RowTable::finish(std::size_t& component) {
    for (std::size_t at = 0; at < groups_.size(); ++at) {
        std::vector<TableRow>& group = groups_[at];
        component = component_of_group_[at];
        std::sort(group.begin(), group.end(), precedes);
        group.shrink_to_fit();
        if (group.size() > rows_per_match_max) {
            return failure(
                ErrorCode::invalid_argument,
                "row " + std::to_string(group.back().index) + ": one of more than " +
                    std::to_string(rows_per_match_max) + " rows with the same match"
            );
        }
        for (std::size_t a = 0; a < group.size(); ++a) {
            for (std::size_t b = a + 1; b < group.size(); ++b) {
                if (group[a].row->from != group[b].row->from) break;
                if (!tie(*group[a].row, *group[b].row)) continue;
                const auto [first, second] = std::minmax(group[a].index, group[b].index);
                return failure(
                    ErrorCode::invalid_argument,
                    "row " + std::to_string(second) + ": same match and `from` as row " +
                        std::to_string(first) + ", so neither comes first"
                );
            }
        }
    }
    component_of_group_ = {};
    return {};
}

}  // namespace faregate::rating
