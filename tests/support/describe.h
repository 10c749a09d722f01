#pragma once

#include <string>

#include "faregate/engine/projection.h"
#include "faregate/ledger/authorization.h"
#include "faregate/ledger/decide.h"
#include "faregate/ledger/mutation.h"
#include "faregate/ledger/wallet.h"

namespace faregate::support {

// Every member of a value as text: two values are the same exactly if their descriptions are, and a
// failed comparison shows where they differ. Amounts are in the asset's smallest unit.

std::string describe(const ledger::Asset& asset);
std::string describe(const ledger::Grant& grant);
std::string describe(const ledger::Wallet& wallet);
std::string describe(const ledger::Authorization& authorization);
std::string describe(const ledger::Mutation& mutation);
std::string describe(const ledger::Receipt& receipt);

}  // namespace faregate::support
