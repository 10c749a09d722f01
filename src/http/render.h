#pragma once

#include <string>
#include <string_view>

#include "faregate/engine/engine.h"
#include "http/json_writer.h"

namespace faregate::http {

// Pieces that several answers share.

const ledger::Asset& asset_of(const engine::Execution& done, ledger::AssetIndex index);
std::string amount_text(
    const engine::Execution& done, const ledger::ReceiptLine& line, Amount amount
);

/// A time, or null for Timestamp::never().
void write_time(JsonWriter& json, std::string_view name, Timestamp at);
void write_lsn(JsonWriter& json, Lsn lsn);
/// Leaves the member out if the text is empty.
void write_if_any(JsonWriter& json, std::string_view name, std::string_view text);
void write_metadata(JsonWriter& json, std::string_view metadata);

/// `amounts: [{asset, ...}]`, one for each line of the receipt, whose further members are what
/// `write_line(line)` writes.
template <typename WriteLine>
void write_receipt_lines(JsonWriter& json, const engine::Execution& done, WriteLine write_line) {
    json.key("amounts");
    json.begin_array();
    for (const ledger::ReceiptLine& line : done.receipt.lines) {
        json.begin_object();
        json.member("asset", asset_of(done, line.asset).code);
        write_line(line);
        json.end_object();
    }
    json.end_array();
}

/// `amounts: [{asset, authorized, captured, held, available?}]` of an authorization.
void write_hold_lines(JsonWriter& json, const engine::Execution& done);
void write_hold_lines(
    JsonWriter& json, const ledger::Authorization& authorization,
    const ledger::AssetCatalogue& assets
);

/// The members of a wallet, its accounts included.
void write_wallet(
    JsonWriter& json, const ledger::Wallet& wallet, const ledger::AssetCatalogue& assets, Lsn lsn
);
/// `name: [{asset, posted, held, available, overdraft_limit}]`.
void write_accounts(
    JsonWriter& json, std::string_view name, const ledger::Wallet& wallet,
    const ledger::AssetCatalogue& assets
);
void write_asset(JsonWriter& json, const ledger::Asset& asset);

/// For people, in a detail: cut after 128 characters, everything but visible ASCII replaced.
std::string quoted(std::string_view text);

}  // namespace faregate::http
