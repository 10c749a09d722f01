#pragma once

#include <vector>

#include "faregate/ledger/authorization.h"
#include "faregate/ledger/command.h"
#include "faregate/ledger/mutation.h"
#include "faregate/ledger/outcome.h"

namespace faregate::ledger {

/// The result of a command for one asset. Which members mean something depends on the command.
struct ReceiptLine {
    AssetIndex asset;
    Amount requested;   ///< what was asked for (capture without an amount: what was held)
    Amount moved;       ///< granted, held, captured, debited or revoked by this command
    Amount released;    ///< given back by this command
    Amount shortfall;   ///< asked for and not to be had
    Amount available;   ///< of the account: after the command, or when it was declined
    Amount authorized;  ///< of the authorization, after the command
    Amount captured;
    Amount held;
};

/// Everything that an answer says and the request does not. Kept with the idempotency key, so that
/// a replay gives the same answer after any number of restarts.
struct Receipt {
    Outcome outcome = Outcome::accepted;
    Timestamp at;
    WalletId wallet;
    Uid subject;             ///< of the authorization, grant or debit; nil if none
    Timestamp created_at;    ///< of the authorization
    Timestamp expires_at;    ///< of the authorization or grant
    Timestamp effective_at;  ///< of the grant
    AuthorizationStatus authorization_status = AuthorizationStatus::authorized;
    GrantStatus grant_status = GrantStatus::active;
    bool late = false;
    Decimal::Fault fault = Decimal::Fault::none;  ///< for invalid_amount
    std::string fault_asset;  ///< the asset code at fault: unknown, not held, or of a bad amount
    std::vector<ReceiptLine> lines;

    void clear() noexcept;
};

/// A decision: the answer, and the mutation that makes it true. There is a mutation only if the
/// outcome is `accepted` and it was no dry run; otherwise nothing may change. Meant to be reused,
/// so that a plain command allocates nothing.
struct Decision {
    Receipt receipt;
    Mutation mutation;
    bool has_mutation = false;

    void clear() noexcept;
};

/// What a rule may look at besides the wallet.
struct Context {
    const AssetCatalogue& assets;
    Timestamp now;  ///< at or after every earlier mutation of the wallet
    Uid next_id;    ///< the id that a new authorization, grant or debit gets
};

// The rules: pure functions of their arguments. Each writes its answer into `decision`.
//
// Preconditions, which the engine sees to: a `wallet` or `authorization` that was not found is
// null; the authorization belongs to the wallet; everything that is due at `context.now` has been
// applied (expiry.h), so that an authorization or grant whose time is over is not met as open.

void decide(const Context&, const Wallet* wallet, const CreateWallet&, Decision& decision);
void decide(const Context&, const Wallet* wallet, const UpdateWallet&, Decision& decision);
void decide(const Context&, const Wallet* wallet, const AddGrant&, Decision& decision);
/// What is not held goes to breakage; what is held stays usable for its holds.
void decide(const Context&, const Wallet* wallet, const RevokeGrant&, Decision& decision);
void decide(const Context&, const Wallet* wallet, const Authorize&, Decision& decision);
void decide(const Context&, const Wallet* wallet, const Debit&, Decision& decision);

/// Spends from the hold, in the order in which it was made. Beyond the hold, the wallet's policy:
/// `reject` declines with capture_exceeds_hold; `cap` takes what is available and reports the
/// shortfall; `debt` takes all, if need be below the overdraft limit. After expiry the same policy
/// applies to a late debit, once: `reject` then declines with insufficient_funds if the account
/// cannot pay.
void decide(
    const Context&, const Wallet* wallet, const Authorization*, const Capture&, Decision& decision
);
void decide(
    const Context&, const Wallet* wallet, const Authorization*, const Void&, Decision& decision
);
void decide(
    const Context&, const Wallet* wallet, const Authorization*, const Increment&, Decision& decision
);

}  // namespace faregate::ledger
