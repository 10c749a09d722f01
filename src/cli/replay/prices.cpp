#include "cli/replay/prices.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "faregate/ledger/asset.h"

namespace faregate::cli {
namespace {

constexpr int128_t tokens_per_price = 1'000'000;
/// Keeps every sum over a trace far inside an Amount's range.
constexpr int128_t token_price_max = Amount::power_of_ten(18);

tl::unexpected<Error> refuse(const std::string& name, std::string_view what) {
    return failure(ErrorCode::invalid_argument, fmt::format("{}: {}", name, what));
}

Result<Amount> token_price(
    const nlohmann::json& model, const char* member, Scale scale, const std::string& where
) {
    const auto found = model.find(member);
    if (found == model.end() || !found->is_string()) {
        return refuse(where, fmt::format("\"{}\" must be a string such as \"2.5\"", member));
    }
    const auto& text = found->get_ref<const std::string&>();
    const auto per_million = Decimal::parse(text).to_amount(scale);
    if (!per_million) {
        return refuse(
            where, fmt::format("\"{}\": \"{}\" {}", member, text, describe(per_million.error()))
        );
    }
    if (per_million->units() % tokens_per_price != 0) {
        return refuse(
            where, fmt::format(
                       "\"{}\": \"{}\" per million tokens is not exact per token at scale {}",
                       member, text, scale
                   )
        );
    }
    const auto price = Amount::from_units(per_million->units() / tokens_per_price);
    if (price.units() > token_price_max) {
        return refuse(where, fmt::format("\"{}\": \"{}\" is too large", member, text));
    }
    return price;
}

/// Null if there is none. Never a copy: the library copies level by level, and a file may be nested
/// deeper than the stack has room for.
const nlohmann::json& member_of(const nlohmann::json& object, const char* name) {
    static const nlohmann::json none;
    const auto found = object.find(name);
    return found == object.end() ? none : *found;
}

Result<PriceList> read_list(const nlohmann::json& file, const std::string& name) {
    if (!file.is_object()) return refuse(name, "must be a JSON object");
    const auto& asset = member_of(file, "asset");
    if (!asset.is_string() || !ledger::is_asset_code(asset.get_ref<const std::string&>())) {
        return refuse(name, "\"asset\" must be an asset's code such as \"USD\"");
    }
    const auto& scale = member_of(file, "scale");
    if (!scale.is_number_unsigned() || scale.get<std::uint64_t>() > scale_max) {
        return refuse(name, fmt::format("\"scale\" must be a whole number, 0 to {}", scale_max));
    }
    const auto& models = member_of(file, "models");
    if (!models.is_array() || models.empty()) {
        return refuse(name, "\"models\" must be a list of at least one model");
    }
    PriceList list{asset.get<std::string>(), scale.get<Scale>(), {}};
    for (const auto& model : models) {
        if (!model.is_object() || !member_of(model, "model").is_string()) {
            return refuse(name, "every model must be an object with the name in \"model\"");
        }
        ModelPrice price;
        price.model = model["model"].get<std::string>();
        const auto where = fmt::format("{}: model \"{}\"", name, price.model);
        FG_TRY_ASSIGN(price.input_token, token_price(model, "input", list.scale, where));
        FG_TRY_ASSIGN(price.output_token, token_price(model, "output", list.scale, where));
        list.models.push_back(std::move(price));
    }
    return list;
}

}  // namespace

Amount ModelPrice::cost(std::uint64_t input_tokens, std::uint64_t output_tokens) const noexcept {
    return Amount::from_units(
        input_token.units() * static_cast<int128_t>(input_tokens) +
        output_token.units() * static_cast<int128_t>(output_tokens)
    );
}

Result<PriceList> parse_prices(std::string_view json, const std::string& name) {
    const auto file = nlohmann::json::parse(json, nullptr, false);
    if (file.is_discarded()) return refuse(name, "is not JSON");
    return read_list(file, name);
}

Result<PriceList> read_prices(const std::string& path) {
    std::ifstream in(path);
    if (!in) return failure(ErrorCode::not_found, fmt::format("{}: cannot be opened", path));
    std::ostringstream text;
    text << in.rdbuf();
    return parse_prices(text.str(), path);
}

}  // namespace faregate::cli
