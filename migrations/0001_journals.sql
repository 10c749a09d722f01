-- Who owns the database, and how far it has come.

CREATE TABLE journals (
    journal_id  text COLLATE "C" PRIMARY KEY CHECK (journal_id ~ '^[0-9a-f]{32}$'),
    epoch       bigint NOT NULL CHECK (epoch > 0),
    applied_lsn bigint NOT NULL CHECK (applied_lsn >= 0),
    last_at     timestamptz,
    hash_from   bigint NOT NULL DEFAULT 0,
    hash_to     bigint NOT NULL DEFAULT 4294967295,
    claimed_at  timestamptz NOT NULL DEFAULT now(),
    retired_at  timestamptz,
    CHECK (0 <= hash_from AND hash_from <= hash_to AND hash_to <= 4294967295),
    CONSTRAINT one_owner_per_wallet
        EXCLUDE USING gist (int8range(hash_from, hash_to, '[]') WITH &&) WHERE (retired_at IS NULL)
);

COMMENT ON TABLE journals IS
    'The journals that feed this database. One live row owns all wallets at present; ranges of '
    'wallet hashes leave room for several servers.';
COMMENT ON COLUMN journals.journal_id IS
    'The journal''s id, as `faregate journal inspect` shows it.';
COMMENT ON COLUMN journals.epoch IS
    'Raised by every server that takes over. A server with an older epoch is fenced: it can commit '
    'nothing.';
COMMENT ON COLUMN journals.applied_lsn IS
    'All records of the journal up to this LSN are in the tables, each exactly once.';
COMMENT ON COLUMN journals.last_at IS 'The highest time stamp of any record so far.';
COMMENT ON COLUMN journals.hash_from IS 'First wallet hash that this journal owns.';
COMMENT ON COLUMN journals.hash_to IS 'Last wallet hash that this journal owns.';
COMMENT ON COLUMN journals.claimed_at IS 'When the owner of this epoch took over.';
COMMENT ON COLUMN journals.retired_at IS
    'When another journal took this one''s place; null for a live journal.';
