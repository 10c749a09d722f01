#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "faregate/core/amount.h"
#include "faregate/core/id.h"
#include "faregate/core/time.h"
#include "faregate/ledger/asset.h"
#include "faregate/ledger/authorization.h"
#include "faregate/ledger/wallet.h"

namespace faregate::ledger {

/// The places that money moves between, per wallet and asset. `issued`, `revenue` and `breakage`
/// are the outside; `available + held + debt` is what the wallet's posted balance is.
enum class Side : std::uint8_t { issued, available, held, revenue, breakage, debt };

/// One posting of the double-entry ledger: `amount` leaves `source` and arrives at `destination`.
/// `grant` is set wherever a grant gives or receives; a `held` side without one is credit line.
struct Posting {
    AssetIndex asset;
    Side source = Side::issued;
    Side destination = Side::issued;
    GrantId grant;
    Amount amount;  ///< above zero
};

struct AssetCreated {
    Asset asset;
};
struct WalletCreated {
    std::string name;
    OverCapture over_capture = OverCapture::cap;
    std::string metadata;
};
struct OverdraftLimit {
    AssetIndex asset;
    Amount limit;
};
struct WalletUpdated {
    std::optional<WalletStatus> status;
    std::optional<OverCapture> over_capture;
    std::optional<std::string> name;
    std::optional<std::string> metadata;
    std::vector<OverdraftLimit> overdraft_limits;
};
struct GrantAdded {
    Grant grant;  ///< `remaining` is the amount; `lsn` is not known yet
    std::string metadata;
};
/// A scheduled grant became effective, or a grant ended.
struct GrantChanged {
    GrantId grant;
    GrantStatus status = GrantStatus::active;
};
struct AuthorizationOpened {
    AuthorizationId authorization;
    Timestamp expires_at;
    std::string description;
    std::string metadata;
};
struct AuthorizationChanged {
    AuthorizationId authorization;
    AuthorizationStatus status = AuthorizationStatus::authorized;
    Timestamp expires_at;
    bool late = false;
    bool settled = false;
};
struct DebitPosted {
    DebitId debit;
    std::string description;
    std::string metadata;
};
/// Nothing changed: a decline that is kept for its idempotency key.
struct Declined {};

using Change = std::variant<
    Declined, AssetCreated, WalletCreated, WalletUpdated, GrantAdded, GrantChanged,
    AuthorizationOpened, AuthorizationChanged, DebitPosted>;

/// The effect of one accepted command or of time. Holds effects, not intentions: replaying it needs
/// no rules, no clock and no prices.
struct Mutation {
    WalletId wallet;  ///< empty for AssetCreated
    Timestamp at;
    Change change;
    std::vector<Posting> postings;

    /// The authorization whose hold the postings touch; nil if none.
    AuthorizationId authorization() const noexcept;
    /// Forgets the contents and keeps the memory.
    void clear() noexcept;
};

const char* to_string(Side side) noexcept;
std::optional<Side> parse_side(std::string_view text) noexcept;
/// `authorization_opened` and so on: the alternative that a change holds.
const char* kind_of(const Change& change) noexcept;

}  // namespace faregate::ledger
