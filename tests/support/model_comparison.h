#pragma once

#include <functional>
#include <string>

#include "faregate/ledger/authorization.h"
#include "faregate/ledger/wallet.h"
#include "support/ledger_model.h"

namespace faregate::support {

/// What the model's numbers are called in the ledger.
struct ModelNames {
    std::function<GrantId(int grant)> grant;
    std::function<Timestamp(std::int64_t time)> time;
};

/// "" or a line that says how the two differ.
std::string differ(const std::string& what, Amount found, int expected);

// Empty, or how the ledger differs from the model, a line for each difference.

std::string compare_account(const LedgerModel& model, const ledger::Wallet& wallet, int asset);
std::string compare_grant(
    const LedgerModel& model, int number, const ledger::Wallet& wallet, const ModelNames& names
);
std::string compare_hold(
    const LedgerModel& model, int number, const ledger::Authorization& hold, const ModelNames& names
);

}  // namespace faregate::support
