#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "faregate/engine/engine.h"
#include "support/manual_clock.h"
#include "support/memory_log.h"

namespace faregate::support {

/// An engine on a manual clock and a log in memory, with words for the commands that tests use
/// most. All of them abort the test program if the engine is unavailable where that is not
/// expected.
class EngineRig {
  public:
    explicit EngineRig(engine::EngineOptions options = default_options(), Lsn last = {});

    static engine::EngineOptions default_options();

    /// Executes, and aborts if the answer is `unavailable`.
    engine::Execution execute(
        const ledger::Command& command, const std::optional<engine::IdempotencyKey>& key = {}
    );
    Result<engine::Execution> try_execute(
        const ledger::Command& command, const std::optional<engine::IdempotencyKey>& key = {}
    ) {
        return engine.execute(command, key);
    }

    /// Creates the assets USD (scale 2) and TOK (scale 0).
    void create_assets();
    void create_wallet(const std::string& wallet, const std::string& usd = "");

    /// The state as text: the wallets and authorizations that are named, totals and counts. Lets
    /// what is due happen first, as every read does.
    std::string describe(
        const std::vector<WalletId>& wallets, const std::vector<AuthorizationId>& authorizations
    );
    /// One wallet's USD as "posted/held/available".
    std::string usd(const std::string& wallet);

    ManualClock clock;
    MemoryLog log;
    engine::Engine engine;
};

/// The same as EngineRig::describe, of any engine.
std::string describe(
    engine::Engine& engine, const std::vector<WalletId>& wallets,
    const std::vector<AuthorizationId>& authorizations
);

/// A description with the LSNs that depend on the order of other wallets' expiries left out.
std::string without_lsns(const std::string& description);

// Commands. Amounts are `5`, or `TOK:5`, several with commas, as in ledger_script.h.

std::vector<ledger::RequestedAmount> amounts(const std::string& text);
ledger::CreateWallet create_wallet(const std::string& wallet);
ledger::AddGrant grant(const std::string& wallet, const std::string& amount);
ledger::Authorize authorize(
    const std::string& wallet, const std::string& amount, std::int64_t ttl_seconds = 300
);
ledger::Capture capture(const engine::Execution& authorized, const std::string& amount = "");
ledger::Void give_back(const engine::Execution& authorized);
ledger::Debit debit(const std::string& wallet, const std::string& amount);
ledger::CreateAsset asset(const std::string& code, Scale scale);

AuthorizationId authorization_of(const engine::Execution& execution);
GrantId grant_of(const engine::Execution& execution);
engine::IdempotencyKey key(const std::string& text, const std::string& request = "request");

/// Replays all records of a log, from its first LSN, and ends the recovery.
Status replay(engine::Engine& engine, const MemoryLog& log);

}  // namespace faregate::support
