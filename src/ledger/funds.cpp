#include "ledger/funds.h"

#include <algorithm>

#include "faregate/core/assert.h"

namespace faregate::ledger {
namespace {

void post(
    Mutation& mutation, AssetIndex asset, Side source, Side destination, GrantId grant,
    Amount amount
) {
    if (amount.is_zero()) return;
    mutation.postings.push_back(Posting{asset, source, destination, grant, amount});
}

bool on_side(const Posting& posting, Side side, Amount& amount) {
    if (posting.destination == side) {
        amount = posting.amount;
    } else if (posting.source == side) {
        amount = -posting.amount;
    } else {
        return false;
    }
    return true;
}

/// What the mutation adds to one side of an account, to one grant's share of it if given.
Amount change_of(
    const Mutation& mutation, AssetIndex asset, Side side, const GrantId* grant = nullptr
) {
    Amount sum;
    for (const Posting& posting : mutation.postings) {
        Amount amount;
        if (posting.asset != asset || (grant != nullptr && posting.grant != *grant)) continue;
        if (on_side(posting, side, amount)) sum += amount;
    }
    return sum;
}

/// What the mutation adds to the credit that holds keep.
Amount change_of_overdraft_held(const Mutation& mutation, AssetIndex asset) {
    constexpr GrantId credit_line{};
    return change_of(mutation, asset, Side::held, &credit_line);
}

void settle_account(
    const Wallet& wallet, AssetIndex asset, const Grant* added, Mutation& mutation
) {
    const Account* account = wallet.find_account(asset);
    Amount owed = account == nullptr ? Amount{} : account->spent_debt();
    owed -= change_of(mutation, asset, Side::debt) + change_of_overdraft_held(mutation, asset);
    if (!owed.is_positive()) return;

    const auto pay = [&](const Grant& grant, Amount free) {
        const Amount paid = std::min(owed, free);
        if (!paid.is_positive()) return;
        post(mutation, asset, Side::available, Side::debt, grant.id, paid);
        owed -= paid;
    };
    // A grant that is being added stands in nobody's way: had there been free money, there would
    // be no spent debt.
    if (added != nullptr) pay(*added, change_of(mutation, asset, Side::available, &added->id));
    for (const Grant& grant : wallet.grants) {
        if (!owed.is_positive()) return;
        if (grant.asset != asset || grant.status != GrantStatus::active) continue;
        pay(grant, grant.free() + change_of(mutation, asset, Side::available, &grant.id));
    }
}

}  // namespace

void begin(const Context& context, const Wallet* wallet, Decision& decision) {
    decision.clear();
    decision.receipt.at = context.now;
    decision.mutation.at = context.now;
    if (wallet != nullptr) {
        decision.receipt.wallet = wallet->id;
        decision.mutation.wallet = wallet->id;
    }
}

void decline(Decision& decision, Outcome outcome) {
    FG_ASSERT(outcome != Outcome::accepted, "a decline has a reason");
    decision.receipt.outcome = outcome;
    decision.mutation.change = Declined{};
    decision.mutation.postings.clear();
    decision.has_mutation = false;
}

void accept(Decision& decision) {
    decision.receipt.outcome = Outcome::accepted;
    decision.has_mutation = true;
}

bool resolve(
    const Context& context, const RequestedAmount& requested, bool zero_allowed, ReceiptLine& line,
    Decision& decision
) {
    const Asset* asset = context.assets.find(requested.asset);
    if (asset == nullptr) {
        decision.receipt.fault_asset = requested.asset;
        decline(decision, Outcome::asset_not_found);
        return false;
    }
    const auto amount = requested.amount.to_amount(asset->scale);
    if (!amount || (amount->is_zero() && !zero_allowed)) {
        decision.receipt.fault = amount ? Decimal::Fault::not_positive : amount.error();
        decision.receipt.fault_asset = requested.asset;
        decline(decision, Outcome::invalid_amount);
        return false;
    }
    line.asset = asset->index;
    line.requested = *amount;
    return true;
}

bool resolve_all(
    const Context& context, const std::vector<RequestedAmount>& requested, Decision& decision
) {
    const auto unknown = std::find_if(requested.begin(), requested.end(), [&](const auto& amount) {
        return context.assets.find(amount.asset) == nullptr;
    });
    if (unknown != requested.end()) {
        decision.receipt.fault_asset = unknown->asset;
        decline(decision, Outcome::asset_not_found);
        return false;
    }
    for (const RequestedAmount& amount : requested) {
        ReceiptLine line;
        if (!resolve(context, amount, false, line, decision)) return false;
        decision.receipt.lines.push_back(line);
    }
    return true;
}

bool all_available(const Wallet& wallet, Receipt& receipt) {
    bool all = true;
    for (ReceiptLine& line : receipt.lines) {
        line.available = wallet.available(line.asset);
        if (line.requested.is_zero() || line.requested <= line.available) continue;
        line.shortfall = line.requested - line.available;
        all = false;
    }
    return all;
}

void take(
    const Wallet& wallet, AssetIndex asset, Amount amount, Side destination, Mutation& mutation
) {
    for (const Grant& grant : wallet.grants) {
        if (amount.is_zero()) return;
        if (grant.asset != asset || grant.status != GrantStatus::active) continue;
        const Amount part = std::min(amount, grant.free());
        post(mutation, asset, Side::available, destination, grant.id, part);
        amount -= part;
    }
    post(mutation, asset, Side::debt, destination, GrantId{}, amount);
}

void capture_held(const HoldLine& line, Amount amount, Mutation& mutation) {
    FG_ASSERT(amount <= line.held, "captured more from a hold than it keeps");
    for (const HoldPart& part : line.parts) {
        const Amount taken = std::min(amount, part.amount);
        post(mutation, line.asset, Side::held, Side::revenue, part.grant, taken);
        amount -= taken;
    }
}

void release_held(const Wallet& wallet, const HoldLine& line, Amount captured, Mutation& mutation) {
    for (const HoldPart& part : line.parts) {
        const Amount kept = std::min(captured, part.amount);
        captured -= kept;
        const Amount back = part.amount - kept;
        if (part.grant.is_nil()) {
            post(mutation, line.asset, Side::held, Side::debt, part.grant, back);
            continue;
        }
        const Grant* grant = wallet.find_grant(part.grant);
        FG_ASSERT(part.amount.is_zero() || grant != nullptr, "a hold pins a grant that is gone");
        const bool active = grant != nullptr && grant->status == GrantStatus::active;
        const Side destination = active ? Side::available : Side::breakage;
        post(mutation, line.asset, Side::held, destination, part.grant, back);
    }
}

void settle_debt(const Wallet& wallet, const Grant* added, Mutation& mutation) {
    // Settling appends postings of its own; what it looks at are the assets touched before.
    const std::size_t count = mutation.postings.size();
    for (std::size_t i = 0; i < count; ++i) {
        const AssetIndex asset = mutation.postings[i].asset;
        const bool seen = std::any_of(
            mutation.postings.begin(), mutation.postings.begin() + static_cast<std::ptrdiff_t>(i),
            [&](const Posting& posting) { return posting.asset == asset; }
        );
        if (!seen) settle_account(wallet, asset, added, mutation);
    }
}

Amount committed(const Wallet& wallet, AssetIndex asset) {
    const Account* account = wallet.find_account(asset);
    if (account == nullptr) return {};
    Amount total = account->free() + account->held + account->overdraft_limit;
    for (const Grant& grant : wallet.grants) {
        const bool scheduled = grant.status == GrantStatus::scheduled;
        if (scheduled && grant.asset == asset) total += grant.remaining;
    }
    return total;
}

Amount available_after(const Wallet& wallet, AssetIndex asset, const Mutation& mutation) {
    return wallet.available(asset) + change_of(mutation, asset, Side::available) +
           change_of(mutation, asset, Side::debt);
}

}  // namespace faregate::ledger
