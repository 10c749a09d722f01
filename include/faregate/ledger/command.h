#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "faregate/core/amount.h"
#include "faregate/core/id.h"
#include "faregate/core/time.h"
#include "faregate/ledger/wallet.h"

namespace faregate::ledger {

inline constexpr Duration ttl_default = Duration::seconds(300);
inline constexpr Duration ttl_min = Duration::seconds(1);
inline constexpr Duration ttl_max = Duration::seconds(604'800);

/// An asset by its code and a number as the caller wrote them. An empty code stands for "the only
/// asset of this authorization".
struct RequestedAmount {
    std::string asset;
    Decimal amount;
};

// What a caller can ask of one wallet. Texts and times were checked for form (length, range,
// grammar) by whoever built the command; assets, amounts and states are checked by `decide`.
// Amounts of one command name each asset at most once.

struct CreateWallet {
    WalletId wallet;
    std::string name;
    OverCapture over_capture = OverCapture::cap;
    std::string metadata;
};

struct UpdateWallet {
    WalletId wallet;
    std::optional<WalletStatus> status;
    std::optional<OverCapture> over_capture;
    std::optional<std::string> name;
    std::optional<std::string> metadata;
    std::vector<RequestedAmount> overdraft_limits;
};

struct AddGrant {
    WalletId wallet;
    RequestedAmount amount;
    GrantKind kind = GrantKind::paid;
    std::uint8_t priority = grant_priority_default;
    std::optional<Timestamp> effective_at;  ///< now, if absent
    std::optional<Timestamp> expires_at;    ///< never, if absent
    std::string metadata;
};

struct RevokeGrant {
    GrantId grant;
};

struct Authorize {
    WalletId wallet;
    std::vector<RequestedAmount> amounts;
    Duration ttl = ttl_default;
    bool dry_run = false;
    std::string description;
    std::string metadata;
};

struct Capture {
    AuthorizationId authorization;
    std::vector<RequestedAmount> amounts;  ///< empty: all that is held
    bool final = true;                     ///< false: the rest stays held
};

struct Void {
    AuthorizationId authorization;
};

struct Increment {
    AuthorizationId authorization;
    std::vector<RequestedAmount> amounts;
    std::optional<Duration> ttl;  ///< counted from now; never shortens the hold
};

struct Debit {
    WalletId wallet;
    std::vector<RequestedAmount> amounts;
    std::string description;
    std::string metadata;
};

using Command = std::variant<
    CreateWallet, UpdateWallet, AddGrant, RevokeGrant, Authorize, Capture, Void, Increment, Debit>;

/// Not a wallet's affair: decided by the engine's catalogue.
struct CreateAsset {
    std::string code;
    Scale scale = 0;
    std::string name;
    std::string symbol;
};

}  // namespace faregate::ledger
