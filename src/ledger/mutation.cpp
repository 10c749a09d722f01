#include "faregate/ledger/mutation.h"

#include "faregate/ledger/decide.h"

namespace faregate::ledger {

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
    at = {};
    change = Declined{};
    postings.clear();
}

void Receipt::clear() noexcept {
    outcome = Outcome::accepted;
    at = {};
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
