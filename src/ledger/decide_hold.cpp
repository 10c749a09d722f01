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

void show_lines(const Authorization& authorization, Receipt& receipt) {
    for (const HoldLine& held : authorization.lines) receipt.lines.push_back(line_before(held));
}

/// Fills the receipt with all lines of the hold and reads the requested amounts into them. An
/// amount without an asset means the only one. False: declined.
bool resolve_for_hold(
    const Context& context, const Authorization& authorization,
    const std::vector<RequestedAmount>& amounts, bool zero_allowed, Decision& decision
) {
    show_lines(authorization, decision.receipt);
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

/// A debt or a total that no balance could carry is declined even under the policy `debt`.
bool capture_fits(const Wallet& wallet, const HoldLine& held, Amount moved, Amount from_account) {
    const Account* account = wallet.find_account(held.asset);
    const Amount debt = account == nullptr ? Amount{} : account->debt;
    return debt + from_account <= Amount::balance_max() &&
           held.captured + moved <= Amount::balance_max();
}

/// Says in `line` what a capture moves of one asset, by the over-capture policy: first what is
/// held, then what the account has. Returns what stands in the way.
Outcome plan_capture(const Wallet& wallet, bool late, const HoldLine& held, ReceiptLine& line) {
    const Amount excess = line.requested - std::min(line.requested, held.held);
    line.available = wallet.available(line.asset);
    const Amount available = std::max(line.available, Amount{});
    Amount from_account = excess;
    if (wallet.over_capture == OverCapture::reject) {
        const Amount covered = late ? held.not_captured() : held.held;
        if (line.requested > covered) {
            line.shortfall = line.requested - covered;
            return Outcome::capture_exceeds_hold;
        }
        if (excess > available) {
            line.shortfall = excess - available;
            return Outcome::insufficient_funds;
        }
    } else if (wallet.over_capture == OverCapture::cap) {
        from_account = std::min(excess, available);
    }
    line.shortfall = excess - from_account;
    line.moved = line.requested - line.shortfall;
    return capture_fits(wallet, held, line.moved, from_account) ? Outcome::accepted
                                                                : Outcome::balance_too_large;
}

/// Plans every line before any is captured, so that a decline moves nothing and is the same in
/// whatever order the assets stand. False: declined.
bool plan_captures(
    const Wallet& wallet, const Authorization& authorization, const Capture& command, bool late,
    Decision& decision
) {
    Outcome first = Outcome::accepted;
    for (const HoldLine& held : authorization.lines) {
        ReceiptLine& line = receipt_line(decision.receipt, held.asset);
        if (command.amounts.empty()) line.requested = late ? held.not_captured() : held.held;
        const Outcome outcome = plan_capture(wallet, late, held, line);
        if (outcome == Outcome::accepted) continue;
        if (first == Outcome::accepted || outcome < first) first = outcome;
    }
    if (first == Outcome::accepted) return true;
    for (ReceiptLine& line : decision.receipt.lines) line.moved = {};
    decline(decision, first);
    return false;
}

void capture_line(
    const Wallet& wallet, const HoldLine& held, const Capture& command, Decision& decision
) {
    ReceiptLine& line = receipt_line(decision.receipt, held.asset);
    const Amount from_hold = std::min(line.moved, held.held);
    capture_held(held, from_hold, decision.mutation);
    take(wallet, held.asset, line.moved - from_hold, Side::revenue, decision.mutation);
    line.captured += line.moved;
    line.held -= from_hold;
    if (!command.final) return;
    line.released = line.held;
    line.held = {};
    release_held(wallet, held, from_hold, decision.mutation);
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
    if (!plan_captures(*wallet, *authorization, command, late, decision)) return;
    for (const HoldLine& held : authorization->lines) {
        capture_line(*wallet, held, command, decision);
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
    show_lines(*authorization, decision.receipt);
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
