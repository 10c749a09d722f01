#pragma once

#include <memory>
#include <string>
#include <vector>

#include "faregate/core/time.h"
#include "faregate/engine/projection.h"

namespace faregate::postgres {

/// Applies migrations/*.sql that the database lacks, in order, each in a transaction, under an
/// advisory lock. Returns the names of those applied now. `invalid_argument` if the database was
/// migrated by a newer version, or an applied migration differs from the one in this binary.
Result<std::vector<std::string>> migrate(const std::string& database_url);

struct StoreOptions {
    /// Idempotency records older than this, counted from the newest record of the journal, are
    /// deleted bit by bit. At least the engine's retention.
    Duration idempotency_kept = Duration::seconds(2 * 86'400);
    /// How long PostgreSQL may take over a call, but for loading, until its connection is given up
    /// and the call is `unavailable`. Longer than a lock is waited for and than a batch can take.
    Duration answer_timeout = Duration::seconds(120);
};

/// The projection in PostgreSQL. Connects when first used and again after a failure.
///
/// A batch that does not follow applied_lsn is refused with `unavailable`: the database is not
/// where the caller believes (a lost answer, a failover), and applied_lsn tells where it is.
std::unique_ptr<engine::ProjectionStore> make_store(
    std::string database_url, StoreOptions options = {}
);

/// From now on, nothing in this process waits for an answer of PostgreSQL for longer than `time`,
/// all calls together: for the end of the process.
void wait_at_most(Duration time);

}  // namespace faregate::postgres
