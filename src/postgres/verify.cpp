#include "postgres/verify.h"

#include <array>

#include "postgres/cursor_rows.h"
#include "postgres/queries_impl.h"
#include "postgres/verify_rows.h"

namespace faregate::postgres {
namespace {

// Each check is a query of (table, key, what) with at most $1 rows. All but the last few compare a
// derived table with the sums of the entries; verify_rows.h has those that look at single rows.

constexpr const char* check_balances = R"sql(
WITH computed AS (
    SELECT wallet, asset,
           sum(change) FILTER (WHERE side IN ('available', 'held', 'debt')) AS posted,
           sum(change) FILTER (WHERE side = 'held') AS held,
           -sum(change) FILTER (WHERE side = 'debt') AS debt,
           sum(change) FILTER (WHERE side = 'held' AND grant_id IS NULL) AS overdraft_held,
           -sum(change) FILTER (WHERE side = 'issued') AS issued,
           sum(change) FILTER (WHERE side = 'revenue') AS revenue,
           sum(change) FILTER (WHERE side = 'breakage') AS breakage
    FROM entry_sides GROUP BY wallet, asset
)
SELECT 'balances', wallet || ' ' || asset,
       format('%s is %s, the entries add up to %s', d.name,
              coalesce(trim_scale(d.stored)::text, 'missing'),
              trim_scale(coalesce(d.computed, 0)))
FROM balances b FULL JOIN computed c USING (wallet, asset)
CROSS JOIN LATERAL (VALUES
    ('posted', b.posted, c.posted),
    ('held', b.held, c.held),
    ('debt', b.debt, c.debt),
    ('overdraft_held', b.overdraft_held, c.overdraft_held),
    ('issued', b.issued, c.issued),
    ('revenue', b.revenue, c.revenue),
    ('breakage', b.breakage, c.breakage)) AS d (name, stored, computed)
WHERE coalesce(d.stored, 0) <> coalesce(d.computed, 0)
ORDER BY 2 LIMIT $1::bigint)sql";

// A grant that ended before it became effective has left no entries, and nothing to compare its
// amount with.
constexpr const char* check_grants = R"sql(
WITH computed AS (
    SELECT grant_id AS id, wallet, asset,
           coalesce(sum(change) FILTER (WHERE side IN ('available', 'held')), 0) AS remaining,
           coalesce(sum(change) FILTER (WHERE side = 'held'), 0) AS held,
           coalesce(-sum(change) FILTER (WHERE side = 'issued'), 0) AS issued
    FROM entry_sides WHERE grant_id IS NOT NULL GROUP BY grant_id, wallet, asset
)
SELECT 'grants', id,
       format('%s is %s, the entries add up to %s', d.name,
              coalesce(trim_scale(d.stored)::text, 'missing'),
              trim_scale(coalesce(d.computed, 0)))
FROM grants g FULL JOIN computed c USING (id, wallet, asset)
CROSS JOIN LATERAL (VALUES
    ('remaining', CASE WHEN g.status = 'scheduled' THEN 0 ELSE g.remaining END, c.remaining),
    ('held', g.held, c.held),
    ('amount', CASE WHEN g.status = 'scheduled' THEN 0
                    WHEN g.status IN ('expired', 'revoked') AND c.id IS NULL THEN 0
                    ELSE g.amount END, c.issued)) AS d (name, stored, computed)
WHERE coalesce(d.stored, 0) <> coalesce(d.computed, 0)
ORDER BY 2 LIMIT $1::bigint)sql";

constexpr const char* check_lines = R"sql(
WITH computed AS (
    SELECT authorization_id, asset,
           sum(change) FILTER (WHERE side = 'held' AND change > 0) AS authorized,
           sum(change) FILTER (WHERE side = 'revenue') AS captured,
           sum(change) FILTER (WHERE side = 'held') AS held
    FROM entry_sides WHERE authorization_id IS NOT NULL GROUP BY authorization_id, asset
)
SELECT 'authorization_lines', authorization_id || ' ' || asset,
       format('%s is %s, the entries add up to %s', d.name,
              coalesce(trim_scale(d.stored)::text, 'missing'),
              trim_scale(coalesce(d.computed, 0)))
FROM authorization_lines l FULL JOIN computed c USING (authorization_id, asset)
CROSS JOIN LATERAL (VALUES
    ('authorized', l.authorized, c.authorized),
    ('captured', l.captured, c.captured),
    ('held', l.held, c.held)) AS d (name, stored, computed)
WHERE coalesce(d.stored, 0) <> coalesce(d.computed, 0)
ORDER BY 2 LIMIT $1::bigint)sql";

constexpr const char* check_parts = R"sql(
WITH computed AS (
    SELECT authorization_id, asset, coalesce(grant_id, '') AS giver, sum(change) AS amount
    FROM entry_sides WHERE side = 'held' GROUP BY 1, 2, 3
), stored AS (
    SELECT authorization_id, asset, coalesce(grant_id, '') AS giver, sum(amount) AS amount
    FROM hold_parts GROUP BY 1, 2, 3
)
SELECT 'hold_parts', concat_ws(' ', authorization_id, asset, nullif(giver, '')),
       format('amount is %s, the entries add up to %s',
              coalesce(trim_scale(s.amount)::text, 'missing'),
              trim_scale(coalesce(c.amount, 0)))
FROM stored s FULL JOIN computed c USING (authorization_id, asset, giver)
WHERE coalesce(s.amount, 0) <> coalesce(c.amount, 0)
ORDER BY 2 LIMIT $1::bigint)sql";

constexpr const char* check_authorizations = R"sql(
SELECT 'authorizations', a.id, p.what
FROM authorizations a
CROSS JOIN LATERAL (VALUES
    ('has no lines',
     NOT EXISTS (SELECT FROM authorization_lines l WHERE l.authorization_id = a.id)),
    ('is ' || a.status || ', but still holds something',
     a.status <> 'authorized' AND (
         EXISTS (SELECT FROM authorization_lines l WHERE l.authorization_id = a.id AND l.held <> 0)
         OR EXISTS (SELECT FROM hold_parts h WHERE h.authorization_id = a.id))),
    ('is authorized, but has no hold parts',
     a.status = 'authorized'
         AND NOT EXISTS (SELECT FROM hold_parts h WHERE h.authorization_id = a.id)),
    ('belongs to the unknown wallet ' || a.wallet,
     NOT EXISTS (SELECT FROM wallets w WHERE w.id = a.wallet))) AS p (what, is_so)
WHERE p.is_so
UNION ALL
SELECT DISTINCT 'authorizations', e.authorization_id, 'belongs to wallet ' || a.wallet
       || ', but has entries of wallet ' || e.wallet
FROM entries e JOIN authorizations a ON a.id = e.authorization_id WHERE a.wallet <> e.wallet
UNION ALL
SELECT 'authorizations', l.authorization_id, 'is missing, but has lines'
FROM authorization_lines l
WHERE NOT EXISTS (SELECT FROM authorizations a WHERE a.id = l.authorization_id)
ORDER BY 2 LIMIT $1::bigint)sql";

constexpr const char* check_debits = R"sql(
WITH computed AS (
    SELECT debit_id AS id, wallet, at, lsn FROM entries
    WHERE debit_id IS NOT NULL AND sequence = 0
)
SELECT 'debits', id,
       CASE WHEN d.lsn IS NULL THEN 'is missing, or contradicts its entries'
            WHEN c.lsn IS NULL THEN 'has no entries of its wallet, time and LSN' END
FROM debits d FULL JOIN computed c USING (id, wallet, at, lsn)
WHERE d.lsn IS NULL OR c.lsn IS NULL
ORDER BY 2 LIMIT $1::bigint)sql";

constexpr const char* check_wallets = R"sql(
SELECT 'wallets', b.wallet, 'is missing, but has a balance in ' || b.asset
FROM balances b WHERE NOT EXISTS (SELECT FROM wallets w WHERE w.id = b.wallet)
UNION ALL
SELECT 'wallets', g.wallet, 'is missing, but has the grant ' || g.id
FROM grants g WHERE NOT EXISTS (SELECT FROM wallets w WHERE w.id = g.wallet)
UNION ALL
SELECT 'assets', b.asset, 'is missing, but wallet ' || b.wallet || ' has it'
FROM balances b WHERE NOT EXISTS (SELECT FROM assets a WHERE a.code = b.asset)
ORDER BY 2 LIMIT $1::bigint)sql";

constexpr std::array sum_checks{check_balances,       check_grants, check_lines,  check_parts,
                                check_authorizations, check_debits, check_wallets};

/// The one thing that SQL cannot compute.
void check_wallet_hashes(
    pqxx::transaction_base& transaction, std::size_t limit, std::vector<Discrepancy>& found
) {
    CursorRows wallets(transaction, "wallet_hashes", "SELECT id, wallet_hash FROM wallets");
    while (found.size() < limit && wallets.next()) {
        if (hash_wallet(wallets.text(0)) == wallets.number(1)) continue;
        found.push_back({"wallets", std::string(wallets.text(0)), "has the hash of another id"});
    }
}

}  // namespace

/// For all of it. Each of its statements may take an hour.
constexpr auto verify_timeout = Duration::seconds(86'400);

std::vector<Discrepancy> find_discrepancies(
    pqxx::transaction_base& transaction, std::uint32_t limit
) {
    // Reads everything: minutes, on a large database. PostgreSQL has no statistics of entries as a
    // whole, takes its groups for a few, and would go through them again for every row.
    transaction.exec(
        "SET LOCAL statement_timeout = '1h'; SET LOCAL work_mem = '128MB'; "
        "SET LOCAL enable_nestloop = off; "
        // What must not be looks expensive, and would have each query compiled for seconds.
        "SET LOCAL jit = off"
    );
    std::vector<Discrepancy> found;
    const auto run = [&](const char* check) {
        const std::size_t left = limit - found.size();
        if (left == 0) return;
        for (const auto& row : execute(transaction, check, std::to_string(left))) {
            found.push_back(Discrepancy{row[0].c_str(), row[1].c_str(), row[2].c_str()});
        }
    };
    for (const char* check : sum_checks) run(check);
    for (const char* check : row_checks()) run(check);
    check_wallet_hashes(transaction, limit, found);
    return found;
}

Result<std::vector<Discrepancy>> Queries::verify(std::uint32_t limit) {
    const auto find = [&](pqxx::transaction_base& transaction) {
        return find_discrepancies(transaction, limit);
    };
    return impl_->read_snapshot("verify the entries", find, verify_timeout);
}

}  // namespace faregate::postgres
