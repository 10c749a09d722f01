#include "ledger/names.h"

#include "faregate/ledger/authorization.h"
#include "faregate/ledger/mutation.h"
#include "faregate/ledger/outcome.h"
#include "faregate/ledger/wallet.h"

namespace faregate::ledger {
namespace {

constexpr Names<GrantKind, 3> grant_kinds{{"paid", "promotional", "recurring"}};
constexpr Names<GrantStatus, 4> grant_statuses{{"scheduled", "active", "expired", "revoked"}};
constexpr Names<WalletStatus, 2> wallet_statuses{{"active", "frozen"}};
constexpr Names<OverCapture, 3> over_captures{{"reject", "cap", "debt"}};
constexpr Names<AuthorizationStatus, 4> authorization_statuses{
    {"authorized", "captured", "voided", "expired"}};
constexpr Names<Side, 6> sides{{"issued", "available", "held", "revenue", "breakage", "debt"}};
constexpr Names<Outcome, outcome_count> outcomes{{
    "accepted",
    "idempotency_key_reused",
    "wallet_not_found",
    "authorization_not_found",
    "grant_not_found",
    "asset_not_found",
    "wallet_exists",
    "asset_exists",
    "asset_not_held",
    "invalid_amount",
    "invalid_expiry",
    "balance_too_large",
    "wallet_frozen",
    "authorization_state",
    "grant_state",
    "overdraft_in_use",
    "capture_exceeds_hold",
    "insufficient_funds",
}};
constexpr std::array<const char*, 9> change_kinds{
    "declined",    "asset_created", "wallet_created",       "wallet_updated",
    "grant_added", "grant_changed", "authorization_opened", "authorization_changed",
    "debit_posted"};
static_assert(std::variant_size_v<Change> == change_kinds.size());

}  // namespace

const char* to_string(GrantKind kind) noexcept { return grant_kinds.name(kind); }
const char* to_string(GrantStatus status) noexcept { return grant_statuses.name(status); }
const char* to_string(WalletStatus status) noexcept { return wallet_statuses.name(status); }
const char* to_string(OverCapture policy) noexcept { return over_captures.name(policy); }
const char* to_string(Side side) noexcept { return sides.name(side); }
const char* to_string(Outcome outcome) noexcept { return outcomes.name(outcome); }
const char* to_string(AuthorizationStatus status) noexcept {
    return authorization_statuses.name(status);
}
const char* kind_of(const Change& change) noexcept { return change_kinds[change.index()]; }

std::optional<GrantKind> parse_grant_kind(std::string_view text) noexcept {
    return grant_kinds.parse(text);
}
std::optional<GrantStatus> parse_grant_status(std::string_view text) noexcept {
    return grant_statuses.parse(text);
}
std::optional<WalletStatus> parse_wallet_status(std::string_view text) noexcept {
    return wallet_statuses.parse(text);
}
std::optional<OverCapture> parse_over_capture(std::string_view text) noexcept {
    return over_captures.parse(text);
}
std::optional<AuthorizationStatus> parse_authorization_status(std::string_view text) noexcept {
    return authorization_statuses.parse(text);
}
std::optional<Side> parse_side(std::string_view text) noexcept { return sides.parse(text); }
std::optional<Outcome> parse_outcome(std::string_view text) noexcept {
    return outcomes.parse(text);
}

}  // namespace faregate::ledger
