#include "http/render.h"

#include "faregate/core/assert.h"

namespace faregate::http {

const ledger::Asset& asset_of(const engine::Execution& done, ledger::AssetIndex index) {
    FG_ASSERT(done.assets != nullptr, "an execution knows the assets of its receipt");
    return done.assets->at(index);
}

std::string amount_text(
    const engine::Execution& done, const ledger::ReceiptLine& line, Amount amount
) {
    return amount.to_string(asset_of(done, line.asset).scale);
}

void write_time(JsonWriter& json, std::string_view name, Timestamp at) {
    json.key(name);
    if (at.is_never()) return json.null();
    json.string(to_rfc3339(at));
}

void write_lsn(JsonWriter& json, Lsn lsn) { json.member("lsn", lsn.value); }

void write_if_any(JsonWriter& json, std::string_view name, std::string_view text) {
    if (!text.empty()) json.member(name, text);
}

void write_metadata(JsonWriter& json, std::string_view metadata) {
    if (!metadata.empty()) json.raw_member("metadata", metadata);
}

void write_hold_lines(JsonWriter& json, const engine::Execution& done) {
    json.key("amounts");
    json.begin_array();
    for (const ledger::ReceiptLine& line : done.receipt.lines) {
        json.begin_object();
        json.member("asset", asset_of(done, line.asset).code);
        json.member("authorized", amount_text(done, line, line.authorized));
        json.member("captured", amount_text(done, line, line.captured));
        json.member("held", amount_text(done, line, line.held));
        json.member("available", amount_text(done, line, line.available));
        json.end_object();
    }
    json.end_array();
}

void write_hold_lines(
    JsonWriter& json, const ledger::Authorization& authorization,
    const ledger::AssetCatalogue& assets
) {
    json.key("amounts");
    json.begin_array();
    for (const ledger::HoldLine& line : authorization.lines) {
        const ledger::Asset& asset = assets.at(line.asset);
        json.begin_object();
        json.member("asset", asset.code);
        json.member("authorized", line.authorized.to_string(asset.scale));
        json.member("captured", line.captured.to_string(asset.scale));
        json.member("held", line.held.to_string(asset.scale));
        json.end_object();
    }
    json.end_array();
}

void write_accounts(
    JsonWriter& json, std::string_view name, const ledger::Wallet& wallet,
    const ledger::AssetCatalogue& assets
) {
    json.key(name);
    json.begin_array();
    for (const ledger::Account& account : wallet.accounts) {
        const ledger::Asset& asset = assets.at(account.asset);
        json.begin_object();
        json.member("asset", asset.code);
        json.member("posted", account.posted.to_string(asset.scale));
        json.member("held", account.held.to_string(asset.scale));
        json.member("available", account.available().to_string(asset.scale));
        json.member("overdraft_limit", account.overdraft_limit.to_string(asset.scale));
        if (account.over_limit()) json.member("over_limit", true);
        json.end_object();
    }
    json.end_array();
}

void write_wallet(
    JsonWriter& json, const ledger::Wallet& wallet, const ledger::AssetCatalogue& assets, Lsn lsn
) {
    json.begin_object();
    json.member("id", wallet.id.text());
    write_if_any(json, "name", wallet.name());
    json.member("status", to_string(wallet.status));
    json.member("over_capture", to_string(wallet.over_capture));
    write_metadata(json, wallet.metadata());
    write_time(json, "created_at", wallet.created_at);
    write_accounts(json, "accounts", wallet, assets);
    write_lsn(json, lsn);
    json.end_object();
}

void write_asset(JsonWriter& json, const ledger::Asset& asset) {
    json.begin_object();
    json.member("code", asset.code);
    json.member("scale", static_cast<std::uint64_t>(asset.scale));
    write_if_any(json, "name", asset.name);
    write_if_any(json, "symbol", asset.symbol);
    write_time(json, "created_at", asset.created_at);
    write_lsn(json, asset.lsn);
    json.end_object();
}

std::string quoted(std::string_view text) {
    constexpr std::size_t characters_max = 128;
    std::string result = "\"";
    for (char c : text.substr(0, characters_max)) result += c >= 0x20 && c < 0x7f ? c : '?';
    if (text.size() > characters_max) result += "...";
    return result + "\"";
}

}  // namespace faregate::http
