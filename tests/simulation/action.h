#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "faregate/engine/idempotency.h"
#include "faregate/ledger/command.h"
#include "support/ledger_model.h"

namespace faregate::simulation {

using support::LedgerModel;

/// What a client asks, in the words of the naive model. Assets are numbers, amounts are counts of
/// the smallest unit (-1: text that is not an amount), times are microseconds.
struct Action {
    enum class Kind {
        create_wallet,
        grant,
        revoke,
        authorize,
        dry_run,
        debit,
        capture,
        release,
        increment,
        set_limit,
        set_status,
        set_policy
    };

    Kind kind = Kind::debit;
    int wallet = 0;
    LedgerModel::Amounts amounts;
    bool everything = false;  ///< capture: no amount is named
    bool final = true;
    std::int64_t ttl = 0;  ///< 0: not named
    AuthorizationId authorization;
    GrantId grant;
    LedgerModel::Grant terms;
    bool frozen = false;
    LedgerModel::Policy policy = LedgerModel::Policy::cap;
};

/// An action under an idempotency key (empty: none).
struct Request {
    Action action;
    std::string key;
};

/// Two assets exist from the beginning, the third one later.
inline constexpr int asset_count = 3;
extern const char* const asset_codes[asset_count];
extern const Scale asset_scales[asset_count];

WalletId wallet_id(int wallet);
ledger::Command to_command(const Action& action);
/// All of the action as text: what a body is to an idempotency key.
std::string to_text(const Action& action);
std::optional<engine::IdempotencyKey> to_key(const Request& request);

}  // namespace faregate::simulation
