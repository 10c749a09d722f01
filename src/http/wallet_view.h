#pragma once

#include <optional>

#include "faregate/ledger/wallet.h"
#include "http/exchange.h"

namespace faregate::http {

using WalletView = engine::View<ledger::Wallet>;

/// The wallet that the path names, once everything that is due has happened to it; 404 if there is
/// none.
tl::expected<WalletView, Problem> view_wallet(Exchange& exchange);

/// For reads: query and headers were read into `problem`, if anything was wrong with them. Then
/// authenticates for reading.
Task<std::optional<Problem>> admit_reader(Exchange& exchange, std::optional<Problem> problem);

/// For lists of one wallet that come from PostgreSQL: the wallet exists, and the projection shows
/// all that happened to it until now.
Task<std::optional<Problem>> await_wallet_projection(Exchange& exchange);

/// Writes `next_cursor`, null at the end.
void write_next_cursor(JsonWriter& json, const std::optional<std::string>& cursor);

}  // namespace faregate::http
