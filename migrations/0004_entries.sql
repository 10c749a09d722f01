-- The double-entry ledger: append-only, one partition a month (by UTC), made ahead by the server.

CREATE TYPE side AS ENUM ('issued', 'available', 'held', 'revenue', 'breakage', 'debt');
COMMENT ON TYPE side IS
    'The places that money moves between, for each wallet and asset. available, held and debt make '
    'up the posted balance; issued, revenue and breakage are the outside.';

-- The times of one wallet never go back, so one index serves its statement, balances as of a time,
-- and uniqueness; and the partitions are read newest first.
CREATE TABLE entries (
    wallet           text COLLATE "C" NOT NULL,
    at               timestamptz NOT NULL,
    lsn              bigint NOT NULL CHECK (lsn > 0),
    sequence         integer NOT NULL CHECK (sequence >= 0),
    asset            text COLLATE "C" NOT NULL,
    amount           numeric NOT NULL CHECK (amount > 0),
    source           side NOT NULL,
    destination      side NOT NULL CHECK (destination <> source),
    grant_id         text COLLATE "C",
    authorization_id text COLLATE "C",
    debit_id         text COLLATE "C",
    PRIMARY KEY (wallet, at, lsn, sequence)
) PARTITION BY RANGE (at);
COMMENT ON TABLE entries IS
    'The append-only ledger: each row moves an amount from a source to a destination within one '
    'wallet and asset.';
COMMENT ON COLUMN entries.wallet IS 'The wallet''s id.';
COMMENT ON COLUMN entries.at IS 'When it happened; for an expiry, the moment that was due.';
COMMENT ON COLUMN entries.lsn IS 'The journal record that the entry belongs to.';
COMMENT ON COLUMN entries.sequence IS 'Place within that record, from 0.';
COMMENT ON COLUMN entries.asset IS 'The asset''s code.';
COMMENT ON COLUMN entries.amount IS 'What moved, in units of the asset; above zero.';
COMMENT ON COLUMN entries.source IS 'Where it left.';
COMMENT ON COLUMN entries.destination IS 'Where it arrived.';
COMMENT ON COLUMN entries.grant_id IS 'The grant that gave or received; null for the credit line.';
COMMENT ON COLUMN entries.authorization_id IS 'The authorization that it belongs to, if any.';
COMMENT ON COLUMN entries.debit_id IS 'The debit that it belongs to, if any.';

CREATE TABLE entries_default PARTITION OF entries DEFAULT;
COMMENT ON TABLE entries_default IS
    'Entries of months that have no partition of their own. Normally empty.';

CREATE FUNCTION create_entries_partition(month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    first_day   date := date_trunc('month', month)::date;
    from_time   timestamptz := first_day::timestamp AT TIME ZONE 'UTC';
    to_time     timestamptz := (first_day + interval '1 month') AT TIME ZONE 'UTC';
    table_name  text := 'entries_' || to_char(first_day, 'YYYY_MM');
BEGIN
    IF to_regclass(table_name) IS NOT NULL THEN
        RETURN true;
    END IF;
    IF EXISTS (SELECT FROM entries_default WHERE at >= from_time AND at < to_time) THEN
        RETURN false;
    END IF;
    -- Attaching takes a weaker lock than creating in place: readers of entries are not held up.
    EXECUTE format(
        'CREATE TABLE %I (LIKE entries INCLUDING DEFAULTS INCLUDING CONSTRAINTS '
            'INCLUDING COMMENTS)',
        table_name);
    EXECUTE format(
        'ALTER TABLE entries ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        table_name, from_time, to_time);
    EXECUTE format('COMMENT ON TABLE %I IS %L', table_name,
        'The entries of ' || to_char(first_day, 'YYYY-MM') || ' (UTC).');
    RETURN true;
END
$$;
COMMENT ON FUNCTION create_entries_partition(date) IS
    'Makes the partition of entries for a month, if there is none. False: entries_default already '
    'has entries of that month, which stay there.';

CREATE VIEW entry_sides AS
SELECT e.wallet, e.asset, e.at, e.lsn, e.sequence, s.side, s.change,
       e.grant_id, e.authorization_id, e.debit_id
FROM entries e
CROSS JOIN LATERAL (VALUES (e.destination, e.amount), (e.source, -e.amount)) AS s (side, change);
COMMENT ON VIEW entry_sides IS
    'Every entry twice: what its destination gained and what its source lost. Any balance is a sum '
    'of change.';
COMMENT ON COLUMN entry_sides.wallet IS 'The wallet''s id.';
COMMENT ON COLUMN entry_sides.asset IS 'The asset''s code.';
COMMENT ON COLUMN entry_sides.at IS 'When it happened.';
COMMENT ON COLUMN entry_sides.lsn IS 'The journal record that the entry belongs to.';
COMMENT ON COLUMN entry_sides.sequence IS 'Place within that record.';
COMMENT ON COLUMN entry_sides.side IS 'The side that gained or lost.';
COMMENT ON COLUMN entry_sides.change IS 'Gained if above zero, lost if below.';
COMMENT ON COLUMN entry_sides.grant_id IS 'The grant that gave or received, if any.';
COMMENT ON COLUMN entry_sides.authorization_id IS 'The authorization that it belongs to, if any.';
COMMENT ON COLUMN entry_sides.debit_id IS 'The debit that it belongs to, if any.';
