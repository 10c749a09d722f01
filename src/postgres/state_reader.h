#pragma once

#include "faregate/engine/projection.h"
#include "postgres/asset_table.h"
#include "postgres/cursor_rows.h"

namespace faregate::postgres {

/// Reads the stored state, from one snapshot, into a sink. Throws.
class StateReader {
  public:
    /// `transaction` is fresh: the reader sets its isolation level. All three must outlive it.
    StateReader(pqxx::transaction_base& transaction, AssetTable& assets, engine::StateSink& sink);

    void read(Duration kept);

  private:
    Timestamp read_last_at();
    void read_wallets();
    void read_authorizations(Timestamp since);
    void read_idempotency_keys(Timestamp since);

    ledger::Account account(const CursorRows& rows) const;
    ledger::Grant grant(const CursorRows& rows) const;
    ledger::HoldLine line(const CursorRows& rows) const;

    pqxx::transaction_base& transaction_;
    AssetTable& assets_;
    engine::StateSink& sink_;
};

}  // namespace faregate::postgres
