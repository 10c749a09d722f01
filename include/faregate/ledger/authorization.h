#pragma once

#include <string>
#include <vector>

#include "faregate/ledger/wallet.h"

namespace faregate::ledger {

/// `authorized` is the only open status; the others are final.
enum class AuthorizationStatus : std::uint8_t { authorized, captured, voided, expired };

/// What one hold keeps of one grant, or of the credit line if `grant` is nil.
struct HoldPart {
    GrantId grant;
    Amount amount;
};

/// One asset of an authorization.
struct HoldLine {
    AssetIndex asset;
    Amount authorized;  ///< everything ever reserved: the first hold and its increments
    Amount captured;    ///< everything ever captured, beyond the hold and late captures included
    Amount held;        ///< the sum of `parts`
    std::vector<HoldPart> parts;  ///< in the order of capture

    /// What a late capture without an amount takes.
    Amount not_captured() const noexcept {
        return captured < authorized ? authorized - captured : Amount{};
    }
};

/// A hold over one or several assets of one wallet.
struct Authorization {
    AuthorizationId id;
    WalletId wallet;
    AuthorizationStatus status = AuthorizationStatus::authorized;
    bool late = false;     ///< Captured after it expired, at least in part.
    bool settled = false;  ///< Expired, and a final late capture was made: no further one.
    Timestamp created_at;
    Timestamp expires_at;
    Timestamp closed_at = Timestamp::never();
    std::string description;
    std::string metadata;  ///< a JSON object, or empty
    std::vector<HoldLine> lines;

    bool is_open() const noexcept { return status == AuthorizationStatus::authorized; }
    const HoldLine* find_line(AssetIndex asset) const noexcept;
    HoldLine* find_line(AssetIndex asset) noexcept;
};

const char* to_string(AuthorizationStatus status) noexcept;
std::optional<AuthorizationStatus> parse_authorization_status(std::string_view text) noexcept;

}  // namespace faregate::ledger
