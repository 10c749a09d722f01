#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "faregate/core/amount.h"
#include "faregate/core/time.h"
#include "faregate/ledger/command.h"
#include "http/json_document.h"
#include "http/problem.h"

namespace faregate::http {

/// The object that a request's typed reader starts from.
struct RequestBody {
    JsonValue value;
    /// Members that somebody else has read, such as `op` of a batch's operation.
    std::span<const std::string_view> read_elsewhere;
};

/// Reads the members of one JSON object by name and type. The first fault goes into `fault` and
/// stays there; what is read after it has no meaning. A member that is not in `names` is a fault:
/// a typo must not spend money.
class ObjectReader {
  public:
    ObjectReader(
        const RequestBody& body, std::initializer_list<std::string_view> names,
        std::optional<Problem>& fault
    );
    /// For an object inside another one; `path` is where it stands.
    ObjectReader(
        JsonValue object, std::string path, std::initializer_list<std::string_view> names,
        std::optional<Problem>& fault
    );

    bool has(std::string_view name) const;

    /// Texts have at most `characters_max` characters (not bytes), and no U+0000.
    std::optional<std::string> optional_text(std::string_view name, std::size_t characters_max);
    std::string required_text(std::string_view name, std::size_t characters_max);
    /// A text of any form: whether something has that id is asked later.
    std::string required_id(std::string_view name);
    /// Empty if absent.
    std::string text(std::string_view name, std::size_t characters_max);

    std::optional<std::int64_t> optional_integer(
        std::string_view name, std::int64_t min, std::int64_t max
    );
    std::int64_t required_integer(std::string_view name, std::int64_t min, std::int64_t max);
    /// `ttl_seconds`.
    std::optional<Duration> optional_ttl();
    bool boolean(std::string_view name, bool absent);
    std::optional<Timestamp> optional_time(std::string_view name);
    /// `choices` is the list for the message: "active or frozen".
    template <typename Enum>
    std::optional<Enum> optional_choice(
        std::string_view name, std::optional<Enum> (*parse)(std::string_view),
        std::string_view choices
    );

    /// A JSON object of at most 16 KiB, as compact text; empty if absent.
    std::string metadata();
    std::optional<std::string> optional_metadata();

    /// `asset` and `amount`, or `amounts`. Amounts are judged by the ledger, not here.
    std::vector<ledger::RequestedAmount> amounts();
    /// The same for an authorization: all may be absent, and so may the asset beside an amount.
    std::vector<ledger::RequestedAmount> optional_amounts();
    /// An object of amounts by asset; empty if absent.
    std::vector<ledger::RequestedAmount> amounts_by_asset(std::string_view name);
    /// An asset's code; required.
    std::string asset(std::string_view name);
    Decimal required_amount(std::string_view name);

    void fail(std::string_view name, std::string_view must);

  private:
    void refuse_unknown(
        std::initializer_list<std::string_view> names, std::span<const std::string_view> more
    );
    std::optional<JsonValue> find(std::string_view name) const;
    std::optional<JsonValue> require(std::string_view name);
    std::string path_of(std::string_view name) const;
    std::optional<std::string> read_text(JsonValue value, std::string_view name, std::size_t max);
    Decimal read_amount(JsonValue value, std::string_view name);
    std::vector<ledger::RequestedAmount> read_lines(JsonValue lines);
    void refuse_repeated(const std::vector<ledger::RequestedAmount>& amounts);

    std::optional<JsonValue> object_;
    std::string path_;
    std::optional<Problem>& fault_;
};

template <typename Enum>
std::optional<Enum> ObjectReader::optional_choice(
    std::string_view name, std::optional<Enum> (*parse)(std::string_view), std::string_view choices
) {
    const auto value = find(name);
    if (!value) return std::nullopt;
    if (value->kind() == JsonKind::string) {
        if (const auto choice = parse(value->text())) return choice;
    }
    fail(name, "must be one of " + std::string(choices) + ".");
    return std::nullopt;
}

/// The number of characters of valid UTF-8.
std::size_t count_characters(std::string_view text) noexcept;

}  // namespace faregate::http
