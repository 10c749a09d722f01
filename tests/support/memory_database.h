#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "faregate/engine/projection.h"

namespace faregate::support {

/// The tables that the projection writes, in memory, with the constraints that a real database has.
/// A plain value: a copy is a backup, and assigning an old copy is a fail-over that lost commits.
class MemoryDatabase {
  public:
    struct Owner {
        JournalId journal;
        Epoch epoch;
        Lsn applied_lsn;
        std::string applied_hash;
        Timestamp last_at;
    };
    struct Balance {
        ledger::Account account;
        Amount issued;
        Amount revenue;
        Amount breakage;
        Lsn lsn;
    };
    struct StoredGrant {
        WalletId wallet;
        ledger::Grant grant;
        Amount amount;
        Timestamp created_at;
        std::string metadata;
        Lsn lsn;
    };
    struct StoredPart {
        ledger::HoldPart part;
        Lsn lsn;
        std::uint32_t sequence = 0;
    };
    struct StoredLine {
        ledger::HoldLine line;  ///< without its parts
        std::vector<StoredPart> parts;
    };
    struct StoredAuthorization {
        ledger::Authorization authorization;  ///< without its lines
        std::vector<StoredLine> lines;        ///< in the order of the request
        Lsn lsn;
    };

    using BalanceKey = std::pair<std::string, ledger::AssetIndex>;

    /// Writes a batch. Error `corruption`: it contradicts what is stored or breaks a constraint.
    /// A real database would roll back then; this one is of no use any more, since a copy for
    /// every batch would be most of what a simulation does.
    Status merge(const engine::ProjectionBatch& batch);

    /// What ProjectionStore::load does.
    Status load(Duration kept, engine::StateSink& sink) const;

    /// What the database answers when it is asked for the receipt of that record.
    std::optional<engine::IdempotencyRow> answer(Lsn lsn) const;

    /// Adds up all entries and compares them with the balances, and the balances with grants and
    /// holds. Empty, or what is wrong.
    std::string audit() const;

    /// The journal that owns the database; nothing for a new one.
    std::optional<Owner> owner;
    /// Of earlier owners, so that epochs and LSNs never repeat.
    std::vector<Owner> retired;

    bool broken_off = false;  ///< a merge failed

    std::vector<ledger::Asset> assets;
    std::map<std::string, ledger::Wallet> wallets;  ///< without accounts and grants
    std::map<BalanceKey, Balance> balances;
    std::map<GrantId, StoredGrant> grants;
    std::map<AuthorizationId, StoredAuthorization> authorizations;
    std::map<DebitId, engine::DebitRow> debits;
    std::map<std::pair<std::string, std::array<std::uint8_t, 16>>, engine::IdempotencyRow>
        idempotency;
    std::map<std::pair<Lsn, std::uint32_t>, engine::EntryRow> entries;

  private:
    Status merge_wallets(const engine::ProjectionBatch& batch);
    Status merge_balances(const engine::ProjectionBatch& batch);
    Status merge_grants(const engine::ProjectionBatch& batch);
    Status merge_authorizations(const engine::ProjectionBatch& batch);
    Status merge_holds(const engine::ProjectionBatch& batch);
    Status close_authorizations(const engine::ProjectionBatch& batch);
    Status merge_rest(const engine::ProjectionBatch& batch);
    void load_wallets(engine::StateSink& sink) const;
    void load_authorizations(Timestamp since, engine::StateSink& sink) const;
};

}  // namespace faregate::support
