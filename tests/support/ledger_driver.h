#pragma once

#include <map>
#include <string>
#include <vector>

#include "faregate/ledger/apply.h"
#include "faregate/ledger/decide.h"
#include "faregate/ledger/expiry.h"

namespace faregate::support {

/// What left or entered an account for good.
struct Flows {
    Amount issued;
    Amount revenue;
    Amount breakage;
};

/// One wallet and its authorizations, driven through `decide`, `apply` and expiry without an
/// engine. After each step `problem()` says what the step has broken of all that must always hold:
/// conservation, holds, available money, and accounts as the sums of their grants.
///
/// The assets are USD (scale 2), TOK (scale 0) and GPU (scale 6), in this order.
class LedgerDriver {
  public:
    struct Step {
        Lsn lsn;
        ledger::Mutation mutation;
    };

    LedgerDriver();

    /// Decides and, if there is a mutation, applies it. The receipt lives until the next call.
    const ledger::Receipt& execute(const ledger::Command& command);
    /// Moves the clock and lets everything happen that is due, in its order.
    void advance_to(Timestamp now);

    /// Empty, or the first thing that does not hold.
    const std::string& problem() const noexcept { return problem_; }

    Timestamp now() const noexcept { return now_; }
    const ledger::AssetCatalogue& assets() const noexcept { return assets_; }
    /// Null before it was created.
    const ledger::Wallet* wallet() const noexcept { return exists_ ? &wallet_ : nullptr; }
    const std::map<AuthorizationId, ledger::Authorization>& authorizations() const noexcept {
        return authorizations_;
    }
    Flows flows(ledger::AssetIndex asset) const;
    const std::vector<Step>& steps() const noexcept { return steps_; }

  private:
    void commit(const ledger::Mutation& mutation);
    bool next_due(ledger::Mutation& mutation) const;
    void note(bool condition, const std::string& what);
    void check_receipt(const ledger::Command& command);
    void check_account(const ledger::Account& account);
    void check_holds();
    void check();

    ledger::AssetCatalogue assets_;
    Timestamp now_{1'000'000'000'000'000};
    bool exists_ = false;
    bool may_be_over_limit_ = false;
    ledger::Wallet wallet_;
    std::map<AuthorizationId, ledger::Authorization> authorizations_;
    std::map<ledger::AssetIndex, Flows> flows_;
    std::vector<Step> steps_;
    ledger::Decision decision_;
    std::uint32_t id_counter_ = 0;
    std::string problem_;
};

}  // namespace faregate::support
