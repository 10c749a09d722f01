#include "faregate/core/assert.h"
#include "faregate/ledger/expiry.h"
#include "ledger/funds.h"

namespace faregate::ledger {
namespace {

Grant make_grant(const Context& context, const AddGrant& command, const ReceiptLine& line) {
    Grant grant;
    grant.id = GrantId{context.next_id};
    grant.asset = line.asset;
    grant.remaining = line.requested;
    grant.kind = command.kind;
    grant.priority = command.priority;
    grant.effective_at = command.effective_at.value_or(context.now);
    grant.expires_at = command.expires_at.value_or(Timestamp::never());
    grant.status = grant.effective_at > context.now ? GrantStatus::scheduled : GrantStatus::active;
    return grant;
}

void post_effective(const Wallet& wallet, const Grant& grant, Mutation& mutation) {
    mutation.postings.push_back(Posting{
        grant.asset, Side::issued, Side::available, grant.id, grant.remaining});
    settle_debt(wallet, &grant, mutation);
}

void post_end(const Grant& grant, GrantStatus status, Mutation& mutation) {
    mutation.change = GrantChanged{grant.id, status};
    if (grant.status != GrantStatus::active || grant.free().is_zero()) return;
    mutation.postings.push_back(Posting{
        grant.asset, Side::available, Side::breakage, grant.id, grant.free()});
}

}  // namespace

void decide(
    const Context& context, const Wallet* wallet, const AddGrant& command, Decision& decision
) {
    begin(context, wallet, decision);
    if (wallet == nullptr) return decline(decision, Outcome::wallet_not_found);
    ReceiptLine line;
    if (!resolve(context, command.amount, false, line, decision)) return;

    const Grant grant = make_grant(context, command, line);
    Receipt& receipt = decision.receipt;
    receipt.effective_at = grant.effective_at;
    receipt.expires_at = grant.expires_at;
    line.available = wallet->available(grant.asset);
    const bool ends_too_early =
        grant.expires_at <= context.now || grant.expires_at <= grant.effective_at;
    if (ends_too_early) return decline(decision, Outcome::invalid_expiry);
    if (committed(*wallet, grant.asset) + grant.remaining > Amount::balance_max()) {
        receipt.lines.push_back(line);
        return decline(decision, Outcome::balance_too_large);
    }
    receipt.subject = grant.id.uid;
    receipt.grant_status = grant.status;
    decision.mutation.change = GrantAdded{grant, command.metadata};
    if (grant.status == GrantStatus::active) post_effective(*wallet, grant, decision.mutation);
    line.moved = line.requested;
    line.available = available_after(*wallet, grant.asset, decision.mutation);
    receipt.lines.push_back(line);
    accept(decision);
}

void decide(
    const Context& context, const Wallet* wallet, const RevokeGrant& command, Decision& decision
) {
    begin(context, wallet, decision);
    decision.receipt.subject = command.grant.uid;
    const Grant* grant = wallet == nullptr ? nullptr : wallet->find_grant(command.grant);
    if (grant == nullptr) return decline(decision, Outcome::grant_not_found);
    decision.receipt.grant_status = grant->status;
    decision.receipt.effective_at = grant->effective_at;
    decision.receipt.expires_at = grant->expires_at;
    const bool ended =
        grant->status == GrantStatus::expired || grant->status == GrantStatus::revoked;
    if (ended) return decline(decision, Outcome::grant_state);

    ReceiptLine line;
    line.asset = grant->asset;
    line.moved = grant->free();
    line.held = grant->held;
    post_end(*grant, GrantStatus::revoked, decision.mutation);
    line.available = available_after(*wallet, grant->asset, decision.mutation);
    decision.receipt.grant_status = GrantStatus::revoked;
    decision.receipt.lines.push_back(line);
    accept(decision);
}

void activate(const Wallet& wallet, const Grant& grant, Mutation& mutation) {
    FG_ASSERT(grant.status == GrantStatus::scheduled, "only a scheduled grant becomes effective");
    mutation.clear();
    mutation.wallet = wallet.id;
    mutation.at = grant.effective_at;
    mutation.change = GrantChanged{grant.id, GrantStatus::active};
    post_effective(wallet, grant, mutation);
}

void expire(const Wallet& wallet, const Grant& grant, Mutation& mutation) {
    const bool live = grant.status == GrantStatus::active || grant.status == GrantStatus::scheduled;
    FG_ASSERT(live, "a grant ends once");
    mutation.clear();
    mutation.wallet = wallet.id;
    mutation.at = grant.expires_at;
    post_end(grant, GrantStatus::expired, mutation);
}

}  // namespace faregate::ledger
