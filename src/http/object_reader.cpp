#include "http/object_reader.h"

#include <algorithm>
#include <charconv>

namespace faregate::http {
namespace {

constexpr std::size_t metadata_bytes_max = 16 * 1024;
constexpr std::size_t metadata_number_characters_max = 64;
constexpr std::int64_t metadata_exponent_max = 1000;
constexpr std::size_t amount_lines_max = 16;
constexpr std::size_t asset_characters_max = 64;
constexpr std::string_view no_nul = "must not contain U+0000.";

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

bool is_storable_number(std::string_view text) {
    if (text.size() > metadata_number_characters_max) return false;
    const std::size_t mark = text.find_first_of("eE");
    if (mark == std::string_view::npos) return true;
    std::string_view digits = text.substr(mark + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto exponent = parse_integer(digits);
    return exponent && *exponent <= metadata_exponent_max && *exponent >= -metadata_exponent_max;
}

/// What PostgreSQL's jsonb cannot keep, anywhere in the value; nothing if it can.
std::optional<std::string_view> not_storable(JsonValue value) {
    if (value.kind() == JsonKind::number && !is_storable_number(value.text())) {
        return "must not contain numbers beyond 64 characters or 1e1000; write them as strings.";
    }
    if (has_nul(value.text()) || has_nul(value.name())) return no_nul;
    if (value.kind() != JsonKind::array && value.kind() != JsonKind::object) return std::nullopt;
    for (auto item = value.first(); item; item = item->next()) {
        if (const auto why = not_storable(*item)) return why;
    }
    return std::nullopt;
}

}  // namespace

std::size_t count_characters(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

ObjectReader::ObjectReader(
    const RequestBody& body, std::initializer_list<std::string_view> names,
    std::optional<Problem>& fault
)
    : object_(body.value), fault_(fault) {
    if (body.value.kind() != JsonKind::object) {
        const std::string kind = describe(body.value.kind());
        if (!fault_)
            fault_ = Problem(
                Refusal::invalid_request,
                "The body must be a JSON object, "
                "not " +
                    kind + "."
            );
        object_.reset();
        return;
    }
    refuse_unknown(names, body.read_elsewhere);
}

ObjectReader::ObjectReader(
    JsonValue object, std::string path, std::initializer_list<std::string_view> names,
    std::optional<Problem>& fault
)
    : object_(object), path_(std::move(path)), fault_(fault) {
    if (object.kind() != JsonKind::object) {
        if (!fault_) fault_ = invalid_member(path_, "must be an object.");
        object_.reset();
        return;
    }
    refuse_unknown(names, {});
}

void ObjectReader::refuse_unknown(
    std::initializer_list<std::string_view> names, std::span<const std::string_view> more
) {
    for (auto member = object_->first(); member; member = member->next()) {
        const std::string_view name = member->name();
        const bool known = std::find(names.begin(), names.end(), name) != names.end() ||
                           std::find(more.begin(), more.end(), name) != more.end();
        if (known) continue;
        std::string must = "is not a member of this request; it has";
        for (std::string_view each : names)
            must += (each == *names.begin() ? " " : ", ") + std::string(each);
        if (names.size() == 0) must += " none";
        return fail(name, must + ".");
    }
}

std::string ObjectReader::path_of(std::string_view name) const {
    return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

void ObjectReader::fail(std::string_view name, std::string_view must) {
    if (!fault_) fault_ = invalid_member(path_of(name), must);
}

std::optional<JsonValue> ObjectReader::find(std::string_view name) const {
    if (!object_ || fault_) return std::nullopt;
    return object_->find(name);
}

bool ObjectReader::has(std::string_view name) const { return find(name).has_value(); }

std::optional<JsonValue> ObjectReader::require(std::string_view name) {
    const auto value = find(name);
    if (!value) fail(name, "is required.");
    return value;
}

std::optional<std::string> ObjectReader::read_text(
    JsonValue value, std::string_view name, std::size_t max
) {
    if (value.kind() != JsonKind::string) {
        fail(name, "must be a string.");
        return std::nullopt;
    }
    const std::string_view text = value.text();
    if (has_nul(text)) {
        fail(name, no_nul);
        return std::nullopt;
    }
    if (text.size() > max && count_characters(text) > max) {
        fail(name, "must have at most " + std::to_string(max) + " characters.");
        return std::nullopt;
    }
    return std::string(text);
}

std::optional<std::string> ObjectReader::optional_text(
    std::string_view name, std::size_t characters_max
) {
    const auto value = find(name);
    return value ? read_text(*value, name, characters_max) : std::nullopt;
}

std::string ObjectReader::required_text(std::string_view name, std::size_t characters_max) {
    const auto value = require(name);
    return value ? read_text(*value, name, characters_max).value_or("") : std::string();
}

std::string ObjectReader::required_id(std::string_view name) {
    const auto value = require(name);
    if (!value) return {};
    if (value->kind() != JsonKind::string) fail(name, "must be a string.");
    return std::string(value->text());
}

std::string ObjectReader::text(std::string_view name, std::size_t characters_max) {
    return optional_text(name, characters_max).value_or("");
}

std::optional<std::int64_t> ObjectReader::optional_integer(
    std::string_view name, std::int64_t min, std::int64_t max
) {
    const auto value = find(name);
    if (!value) return std::nullopt;
    if (value->kind() == JsonKind::number) {
        const auto integer = parse_integer(value->text());
        if (integer && *integer >= min && *integer <= max) return integer;
    }
    fail(
        name, "must be an integer from " + std::to_string(min) + " to " + std::to_string(max) + "."
    );
    return std::nullopt;
}

std::int64_t ObjectReader::required_integer(
    std::string_view name, std::int64_t min, std::int64_t max
) {
    if (!require(name)) return min;
    return optional_integer(name, min, max).value_or(min);
}

std::optional<Duration> ObjectReader::optional_ttl() {
    constexpr std::int64_t second = Duration::seconds(1).microseconds;
    const auto seconds = optional_integer(
        "ttl_seconds", ledger::ttl_min.microseconds / second, ledger::ttl_max.microseconds / second
    );
    if (!seconds) return std::nullopt;
    return Duration::seconds(*seconds);
}

bool ObjectReader::boolean(std::string_view name, bool absent) {
    const auto value = find(name);
    if (!value) return absent;
    if (value->kind() != JsonKind::boolean) fail(name, "must be true or false.");
    return value->truth();
}

std::optional<Timestamp> ObjectReader::optional_time(std::string_view name) {
    const auto value = find(name);
    if (!value) return std::nullopt;
    if (value->kind() == JsonKind::string) {
        if (const auto time = parse_rfc3339(value->text())) return time;
    }
    fail(name, "must be an RFC 3339 time such as \"2026-01-31T09:30:00Z\".");
    return std::nullopt;
}

std::string ObjectReader::metadata() { return optional_metadata().value_or(""); }

std::optional<std::string> ObjectReader::optional_metadata() {
    constexpr std::string_view name = "metadata";
    const auto value = find(name);
    if (!value) return std::nullopt;
    if (value->kind() != JsonKind::object) {
        fail(name, "must be an object.");
        return std::nullopt;
    }
    if (const auto why = not_storable(*value)) {
        fail(name, *why);
        return std::nullopt;
    }
    std::string text;
    append_compact(text, *value);
    if (text.size() > metadata_bytes_max) {
        fail(name, "must have at most " + std::to_string(metadata_bytes_max) + " bytes.");
        return std::nullopt;
    }
    return text;
}

Decimal ObjectReader::read_amount(JsonValue value, std::string_view name) {
    if (value.kind() == JsonKind::string || value.kind() == JsonKind::number) {
        return Decimal::parse(value.text());
    }
    fail(name, "must be a decimal number, as a string such as \"12.50\" or as a JSON number.");
    return Decimal::invalid();
}

Decimal ObjectReader::required_amount(std::string_view name) {
    const auto value = require(name);
    return value ? read_amount(*value, name) : Decimal::invalid();
}

std::string ObjectReader::asset(std::string_view name) {
    std::string code = required_text(name, asset_characters_max);
    // The ledger takes an empty code for "the only one", which nobody may say by accident.
    if (code.empty()) fail(name, "must not be empty.");
    return code;
}

std::vector<ledger::RequestedAmount> ObjectReader::read_lines(JsonValue lines) {
    std::vector<ledger::RequestedAmount> amounts;
    if (lines.kind() != JsonKind::array || lines.size() == 0 || lines.size() > amount_lines_max) {
        fail("amounts", "must be an array of 1 to 16 objects with asset and amount.");
        return amounts;
    }
    amounts.reserve(lines.size());
    for (auto line = lines.first(); line && !fault_; line = line->next()) {
        std::string path = path_of("amounts[" + std::to_string(amounts.size()) + "]");
        ObjectReader reader(*line, std::move(path), {"asset", "amount"}, fault_);
        std::string code = reader.asset("asset");
        amounts.push_back(ledger::RequestedAmount{std::move(code), reader.required_amount("amount")}
        );
    }
    refuse_repeated(amounts);
    return amounts;
}

void ObjectReader::refuse_repeated(const std::vector<ledger::RequestedAmount>& amounts) {
    for (std::size_t i = 0; i < amounts.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (amounts[i].asset != amounts[j].asset) continue;
            const std::string name = "amounts[" + std::to_string(i) + "].asset";
            return fail(name, "names an asset for the second time; add the amounts up.");
        }
    }
}

std::vector<ledger::RequestedAmount> ObjectReader::amounts() {
    if (const auto lines = find("amounts")) {
        if (has("asset") || has("amount")) {
            fail("amounts", "stands beside asset and amount; send one or the other.");
        }
        return read_lines(*lines);
    }
    std::string code = asset("asset");
    const Decimal amount = required_amount("amount");
    return {ledger::RequestedAmount{std::move(code), amount}};
}

std::vector<ledger::RequestedAmount> ObjectReader::optional_amounts() {
    if (has("amounts") || has("asset")) return amounts();
    const auto amount = find("amount");
    if (!amount) return {};
    return {ledger::RequestedAmount{"", read_amount(*amount, "amount")}};
}

std::vector<ledger::RequestedAmount> ObjectReader::amounts_by_asset(std::string_view name) {
    std::vector<ledger::RequestedAmount> amounts;
    const auto value = find(name);
    if (!value) return amounts;
    if (value->kind() != JsonKind::object || value->size() == 0 ||
        value->size() > amount_lines_max) {
        fail(name, "must be an object of 1 to 16 amounts by their asset.");
        return amounts;
    }
    for (auto member = value->first(); member && !fault_; member = member->next()) {
        const std::string_view code = member->name();
        const std::string path = std::string(name) + "." + std::string(code);
        if (code.empty() || code.size() > asset_characters_max || has_nul(code)) {
            fail(path, "is not an asset.");
        }
        const Decimal amount = read_amount(*member, path);
        amounts.push_back(ledger::RequestedAmount{std::string(code), amount});
    }
    return amounts;
}

}  // namespace faregate::http
