#pragma once

#include "faregate/ledger/authorization.h"
#include "faregate/ledger/mutation.h"

namespace faregate::ledger {

// What time does to a wallet. The mutations carry the moment that was due, not the moment at which
// somebody looked, so that no balance depends on when that was.

/// Ends an open authorization and gives back what it holds.
/// Preconditions: it is open and belongs to the wallet; the wallet has nothing due before it.
void expire(const Wallet& wallet, const Authorization& authorization, Mutation& mutation);

/// Makes a scheduled grant effective and settles debt with it.
/// Preconditions: the grant is the wallet's, and scheduled.
void activate(const Wallet& wallet, const Grant& grant, Mutation& mutation);

/// Ends a grant: what is not held goes to breakage.
/// Preconditions: the grant is the wallet's, and active or scheduled.
void expire(const Wallet& wallet, const Grant& grant, Mutation& mutation);

}  // namespace faregate::ledger
