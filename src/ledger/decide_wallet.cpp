#include <algorithm>

#include "ledger/funds.h"

namespace faregate::ledger {
namespace {

Account account_of(const Wallet& wallet, AssetIndex asset) {
    const Account* found = wallet.find_account(asset);
    if (found != nullptr) return *found;
    Account none;
    none.asset = asset;
    return none;
}

/// Holds may draw all of a limit, so it must leave them within their bound.
bool fits_balance(const Wallet& wallet, const OverdraftLimit& limit) {
    const Amount before = account_of(wallet, limit.asset).overdraft_limit;
    return limit.limit <= before ||
           committed(wallet, limit.asset) - before + limit.limit <= Amount::balance_max();
}

/// Free money that stands beside held credit does not count: it may expire, and the account would
/// be below its limit.
bool is_drawn_beyond(const Wallet& wallet, const OverdraftLimit& limit) {
    const Account account = account_of(wallet, limit.asset);
    return limit.limit < account.overdraft_limit && limit.limit < account.debt;
}

void refuse(
    const Wallet& wallet, const OverdraftLimit& limit, Outcome outcome, Decision& decision
) {
    const Account account = account_of(wallet, limit.asset);
    ReceiptLine line;
    line.asset = limit.asset;
    line.requested = limit.limit;
    line.available = account.available();
    line.shortfall = std::max(account.debt - limit.limit, Amount{});
    decision.receipt.lines.push_back(line);
    decline(decision, outcome);
}

}  // namespace

void decide(
    const Context& context, const Wallet* wallet, const CreateWallet& command, Decision& decision
) {
    begin(context, wallet, decision);
    if (wallet != nullptr) return decline(decision, Outcome::wallet_exists);
    decision.receipt.wallet = command.wallet;
    decision.mutation.wallet = command.wallet;
    decision.mutation.change = WalletCreated{command.name, command.over_capture, command.metadata};
    accept(decision);
}

void decide(
    const Context& context, const Wallet* wallet, const UpdateWallet& command, Decision& decision
) {
    begin(context, wallet, decision);
    if (wallet == nullptr) return decline(decision, Outcome::wallet_not_found);

    WalletUpdated update;
    const auto unknown = std::find_if(
        command.overdraft_limits.begin(), command.overdraft_limits.end(),
        [&](const RequestedAmount& limit) { return context.assets.find(limit.asset) == nullptr; }
    );
    if (unknown != command.overdraft_limits.end()) {
        decision.receipt.fault_asset = unknown->asset;
        return decline(decision, Outcome::asset_not_found);
    }
    for (const RequestedAmount& requested : command.overdraft_limits) {
        ReceiptLine line;
        if (!resolve(context, requested, true, line, decision)) return;
        update.overdraft_limits.push_back(OverdraftLimit{line.asset, line.requested});
    }
    for (const OverdraftLimit& limit : update.overdraft_limits) {
        if (!fits_balance(*wallet, limit))
            return refuse(*wallet, limit, Outcome::balance_too_large, decision);
    }
    for (const OverdraftLimit& limit : update.overdraft_limits) {
        if (is_drawn_beyond(*wallet, limit))
            return refuse(*wallet, limit, Outcome::overdraft_in_use, decision);
    }
    update.status = command.status;
    update.over_capture = command.over_capture;
    update.name = command.name;
    update.metadata = command.metadata;
    decision.mutation.change = std::move(update);
    accept(decision);
}

}  // namespace faregate::ledger
