#pragma once

#include <vector>

#include "faregate/ledger/decide.h"

namespace faregate::ledger {

// The building blocks of the rules: each appends postings to a mutation and changes nothing else.

/// Starts a decision about `wallet` at `context.now`.
void begin(const Context& context, const Wallet* wallet, Decision& decision);

/// Ends a decision without effect.
void decline(Decision& decision, Outcome outcome);

/// Ends a decision with a mutation that makes it true.
void accept(Decision& decision);

/// Reads one requested amount into `line.asset` and `line.requested`. False: `decision` was
/// declined with asset_not_found or invalid_amount.
bool resolve(
    const Context& context, const RequestedAmount& requested, bool zero_allowed, ReceiptLine& line,
    Decision& decision
);

/// Resolves all of them into the receipt's lines. Unknown assets are named before bad amounts.
bool resolve_all(
    const Context& context, const std::vector<RequestedAmount>& requested, Decision& decision
);

/// True if every line of the receipt is covered by what the account has available; fills in
/// `available` and `shortfall` either way.
bool all_available(const Wallet& wallet, Receipt& receipt);

/// Takes `amount` out of an account in burn order, then out of its credit line, and puts it at
/// `destination` (held or revenue). Does not ask whether the limit allows it.
void take(
    const Wallet& wallet, AssetIndex asset, Amount amount, Side destination, Mutation& mutation
);

/// Takes `amount` out of what a line still holds, in the order of its parts, into revenue.
/// Precondition: amount <= line.held.
void capture_held(const HoldLine& line, Amount amount, Mutation& mutation);

/// Gives back all that a line holds beyond the first `captured` units: to its grants, to breakage
/// if the grant has ended, to the credit line.
void release_held(const Wallet& wallet, const HoldLine& line, Amount captured, Mutation& mutation);

/// Pays spent debt with free money, wherever the mutation so far has left an account with both.
/// `added` is a grant that the mutation makes effective (not active in `wallet` yet), or null.
void settle_debt(const Wallet& wallet, const Grant* added, Mutation& mutation);

/// All that an account may come to hold: its money, what is scheduled to arrive (so that making a
/// grant effective can never fail) and its credit line.
Amount committed(const Wallet& wallet, AssetIndex asset);

/// The available balance of an account as it will be once the mutation is applied.
Amount available_after(const Wallet& wallet, AssetIndex asset, const Mutation& mutation);

}  // namespace faregate::ledger
