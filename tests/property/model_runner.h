#pragma once

#include <array>
#include <string>
#include <vector>

#include "support/ledger_driver.h"
#include "support/ledger_model.h"

namespace faregate::support {

/// Random numbers that stand for one command; see ModelRunner::run.
using RawCommand = std::array<int, 6>;

/// Gives every command to the ledger and to the model, and compares the outcomes and all balances.
class ModelRunner {
  public:
    ModelRunner();

    /// Empty, or what differs.
    std::string run(const RawCommand& raw);

    const LedgerDriver& driver() const noexcept { return driver_; }
    /// The commands so far, for people.
    const std::string& transcript() const noexcept { return transcript_; }

  private:
    using Amounts = LedgerModel::Amounts;

    std::string execute(const ledger::Command& command);
    std::string add_grant(const RawCommand& raw);
    std::string authorize(const RawCommand& raw, bool dry_run);
    std::string debit(const RawCommand& raw);
    std::string capture(const RawCommand& raw);
    std::string give_back(const RawCommand& raw);
    std::string increment(const RawCommand& raw);
    std::string revoke(const RawCommand& raw);
    std::string update(const RawCommand& raw);
    void advance(int seconds);

    std::vector<ledger::RequestedAmount> requested(const Amounts& amounts, bool backwards);
    int pick(int number, std::size_t count) const;
    AuthorizationId hold_id(int index) const;
    GrantId grant_id(int index) const;
    Timestamp at(std::int64_t seconds) const;

    std::string compare() const;
    std::string compare_flows(int asset) const;

    LedgerDriver driver_;
    LedgerModel model_;
    Timestamp start_;
    std::vector<GrantId> grant_ids_;
    std::vector<AuthorizationId> hold_ids_;
    std::string transcript_;
};

}  // namespace faregate::support
