#include "postgres/verify_rows.h"

#include <array>

namespace faregate::postgres {
namespace {

// What each entry must be by itself. The words are made for the bad ones only: there are millions.
constexpr const char* check_postings = R"sql(
SELECT 'entries', 'lsn ' || e.lsn, format('sequence %s of wallet %s ', e.sequence, e.wallet) || CASE
    WHEN a.code IS NULL THEN 'has the unknown asset ' || e.asset
    WHEN e.amount <= 0 THEN 'does not move an amount'
    WHEN min_scale(e.amount) > a.scale THEN 'has more digits than its asset keeps: ' || e.asset
    WHEN e.lsn > owner.applied_lsn THEN 'lies above the applied LSN'
    WHEN e.authorization_id IS NOT NULL AND e.debit_id IS NOT NULL
        THEN 'is of a debit and of an authorization'
    WHEN e.grant_id IS NULL AND 'available' IN (e.source, e.destination) THEN 'names no grant'
    WHEN e.grant_id IS NOT NULL AND e.source = 'debt'
        THEN 'names a grant, but draws from the credit line'
    ELSE format('moves from %s to %s, which nothing does', e.source, e.destination) END
FROM entries e
CROSS JOIN (SELECT coalesce(max(applied_lsn), 0) AS applied_lsn FROM journals
            WHERE retired_at IS NULL) owner
LEFT JOIN assets a ON a.code = e.asset
WHERE a.code IS NULL OR e.amount <= 0 OR min_scale(e.amount) > a.scale OR e.lsn > owner.applied_lsn
   OR (e.authorization_id IS NOT NULL AND e.debit_id IS NOT NULL)
   OR CASE e.source
          WHEN 'issued' THEN e.destination <> 'available' OR e.grant_id IS NULL
          WHEN 'available' THEN e.destination NOT IN ('held', 'revenue', 'breakage', 'debt')
              OR e.grant_id IS NULL
          WHEN 'held' THEN e.destination NOT IN ('available', 'revenue', 'breakage', 'debt')
              OR (e.destination = 'available' AND e.grant_id IS NULL)
          WHEN 'debt' THEN e.destination NOT IN ('held', 'revenue') OR e.grant_id IS NOT NULL
          ELSE true END
ORDER BY 2 LIMIT $1::bigint)sql";

// What belongs to one record: consecutive entries of one wallet and time, of one authorization or
// of one debit. The times of a wallet rise with its records.
constexpr const char* check_records = R"sql(
SELECT 'entries', 'lsn ' || lsn, 'stands in several wallets or times'
FROM entries WHERE sequence = 0 GROUP BY lsn HAVING count(*) > 1
UNION ALL
SELECT 'entries', 'lsn ' || e.lsn, format('sequence %s of wallet %s ', e.sequence, e.wallet) || CASE
    WHEN b.lsn IS NULL THEN 'lacks the entry before it'
    WHEN b.debit_id IS DISTINCT FROM e.debit_id THEN 'is of another debit than the one before it'
    ELSE 'is of another authorization than the one before it' END
FROM entries e
LEFT JOIN entries b ON b.wallet = e.wallet AND b.at = e.at AND b.lsn = e.lsn
    AND b.sequence = e.sequence - 1
WHERE e.sequence <> 0 AND (b.lsn IS NULL OR b.debit_id IS DISTINCT FROM e.debit_id
    OR b.authorization_id IS DISTINCT FROM e.authorization_id)
UNION ALL
SELECT 'entries', 'lsn ' || e.lsn, 'has authorization ' || e.authorization_id
       || ', but neither holds nor captures'
FROM entries e
WHERE e.authorization_id IS NOT NULL AND e.source <> 'held'
  AND e.destination NOT IN ('held', 'revenue')
  AND NOT EXISTS (
      SELECT FROM entries o WHERE o.wallet = e.wallet AND o.at = e.at AND o.lsn = e.lsn
          AND ('held' IN (o.source, o.destination) OR o.destination = 'revenue'))
UNION ALL
SELECT 'entries', 'lsn ' || lsn, 'wallet ' || wallet || ' has an earlier record of a later time'
FROM (SELECT wallet, lsn, lag(lsn) OVER (PARTITION BY wallet ORDER BY at, lsn, sequence) AS before
      FROM entries) e
WHERE before > lsn
ORDER BY 2 LIMIT $1::bigint)sql";

// The LSN of a row is that of the last record that changed it: not below its entries', and not
// above the wallet's, which everything of the wallet raises.
constexpr const char* check_accounts = R"sql(
WITH accounts AS (
    SELECT wallet, asset, max(lsn) AS lsn, min(at) AS first_at, max(at) AS last_at
    FROM entries GROUP BY wallet, asset
), owner AS (
    SELECT applied_lsn, last_at FROM journals WHERE retired_at IS NULL
)
SELECT 'balances', b.wallet || ' ' || b.asset, p.what
FROM balances b LEFT JOIN accounts e USING (wallet, asset) LEFT JOIN wallets w ON w.id = b.wallet
CROSS JOIN LATERAL (VALUES
    ('has LSN ' || b.lsn || ', but entries up to LSN ' || e.lsn, b.lsn < e.lsn),
    ('has LSN ' || b.lsn || ', but its wallet has LSN ' || w.lsn, b.lsn > w.lsn),
    ('has a negative amount',
     least(b.held, b.debt, b.overdraft_held, b.overdraft_limit) < 0)) AS p (what, is_so)
WHERE p.is_so
UNION ALL
SELECT 'wallets', w.id, p.what
FROM wallets w CROSS JOIN owner
LEFT JOIN (SELECT wallet, max(lsn) AS lsn, min(first_at) AS first_at
           FROM accounts GROUP BY wallet) e ON e.wallet = w.id
CROSS JOIN LATERAL (VALUES
    ('has LSN ' || w.lsn || ', but entries up to LSN ' || e.lsn, w.lsn < e.lsn),
    ('has LSN ' || w.lsn || ', which was not applied', w.lsn > owner.applied_lsn),
    ('is younger than its first entry', w.created_at > e.first_at)) AS p (what, is_so)
WHERE p.is_so
UNION ALL
SELECT 'assets', a.code, p.what
FROM (SELECT *, row_number() OVER (ORDER BY lsn) - 1 AS place FROM assets) a CROSS JOIN owner
CROSS JOIN LATERAL (VALUES
    ('has index ' || a.asset_index || ', but was created as number ' || a.place,
     a.asset_index <> a.place),
    ('has LSN ' || a.lsn || ', which was not applied',
     a.lsn > owner.applied_lsn)) AS p (what, is_so)
WHERE p.is_so
UNION ALL
SELECT 'journals', j.journal_id, 'was last changed at another time than its newest entry'
FROM journals j
WHERE retired_at IS NULL AND last_at < (SELECT max(last_at) FROM accounts)
UNION ALL
SELECT 'journals', journal_id, 'is not the only live journal'
FROM (SELECT journal_id, count(*) OVER () AS count FROM journals WHERE retired_at IS NULL) j
WHERE count > 1
ORDER BY 2 LIMIT $1::bigint)sql";

// A grant becomes effective when it is made, or when it was to. Nothing of a wallet happens before
// what was due earlier, so a later entry shows what should have ended.
constexpr const char* check_grants = R"sql(
WITH by_grant AS (
    SELECT grant_id AS id, max(lsn) AS lsn,
           max(at) FILTER (WHERE source = 'issued') AS issued_at,
           max(lsn) FILTER (WHERE source = 'issued') AS issued_lsn,
           count(*) FILTER (WHERE source = 'issued') AS issued_count,
           max(at) FILTER (WHERE source = 'available' AND destination <> 'breakage') AS used_at,
           min(at) FILTER (WHERE destination = 'breakage') AS ended_at
    FROM entries WHERE grant_id IS NOT NULL GROUP BY grant_id
), by_wallet AS (
    SELECT wallet, max(at) AS last_at FROM entries GROUP BY wallet
)
SELECT 'grants', g.id, p.what
FROM grants g LEFT JOIN by_grant e USING (id) LEFT JOIN wallets w ON w.id = g.wallet
LEFT JOIN by_wallet l ON l.wallet = g.wallet
CROSS JOIN LATERAL (VALUES
    ('was issued ' || e.issued_count || ' times', e.issued_count > 1),
    ('became effective at another time than its entry',
     e.issued_at <> greatest(g.created_at, g.effective_at)),
    ('was made by LSN ' || g.created_lsn || ', but issued by LSN ' || e.issued_lsn,
     CASE WHEN g.effective_at <= g.created_at THEN e.issued_lsn <> g.created_lsn
          ELSE e.issued_lsn <= g.created_lsn END),
    ('has LSN ' || g.lsn || ', but entries up to LSN ' || e.lsn, g.lsn < e.lsn),
    ('has LSN ' || g.lsn || ', but its wallet has LSN ' || w.lsn, g.lsn > w.lsn),
    ('has LSN ' || g.lsn || ', but was made by LSN ' || g.created_lsn, g.lsn < g.created_lsn),
    ('was made before its wallet', g.created_at < w.created_at),
    ('expires before it is effective', g.expires_at <= g.effective_at),
    ('is scheduled, but is due', g.status = 'scheduled' AND g.effective_at < l.last_at),
    ('is ' || g.status || ', but has expired',
     g.status IN ('scheduled', 'active') AND g.remaining > 0 AND g.expires_at < l.last_at),
    ('has expired, but never expires', g.status = 'expired' AND g.expires_at IS NULL),
    ('is scheduled, but not whole', g.status = 'scheduled' AND g.remaining <> g.amount),
    ('is ' || g.status || ', but has more than is held',
     g.status IN ('expired', 'revoked') AND g.remaining <> g.held),
    ('expired before its time', g.status = 'expired' AND e.ended_at < g.expires_at),
    ('was used after it expired', e.used_at > g.expires_at)) AS p (what, is_so)
WHERE p.is_so
ORDER BY 2 LIMIT $1::bigint)sql";

// Captured and voided authorizations do not change any more, so their LSN is that of their end.
constexpr const char* check_authorizations = R"sql(
WITH by_hold AS (
    SELECT authorization_id AS id, min(at) AS first_at, max(at) AS last_at, max(lsn) AS lsn,
           max(at) FILTER (WHERE source = 'held') AS last_held_at,
           max(at) FILTER (WHERE destination = 'revenue') AS last_revenue_at,
           max(lsn) FILTER (WHERE destination = 'revenue') AS last_revenue_lsn
    FROM entries WHERE authorization_id IS NOT NULL GROUP BY authorization_id
), by_wallet AS (
    SELECT wallet, max(at) AS last_at FROM entries GROUP BY wallet
)
SELECT 'authorizations', coalesce(a.id, e.id), p.what
FROM authorizations a FULL JOIN by_hold e ON e.id = a.id LEFT JOIN wallets w ON w.id = a.wallet
LEFT JOIN by_wallet l ON l.wallet = a.wallet
CROSS JOIN LATERAL (VALUES
    ('is missing, but has entries', a.id IS NULL),
    ('has no entries', e.id IS NULL),
    ('was made at another time than its first entry', a.created_at <> e.first_at),
    ('has LSN ' || a.lsn || ', but entries up to LSN ' || e.lsn, a.lsn < e.lsn),
    ('has LSN ' || a.lsn || ', but its wallet has LSN ' || w.lsn, a.lsn > w.lsn),
    ('is authorized, but should have expired',
     a.status = 'authorized' AND a.expires_at < l.last_at),
    ('is ' || a.status || ', but says otherwise by when it closed',
     (a.status = 'authorized') <> (a.closed_at IS NULL)),
    ('expired at another time than it was to',
     a.status = 'expired' AND a.closed_at <> a.expires_at),
    ('is ' || a.status || ', but had expired before',
     a.status IN ('captured', 'voided') AND a.closed_at >= a.expires_at),
    ('closed at another time than its last entry',
     a.status IN ('captured', 'voided') AND a.lsn = e.lsn AND a.closed_at <> e.last_at),
    ('closed before its last entry', a.closed_at < e.last_held_at),
    ('is voided, but its last record captured',
     a.status = 'voided' AND a.lsn = e.lsn AND e.last_revenue_lsn = e.lsn),
    ('is not late, but was captured after it expired',
     NOT a.late AND a.status = 'expired' AND e.last_revenue_at >= a.expires_at),
    ('is late or settled, but has not expired',
     (a.late OR a.settled) AND a.status <> 'expired')) AS p (what, is_so)
WHERE p.is_so
UNION ALL
SELECT 'authorization_lines', authorization_id, 'has lines that are not numbered from 0'
FROM authorization_lines GROUP BY authorization_id
HAVING min(position) <> 0 OR max(position) <> count(*) - 1
    OR count(DISTINCT position) <> count(*)
ORDER BY 2 LIMIT $1::bigint)sql";

// Captures take from the parts in the order of the entries that made them.
constexpr const char* check_order_of_parts = R"sql(
WITH by_part AS (
    SELECT authorization_id, asset, coalesce(grant_id, '') AS giver,
           min(array[lsn, sequence]) AS place
    FROM entries e
    WHERE destination = 'held' AND authorization_id IN (SELECT authorization_id FROM hold_parts)
    GROUP BY 1, 2, 3
)
SELECT 'hold_parts', concat_ws(' ', h.authorization_id, h.asset, h.grant_id),
       'stands at LSN ' || h.lsn || ' and sequence ' || h.sequence
           || ', which is not the first entry that held it'
FROM hold_parts h
LEFT JOIN by_part e ON e.authorization_id = h.authorization_id AND e.asset = h.asset
    AND e.giver = coalesce(h.grant_id, '')
WHERE e.place IS NULL OR e.place <> array[h.lsn, h.sequence]
ORDER BY 2 LIMIT $1::bigint)sql";

// Keys of a wallet that is not there are answers, too.
constexpr const char* check_keys = R"sql(
SELECT DISTINCT 'idempotency_keys', 'lsn ' || k.lsn,
       'the key of wallet ' || k.wallet || ' has another wallet or time than the record''s entries'
FROM idempotency_keys k JOIN entries e ON e.lsn = k.lsn AND e.sequence = 0
WHERE (e.wallet, e.at) <> (k.wallet, k.at)
UNION ALL
SELECT 'idempotency_keys', 'lsn ' || k.lsn, p.what
FROM idempotency_keys k LEFT JOIN wallets w ON w.id = k.wallet
CROSS JOIN LATERAL (VALUES
    ('the key of wallet ' || k.wallet || ' has an LSN that was not applied',
     k.lsn > (SELECT max(applied_lsn) FROM journals WHERE retired_at IS NULL)),
    ('the key of wallet ' || k.wallet || ' is younger than the wallet''s last record',
     k.lsn > w.lsn)) AS p (what, is_so)
WHERE p.is_so
ORDER BY 2 LIMIT $1::bigint)sql";

constexpr std::array<const char*, 7> checks{
    check_postings,       check_records,        check_accounts, check_grants,
    check_authorizations, check_order_of_parts, check_keys};

}  // namespace

std::span<const char* const> row_checks() noexcept { return checks; }

}  // namespace faregate::postgres
