#include "simulation/action.h"

#include <fmt/format.h>

namespace faregate::simulation {
namespace {

using ledger::RequestedAmount;

std::vector<RequestedAmount> requested(const Action& action) {
    std::vector<RequestedAmount> amounts;
    for (const auto& [asset, amount] : action.amounts) {
        const std::string text =
            amount < 0 ? "-1" : Amount::from_units(amount).to_string(asset_scales[asset]);
        amounts.push_back({asset_codes[asset], Decimal::parse(text)});
    }
    return amounts;
}

Duration ttl_of(const Action& action) {
    return action.ttl == 0 ? ledger::ttl_default : Duration{action.ttl};
}

ledger::AddGrant grant_of(const Action& action) {
    ledger::AddGrant grant;
    grant.wallet = wallet_id(action.wallet);
    grant.amount = requested(action).front();
    grant.kind = action.terms.paid ? ledger::GrantKind::paid : ledger::GrantKind::promotional;
    grant.priority = static_cast<std::uint8_t>(action.terms.priority);
    if (action.terms.from != 0) grant.effective_at = Timestamp{action.terms.from};
    if (action.terms.until != LedgerModel::never) grant.expires_at = Timestamp{action.terms.until};
    return grant;
}

ledger::UpdateWallet update_of(const Action& action) {
    ledger::UpdateWallet update;
    update.wallet = wallet_id(action.wallet);
    switch (action.kind) {
        case Action::Kind::set_limit:
            update.overdraft_limits = requested(action);
            break;
        case Action::Kind::set_status:
            update.status =
                action.frozen ? ledger::WalletStatus::frozen : ledger::WalletStatus::active;
            break;
        default:
            update.over_capture = static_cast<ledger::OverCapture>(action.policy);
            break;
    }
    return update;
}

}  // namespace

const char* const asset_codes[asset_count] = {"USD", "TOK", "GEM"};
const Scale asset_scales[asset_count] = {2, 0, 9};

WalletId wallet_id(int wallet) { return WalletId::trusted(fmt::format("wallet-{}", wallet)); }

ledger::Command to_command(const Action& action) {
    const WalletId wallet = wallet_id(action.wallet);
    switch (action.kind) {
        case Action::Kind::create_wallet:
            return ledger::CreateWallet{
                wallet, "", static_cast<ledger::OverCapture>(action.policy), ""};
        case Action::Kind::grant:
            return grant_of(action);
        case Action::Kind::revoke:
            return ledger::RevokeGrant{action.grant};
        case Action::Kind::authorize:
        case Action::Kind::dry_run:
            return ledger::Authorize{
                wallet, requested(action), ttl_of(action), action.kind == Action::Kind::dry_run, "",
                ""};
        case Action::Kind::debit:
            return ledger::Debit{wallet, requested(action), "", ""};
        case Action::Kind::capture:
            return ledger::Capture{action.authorization, requested(action), action.final};
        case Action::Kind::release:
            return ledger::Void{action.authorization};
        case Action::Kind::increment: {
            ledger::Increment increment{action.authorization, requested(action), {}};
            if (action.ttl != 0) increment.ttl = Duration{action.ttl};
            return increment;
        }
        case Action::Kind::set_limit:
        case Action::Kind::set_status:
        case Action::Kind::set_policy:
            break;
    }
    return update_of(action);
}

std::string to_text(const Action& action) {
    std::string text = fmt::format(
        "{} wallet {} authorization {} grant {} all {} final {} ttl {} from {} until {} priority "
        "{} paid {} frozen {} policy {}",
        static_cast<int>(action.kind), action.wallet, action.authorization.text(),
        action.grant.text(), action.everything, action.final, action.ttl, action.terms.from,
        action.terms.until, action.terms.priority, action.terms.paid, action.frozen,
        static_cast<int>(action.policy)
    );
    for (const auto& [asset, amount] : action.amounts) {
        text += fmt::format(" {}:{}", asset_codes[asset], amount);
    }
    return text;
}

std::optional<engine::IdempotencyKey> to_key(const Request& request) {
    if (request.key.empty()) return std::nullopt;
    return engine::IdempotencyKey::make(request.key, to_text(request.action));
}

}  // namespace faregate::simulation
