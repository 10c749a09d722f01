#pragma once

#include "faregate/core/time.h"
#include "faregate/engine/projection.h"
#include "postgres/pqxx_compat.h"

namespace faregate::postgres {

/// Makes the session's temporary tables: differences are copied into them and merged from there
/// with a few statements for all rows. They are empty again after every commit.
void create_staging_tables(pqxx::transaction_base& transaction);

/// Deletes some of the idempotency keys that are older than `kept`: more than the batch brings, so
/// that the table stops growing, but never so many that a commit takes long.
void delete_old_idempotency_keys(
    pqxx::transaction_base& transaction, const engine::ProjectionBatch& batch, Duration kept
);

// Each merges one staging table. They throw Failure `corruption` if a row that is to be changed is
// not there: then the database and the journal are about different worlds.
void merge_wallets(pqxx::transaction_base& transaction, std::size_t staged);
void merge_balances(pqxx::transaction_base& transaction, std::size_t staged);
void merge_grants(pqxx::transaction_base& transaction, std::size_t staged);
void merge_authorizations(pqxx::transaction_base& transaction, std::size_t staged);
void merge_lines(pqxx::transaction_base& transaction, std::size_t staged);
void merge_parts(pqxx::transaction_base& transaction, std::size_t staged);

}  // namespace faregate::postgres
