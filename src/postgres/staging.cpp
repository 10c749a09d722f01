#include "postgres/staging.h"

#include <algorithm>
#include <string>

#include "postgres/error.h"
#include "postgres/text.h"

namespace faregate::postgres {
namespace {

/// As a query over the real table, so that types and collations are the same.
void create(
    pqxx::transaction_base& transaction, const std::string& name, const std::string& query
) {
    transaction.exec(
        "CREATE TEMPORARY TABLE " + name + " ON COMMIT DELETE ROWS AS " + query + " WITH NO DATA"
    );
}

void expect(const char* table, std::size_t staged, std::size_t merged) {
    if (staged == merged) return;
    throw Failure(
        ErrorCode::corruption, "the batch changes " + std::to_string(staged) + " rows of " + table +
                                   ", but the database has " + std::to_string(merged) + " of them"
    );
}

std::size_t changed(pqxx::transaction_base& transaction, const char* sql) {
    return static_cast<std::size_t>(transaction.exec(sql).affected_rows());
}

}  // namespace

void create_staging_tables(pqxx::transaction_base& transaction) {
    create(
        transaction, "staged_wallets",
        "SELECT id, status, over_capture, name, metadata, lsn FROM wallets"
    );
    create(
        transaction, "staged_balances",
        "SELECT wallet, asset, posted, held, debt, overdraft_held, issued, revenue, breakage, "
        "overdraft_limit, lsn FROM balances"
    );
    create(transaction, "staged_grants", "SELECT id, remaining, held, status, lsn FROM grants");
    create(
        transaction, "staged_authorizations",
        "SELECT id, true AS status_changed, status, late, settled, expires_at, closed_at, lsn "
        "FROM authorizations"
    );
    create(
        transaction, "staged_lines",
        "SELECT authorization_id, asset, authorized, captured, held FROM authorization_lines"
    );
    create(
        transaction, "staged_parts",
        "SELECT authorization_id, asset, grant_id, amount, lsn, sequence FROM hold_parts"
    );
}

void merge_wallets(pqxx::transaction_base& transaction, std::size_t staged) {
    // An empty text clears, null keeps.
    const std::size_t updated = changed(
        transaction,
        "UPDATE wallets w SET status = coalesce(s.status, w.status), "
        "    over_capture = coalesce(s.over_capture, w.over_capture), "
        "    name = nullif(coalesce(s.name, w.name), ''), "
        "    metadata = nullif(coalesce(s.metadata, w.metadata), ''), lsn = s.lsn "
        "FROM staged_wallets s WHERE w.id = s.id"
    );
    expect("wallets", staged, updated);
}

void merge_balances(pqxx::transaction_base& transaction, std::size_t staged) {
    // Not INSERT ... ON CONFLICT: that would hold a difference against the table's constraints.
    const std::size_t updated = changed(
        transaction,
        "UPDATE balances b SET posted = b.posted + s.posted, held = b.held + s.held, "
        "    debt = b.debt + s.debt, overdraft_held = b.overdraft_held + s.overdraft_held, "
        "    issued = b.issued + s.issued, revenue = b.revenue + s.revenue, "
        "    breakage = b.breakage + s.breakage, "
        "    overdraft_limit = coalesce(s.overdraft_limit, b.overdraft_limit), lsn = s.lsn "
        "FROM staged_balances s WHERE b.wallet = s.wallet AND b.asset = s.asset"
    );
    const std::size_t inserted =
        updated == staged
            ? 0
            : changed(
                  transaction,
                  "INSERT INTO balances (wallet, asset, posted, held, debt, overdraft_held, "
                  "    issued, revenue, breakage, overdraft_limit, lsn) "
                  "SELECT wallet, asset, posted, held, debt, overdraft_held, issued, revenue, "
                  "    breakage, coalesce(overdraft_limit, 0), lsn FROM staged_balances s "
                  "WHERE NOT EXISTS (SELECT FROM balances b "
                  "    WHERE b.wallet = s.wallet AND b.asset = s.asset)"
              );
    expect("balances", staged, updated + inserted);
}

void merge_grants(pqxx::transaction_base& transaction, std::size_t staged) {
    // Like the ledger, which counts a scheduled grant as whole: once it is that no longer, what
    // remains of it is what was posted.
    const std::size_t updated = changed(
        transaction,
        "UPDATE grants g SET status = coalesce(s.status, g.status), lsn = s.lsn, "
        "    remaining = s.remaining * ('1e-' || a.scale)::numeric "
        "        + CASE WHEN g.status = 'scheduled' AND s.status <> 'scheduled' THEN 0 "
        "               ELSE g.remaining END, "
        "    held = g.held + s.held * ('1e-' || a.scale)::numeric "
        "FROM staged_grants s, assets a WHERE g.id = s.id AND a.code = g.asset"
    );
    expect("grants", staged, updated);
}

void merge_authorizations(pqxx::transaction_base& transaction, std::size_t staged) {
    // A late capture changes what closed long ago: the moment of closing stays.
    const std::size_t updated = changed(
        transaction,
        "UPDATE authorizations a SET lsn = s.lsn, "
        "    status = CASE WHEN s.status_changed THEN s.status ELSE a.status END, "
        "    late = CASE WHEN s.status_changed THEN s.late ELSE a.late END, "
        "    settled = CASE WHEN s.status_changed THEN s.settled ELSE a.settled END, "
        "    expires_at = CASE WHEN s.status_changed THEN s.expires_at ELSE a.expires_at END, "
        "    closed_at = coalesce(s.closed_at, a.closed_at) "
        "FROM staged_authorizations s WHERE a.id = s.id"
    );
    expect("authorizations", staged, updated);
    transaction.exec(
        "DELETE FROM hold_parts p USING staged_authorizations s WHERE p.authorization_id = s.id "
        "AND s.status_changed AND s.status <> 'authorized'"
    );
}

void merge_lines(pqxx::transaction_base& transaction, std::size_t staged) {
    const std::size_t updated = changed(
        transaction,
        "UPDATE authorization_lines l SET authorized = l.authorized + s.authorized, "
        "    captured = l.captured + s.captured, held = l.held + s.held "
        "FROM staged_lines s "
        "WHERE l.authorization_id = s.authorization_id AND l.asset = s.asset"
    );
    expect("authorization_lines", staged, updated);
}

void merge_parts(pqxx::transaction_base& transaction, std::size_t staged) {
    const std::size_t updated = changed(
        transaction,
        "UPDATE hold_parts p SET amount = p.amount + s.amount FROM staged_parts s "
        "WHERE p.authorization_id = s.authorization_id AND p.asset = s.asset "
        "    AND p.grant_id IS NOT DISTINCT FROM s.grant_id"
    );
    const std::size_t inserted =
        updated == staged
            ? 0
            : changed(
                  transaction,
                  "INSERT INTO hold_parts (authorization_id, asset, grant_id, amount, lsn, "
                  "    sequence) "
                  "SELECT authorization_id, asset, grant_id, amount, lsn, sequence "
                  "FROM staged_parts s WHERE NOT EXISTS (SELECT FROM hold_parts p "
                  "    WHERE p.authorization_id = s.authorization_id AND p.asset = s.asset "
                  "        AND p.grant_id IS NOT DISTINCT FROM s.grant_id)"
              );
    expect("hold_parts", staged, updated + inserted);
}

void delete_old_idempotency_keys(
    pqxx::transaction_base& transaction, const engine::ProjectionBatch& batch, Duration kept
) {
    const std::size_t count_max = std::max<std::size_t>(1'000, 2 * batch.idempotency.size());
    const Timestamp oldest{batch.last_at.microseconds - kept.microseconds};
    execute(
        transaction,
        "DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(SELECT ctid FROM idempotency_keys "
        "WHERE at < $1::timestamptz ORDER BY at LIMIT $2::bigint))",
        timestamp_text(oldest), std::to_string(count_max)
    );
}

}  // namespace faregate::postgres
