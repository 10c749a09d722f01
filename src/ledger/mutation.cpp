#include "faregate/ledger/mutation.h"

#include "faregate/ledger/decide.h"

namespace faregate::ledger {
namespace {

// Assigned rather than moved in, so that the text keeps its memory.
const WalletId no_wallet;

}  // namespace

AuthorizationId Mutation::authorization() const noexcept {
    if (const auto* opened = std::get_if<AuthorizationOpened>(&change)) {
        return opened->authorization;
    }
    if (const auto* changed = std::get_if<AuthorizationChanged>(&change)) {
        return changed->authorization;
    }
    return {};
}

void Mutation::clear() noexcept {
    wallet = no_wallet;
    at = {};
    change = Declined{};
    postings.clear();
}

void Receipt::clear() noexcept {
    outcome = Outcome::accepted;
    at = {};
    wallet = no_wallet;
    subject = {};
    created_at = {};
    expires_at = {};
    effective_at = {};
    authorization_status = AuthorizationStatus::authorized;
    grant_status = GrantStatus::active;
    late = false;
    fault = Decimal::Fault::none;
    fault_asset.clear();
    lines.clear();
}

void Decision::clear() noexcept {
    receipt.clear();
    mutation.clear();
    has_mutation = false;
}

}  // namespace faregate::ledger
