#include <algorithm>

#include "ledger/funds.h"

namespace faregate::ledger {

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
        const Account* account = wallet->find_account(limit.asset);
        if (account == nullptr || limit.limit >= account->overdraft_limit) continue;
        const Amount available = account->posted - account->held + limit.limit;
        if (!available.is_negative()) continue;
        ReceiptLine line;
        line.asset = limit.asset;
        line.requested = limit.limit;
        line.available = account->available();
        line.shortfall = -available;
        decision.receipt.lines.push_back(line);
        return decline(decision, Outcome::overdraft_in_use);
    }
    update.status = command.status;
    update.over_capture = command.over_capture;
    update.name = command.name;
    update.metadata = command.metadata;
    decision.mutation.change = std::move(update);
    accept(decision);
}

}  // namespace faregate::ledger
