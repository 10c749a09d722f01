#include <algorithm>

#include "faregate/core/assert.h"
#include "faregate/ledger/expiry.h"
#include "ledger/funds.h"

namespace faregate::ledger {
namespace {

/// Starts a decision about an authorization. False: there is none.
bool begin_hold(
    const Context& context, const Wallet* wallet, const Authorization* authorization,
    AuthorizationId id, Decision& decision
) {
    begin(context, wallet, decision);
    decision.receipt.subject = id.uid;
    if (wallet == nullptr || authorization == nullptr) {
        decline(decision, Outcome::authorization_not_found);
        return false;
    }
    decision.receipt.created_at = authorization->created_at;
    decision.receipt.expires_at = authorization->expires_at;
    decision.receipt.authorization_status = authorization->status;
    decision.receipt.late = authorization->late;
    return true;
}

/// The totals of a line of the authorization before the command.
ReceiptLine line_before(const HoldLine& held) {
    ReceiptLine line;
    line.asset = held.asset;
    line.authorized = held.authorized;
    line.captured = held.captured;
    line.held = held.held;
    return line;
}

ReceiptLine& receipt_line(Receipt& receipt, AssetIndex asset) {
    const auto found =
        std::find_if(receipt.lines.begin(), receipt.lines.end(), [&](const ReceiptLine& line) {
            return line.asset == asset;
        });
    FG_ASSERT(found != receipt.lines.end(), "every line of the hold is in the receipt");
    return *found;
}

/// The asset that an amount means: by its code, or the only one if it has none.
const Asset* asset_of(
    const Context& context, const Authorization& authorization, const RequestedAmount& amount
) {
    if (!amount.asset.empty()) return context.assets.find(amount.asset);
    if (authorization.lines.size() != 1) return nullptr;
    return &context.assets.at(authorization.lines.front().asset);
}

/// Fills the receipt with all lines of the hold and reads the requested amounts into them. An
/// amount without an asset means the only one. False: declined.
bool resolve_for_hold(
    const Context& context, const Authorization& authorization,
    const std::vector<RequestedAmount>& amounts, bool zero_allowed, Decision& decision
) {
    for (const HoldLine& held : authorization.lines) {
        decision.receipt.lines.push_back(line_before(held));
    }
    const auto refuse = [&](const RequestedAmount& amount, Outcome outcome) {
        decision.receipt.fault_asset = amount.asset;
        decline(decision, outcome);
        return false;
    };
    for (const RequestedAmount& amount : amounts) {
        const bool known = amount.asset.empty() || context.assets.find(amount.asset) != nullptr;
        if (!known) return refuse(amount, Outcome::asset_not_found);
    }
    for (const RequestedAmount& amount : amounts) {
        const Asset* asset = asset_of(context, authorization, amount);
        const bool held = asset != nullptr && authorization.find_line(asset->index) != nullptr;
        if (!held) return refuse(amount, Outcome::asset_not_held);
    }
    for (const RequestedAmount& amount : amounts) {
        const Asset* asset = asset_of(context, authorization, amount);
        ReceiptLine resolved;
        const RequestedAmount named{asset->code, amount.amount};
        if (!resolve(context, named, zero_allowed, resolved, decision)) return false;
        receipt_line(decision.receipt, resolved.asset).requested = resolved.requested;
    }
    return true;
}

/// How much of a line is captured from the hold and how much is taken on top.
struct CapturePlan {
    Amount from_hold;
    Amount from_account;
};

/// Applies the over-capture policy to one line; `held` is what the hold can give. False: declined.
bool plan_capture(
    const Wallet& wallet, bool late, Amount held, ReceiptLine& line, CapturePlan& plan,
    Decision& decision
) {
    plan.from_hold = std::min(line.requested, held);
    const Amount excess = line.requested - plan.from_hold;
    line.available = wallet.available(line.asset);
    const Amount available = std::max(line.available, Amount{});
    switch (wallet.over_capture) {
        case OverCapture::reject: {
            const Amount covered =
                late ? std::max(line.authorized - line.captured, Amount{}) : held;
            if (line.requested > covered) {
                line.shortfall = line.requested - covered;
                decline(decision, Outcome::capture_exceeds_hold);
                return false;
            }
            if (excess > available) {
                line.shortfall = excess - available;
                decline(decision, Outcome::insufficient_funds);
                return false;
            }
            plan.from_account = excess;
            break;
        }
        case OverCapture::cap:
            plan.from_account = std::min(excess, available);
            break;
        case OverCapture::debt:
            plan.from_account = excess;
            break;
    }
    line.shortfall = excess - plan.from_account;
    return true;
}

/// A debt or a total that no balance could carry is declined even under the policy `debt`.
bool capture_fits(const Wallet& wallet, const HoldLine& held, const CapturePlan& plan) {
    const Account* account = wallet.find_account(held.asset);
    const Amount debt = account == nullptr ? Amount{} : account->debt;
    const Amount captured = held.captured + plan.from_hold + plan.from_account;
    return debt + plan.from_account <= Amount::balance_max() && captured <= Amount::balance_max();
}

bool capture_line(
    const Wallet& wallet, const HoldLine& held, const Capture& command, bool late,
    Decision& decision
) {
    ReceiptLine& line = receipt_line(decision.receipt, held.asset);
    if (command.amounts.empty()) line.requested = late ? held.not_captured() : held.held;
    CapturePlan plan;
    if (!plan_capture(wallet, late, held.held, line, plan, decision)) return false;
    if (!capture_fits(wallet, held, plan)) {
        decline(decision, Outcome::balance_too_large);
        return false;
    }
    capture_held(held, plan.from_hold, decision.mutation);
    take(wallet, held.asset, plan.from_account, Side::revenue, decision.mutation);
    line.moved = plan.from_hold + plan.from_account;
    line.captured += line.moved;
    line.held -= plan.from_hold;
    if (!command.final) return true;
    line.released = line.held;
    line.held = {};
    release_held(wallet, held, plan.from_hold, decision.mutation);
    return true;
}

void fill_available(const Wallet& wallet, Decision& decision) {
    for (ReceiptLine& line : decision.receipt.lines) {
        line.available = available_after(wallet, line.asset, decision.mutation);
    }
}

void release_all(const Wallet& wallet, const Authorization& authorization, Mutation& mutation) {
    for (const HoldLine& line : authorization.lines) {
        release_held(wallet, line, Amount{}, mutation);
    }
    settle_debt(wallet, nullptr, mutation);
}

}  // namespace

void decide(
    const Context& context, const Wallet* wallet, const Authorization* authorization,
    const Capture& command, Decision& decision
) {
    if (!begin_hold(context, wallet, authorization, command.authorization, decision)) return;
    if (!resolve_for_hold(context, *authorization, command.amounts, true, decision)) return;
    const bool late = authorization->status == AuthorizationStatus::expired;
    if (!authorization->is_open() && (!late || authorization->settled)) {
        return decline(decision, Outcome::authorization_state);
    }
    for (const HoldLine& held : authorization->lines) {
        if (!capture_line(*wallet, held, command, late, decision)) return;
    }
    settle_debt(*wallet, nullptr, decision.mutation);
    fill_available(*wallet, decision);

    AuthorizationChanged change;
    change.authorization = authorization->id;
    change.expires_at = authorization->expires_at;
    change.late = authorization->late || late;
    change.settled = late && command.final;
    change.status = late            ? AuthorizationStatus::expired
                    : command.final ? AuthorizationStatus::captured
                                    : AuthorizationStatus::authorized;
    decision.receipt.authorization_status = change.status;
    decision.receipt.late = change.late;
    decision.mutation.change = change;
    accept(decision);
}

void decide(
    const Context& context, const Wallet* wallet, const Authorization* authorization,
    const Void& command, Decision& decision
) {
    if (!begin_hold(context, wallet, authorization, command.authorization, decision)) return;
    if (!resolve_for_hold(context, *authorization, {}, true, decision)) return;
    if (!authorization->is_open()) return decline(decision, Outcome::authorization_state);

    release_all(*wallet, *authorization, decision.mutation);
    for (ReceiptLine& line : decision.receipt.lines) {
        line.released = line.held;
        line.held = {};
    }
    fill_available(*wallet, decision);
    decision.receipt.authorization_status = AuthorizationStatus::voided;
    AuthorizationChanged change;
    change.authorization = authorization->id;
    change.status = AuthorizationStatus::voided;
    change.expires_at = authorization->expires_at;
    decision.mutation.change = change;
    accept(decision);
}

void decide(
    const Context& context, const Wallet* wallet, const Authorization* authorization,
    const Increment& command, Decision& decision
) {
    if (!begin_hold(context, wallet, authorization, command.authorization, decision)) return;
    if (!resolve_for_hold(context, *authorization, command.amounts, false, decision)) return;
    const auto& lines = decision.receipt.lines;
    const bool too_large = std::any_of(lines.begin(), lines.end(), [](const ReceiptLine& line) {
        return line.authorized + line.requested > Amount::balance_max();
    });
    if (too_large) return decline(decision, Outcome::balance_too_large);
    if (wallet->status == WalletStatus::frozen) return decline(decision, Outcome::wallet_frozen);
    if (!authorization->is_open()) return decline(decision, Outcome::authorization_state);
    if (!all_available(*wallet, decision.receipt)) {
        return decline(decision, Outcome::insufficient_funds);
    }
    for (ReceiptLine& line : decision.receipt.lines) {
        take(*wallet, line.asset, line.requested, Side::held, decision.mutation);
        line.moved = line.requested;
        line.authorized += line.requested;
        line.held += line.requested;
    }
    fill_available(*wallet, decision);
    AuthorizationChanged change;
    change.authorization = authorization->id;
    change.expires_at = authorization->expires_at;
    if (command.ttl) change.expires_at = std::max(change.expires_at, context.now + *command.ttl);
    decision.receipt.expires_at = change.expires_at;
    decision.mutation.change = change;
    accept(decision);
}

void expire(const Wallet& wallet, const Authorization& authorization, Mutation& mutation) {
    FG_ASSERT(authorization.is_open(), "an authorization ends once");
    mutation.clear();
    mutation.wallet = wallet.id;
    mutation.at = authorization.expires_at;
    release_all(wallet, authorization, mutation);
    AuthorizationChanged change;
    change.authorization = authorization.id;
    change.status = AuthorizationStatus::expired;
    change.expires_at = authorization.expires_at;
    mutation.change = change;
}

}  // namespace faregate::ledger
