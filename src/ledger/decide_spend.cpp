#include "ledger/funds.h"

namespace faregate::ledger {
namespace {

/// The steps that every way of spending shares. True: the receipt's lines are covered.
template <typename Spend>
bool admit(const Context& context, const Wallet* wallet, const Spend& command, Decision& decision) {
    begin(context, wallet, decision);
    const auto declined = [&](Outcome outcome) {
        decline(decision, outcome);
        return false;
    };
    if (wallet == nullptr) return declined(Outcome::wallet_not_found);
    if (!resolve_all(context, command.amounts, decision)) return false;
    if (wallet->status == WalletStatus::frozen) return declined(Outcome::wallet_frozen);
    if (!all_available(*wallet, decision.receipt)) return declined(Outcome::insufficient_funds);
    return true;
}

void take_all(const Wallet& wallet, Side destination, Decision& decision) {
    for (ReceiptLine& line : decision.receipt.lines) {
        take(wallet, line.asset, line.requested, destination, decision.mutation);
        line.moved = line.requested;
        line.available -= line.requested;
    }
}

}  // namespace

void decide(
    const Context& context, const Wallet* wallet, const Authorize& command, Decision& decision
) {
    if (!admit(context, wallet, command, decision) || command.dry_run) return;

    const AuthorizationId id{context.next_id};
    const Timestamp expires_at = context.now + command.ttl;
    take_all(*wallet, Side::held, decision);
    for (ReceiptLine& line : decision.receipt.lines) {
        line.authorized = line.requested;
        line.held = line.requested;
    }
    decision.receipt.subject = id.uid;
    decision.receipt.created_at = context.now;
    decision.receipt.expires_at = expires_at;
    decision.mutation.change =
        AuthorizationOpened{id, expires_at, command.description, command.metadata};
    accept(decision);
}

void decide(
    const Context& context, const Wallet* wallet, const Debit& command, Decision& decision
) {
    if (!admit(context, wallet, command, decision)) return;

    const DebitId id{context.next_id};
    take_all(*wallet, Side::revenue, decision);
    decision.receipt.subject = id.uid;
    decision.receipt.created_at = context.now;
    decision.mutation.change = DebitPosted{id, command.description, command.metadata};
    accept(decision);
}

}  // namespace faregate::ledger
