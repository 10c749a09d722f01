#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "faregate/engine/engine.h"
#include "simulation/action.h"

namespace faregate::simulation {

/// A promise was broken.
class Violation : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Knows from a naive model what every answer has to be, and what must be there after every crash.
/// Hears of everything that was executed, in order, and keeps what it needs to take the last
/// mutations back. Everything that contradicts it throws a Violation.
class Auditor {
  public:
    explicit Auditor(int wallet_count, Duration retention);

    /// The stamp that a call gets at this time of the clock.
    Timestamp stamp(Timestamp clock);

    /// What was answered, at a stamp. `last` is the last LSN of the journal after the call.
    void executed(
        const Request& request, Timestamp at, const Result<engine::Execution>& answer, Lsn last,
        engine::Engine& engine
    );
    /// The asset exists from this LSN on.
    void asset_created(int asset, Lsn lsn) { assets_.at(static_cast<std::size_t>(asset)) = lsn; }
    bool asset_exists(int asset) const {
        return assets_.at(static_cast<std::size_t>(asset)).has_value();
    }
    /// Reads a wallet with all it has, and compares; returns what the answer depends on, or nothing
    /// if the engine was unavailable.
    std::optional<Lsn> read(int wallet, Timestamp at, engine::Engine& engine);
    /// A client was told something that depends on everything up to here.
    void acknowledged(Lsn lsn) { acknowledged_ = std::max(acknowledged_, lsn); }
    /// What there was when the server began.
    Lsn recovered() const noexcept { return recovered_; }
    Lsn acknowledged() const noexcept { return acknowledged_; }

    /// A server began with everything up to `last`, and its next stamp is `now`. Returns whether
    /// anything is gone, which nobody can have been told of.
    bool restarted(Lsn last, Timestamp now, Timestamp clock);
    /// The operator gave up what came after `last`.
    void accept_loss(Lsn last) { acknowledged_ = std::min(acknowledged_, last); }

    /// When the next thing happens by itself, and to which wallet; Timestamp::never() if nothing.
    struct Event {
        Timestamp at = Timestamp::never();
        int wallet = 0;
    };
    Event next_event() const;

    /// The last outcome, for the tally.
    const std::string& outcome() const noexcept { return outcome_; }
    /// What was looked at last, for people.
    const std::string& context() const noexcept { return context_; }

  private:
    /// One wallet, as the model sees it.
    struct Wallet {
        bool exists = false;
        LedgerModel ledger;
        std::map<AuthorizationId, int> holds;
        std::map<GrantId, int> grants;
        std::map<int, GrantId> grant_ids;
        std::set<int> adopted;  ///< expired holds whose time of closing is the engine's
    };
    struct Mutation {
        Lsn lsn;
        Timestamp at;
        Action action;
        Uid subject;
    };
    struct Answer {
        std::string body;
        std::string receipt;
        Lsn lsn;
        Timestamp at;
    };
    struct Book {
        Wallet before;  ///< when the server began
        Wallet now;
        std::vector<Mutation> mutations;                     ///< since then
        std::map<std::string, std::vector<Answer>> answers;  ///< by key, the newest last
        Lsn last_before;  ///< the newest LSN when the server began
        Lsn last;
    };

    std::string perform(Wallet& wallet, const Action& action, Uid subject) const;
    std::string perform_on_hold(Wallet& wallet, const Action& action) const;
    void advance(Wallet& wallet, Timestamp at) const;
    void adopt_closing_times(Book& book, Timestamp at, engine::Engine& engine) const;
    const Answer* find_answer(const Book& book, const std::string& key, Timestamp at) const;
    static bool reaches_wallet(const Wallet& wallet, const Action& action);
    static bool names_something_known(const Wallet& wallet, const Action& action);
    void check_replay(const Request& request, const Answer& answer, const engine::Execution& found)
        const;
    void check_available(const Book& book, const engine::Execution& found) const;
    void require(bool holds, const std::string& what) const;

    const Duration retention_;
    std::vector<std::optional<Lsn>> assets_;
    std::map<int, Book> books_;
    Timestamp last_stamp_;
    Lsn acknowledged_;
    Lsn recovered_;  ///< everything up to here was durable when the server began
    std::string outcome_;
    std::string context_;
};

}  // namespace faregate::simulation
