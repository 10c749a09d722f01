#pragma once

#include "faregate/ledger/authorization.h"
#include "faregate/ledger/mutation.h"

namespace faregate::ledger {

/// Makes a wallet out of WalletCreated.
Wallet create_wallet(const Mutation& mutation, Lsn lsn);

/// Makes an authorization out of AuthorizationOpened; `apply` then fills its lines.
Authorization open_authorization(const Mutation& mutation);

/// Applies the effects of a mutation: a pure function of the state and the mutation, the same live
/// and on replay. It cannot fail; a mutation that does not fit the state is a bug or corruption
/// that was missed, and aborts.
///
/// `authorization` is the one that the mutation names, or null if it names none.
void apply(Wallet& wallet, Authorization* authorization, const Mutation& mutation, Lsn lsn);

}  // namespace faregate::ledger
