#pragma once

#include "faregate/ledger/authorization.h"
#include "faregate/ledger/mutation.h"

namespace faregate::ledger {

/// Makes a wallet out of WalletCreated.
Wallet create_wallet(const Mutation& mutation, Lsn lsn);

/// Makes an authorization out of AuthorizationOpened; `apply` then fills its lines.
Authorization open_authorization(const Mutation& mutation);

/// Applies the effects of a mutation: a pure function of the state and the mutation, the same live
/// and on replay. A record that somebody else wrote, or that was damaged, may not fit the state:
/// then it returns what contradicts, and wallet and authorization are of no use any more. Null: it
/// fits.
///
/// `authorization` is the one that the mutation names, or null if it names none.
[[nodiscard]] const char* try_apply(
    Wallet& wallet, Authorization* authorization, const Mutation& mutation, Lsn lsn
);

/// The same for a mutation that was decided from this state: one that does not fit is a bug, and
/// aborts.
void apply(Wallet& wallet, Authorization* authorization, const Mutation& mutation, Lsn lsn);

}  // namespace faregate::ledger
