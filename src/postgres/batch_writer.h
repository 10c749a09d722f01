#pragma once

#include <unordered_map>

#include "faregate/engine/projection.h"
#include "postgres/asset_table.h"
#include "postgres/pqxx_compat.h"

namespace faregate::postgres {

/// Writes the rows of one batch within a transaction. New rows are copied straight into their
/// tables, differences go through the staging tables. Throws.
class BatchWriter {
  public:
    /// Adds the batch's assets to `assets`. All three must outlive the writer.
    BatchWriter(
        pqxx::transaction_base& transaction, AssetTable& assets,
        const engine::ProjectionBatch& batch
    );

    void write();

  private:
    /// What the batch does to an authorization that it names.
    struct Fate {
        bool opened = false;
        bool closed = false;
    };

    void write_assets();
    void write_wallets();
    void write_balances();
    void write_grants();
    void write_authorizations();
    void write_lines();
    void write_parts();
    void write_debits();
    void write_idempotency_keys();
    void write_entries();

    Fate fate_of(AuthorizationId id) const;
    std::string amount(ledger::AssetIndex asset, Amount value) const {
        return assets_.write(asset, value);
    }

    pqxx::transaction_base& transaction_;
    AssetTable& assets_;
    const engine::ProjectionBatch& batch_;
    std::unordered_map<AuthorizationId, Fate, UidHash> fates_;
};

}  // namespace faregate::postgres
