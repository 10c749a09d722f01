#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "faregate/engine/engine.h"
#include "support/manual_clock.h"

namespace faregate::fuzz {

/// Fills a new engine: assets USD (scale 2), TOK (0) and GPU (6); the wallets `acme` with money of
/// USD and TOK, `credit` with an overdraft and the over-capture policy `debt`, `frozen`, and
/// `strict` with the policy `reject`; grants of all kinds; authorizations in every status. The same
/// commands at the same times, so the ids are the same every time, too.
class BaseState {
  public:
    BaseState(engine::Engine& engine, support::ManualClock& clock);

    const std::vector<WalletId>& wallets() const noexcept { return wallets_; }
    const std::vector<AuthorizationId>& authorizations() const noexcept { return authorizations_; }
    const std::vector<GrantId>& grants() const noexcept { return grants_; }

    /// `text` with `{a0}` and so on replaced by the authorizations' ids, and `{g0}` by the grants'.
    std::string with_ids(std::string_view text) const;

  private:
    engine::Execution must(const ledger::Command& command);
    void add_wallets();
    void add_grants();
    void set_policies();
    void add_authorizations();

    engine::Engine& engine_;
    support::ManualClock& clock_;
    std::vector<WalletId> wallets_;
    std::vector<AuthorizationId> authorizations_;
    std::vector<GrantId> grants_;
};

}  // namespace faregate::fuzz
