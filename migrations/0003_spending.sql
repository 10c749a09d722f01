-- Holds and debits.

CREATE TYPE authorization_status AS ENUM ('authorized', 'captured', 'voided', 'expired');
COMMENT ON TYPE authorization_status IS 'authorized is the only open status; the others are final.';

CREATE TABLE authorizations (
    id          text COLLATE "C" PRIMARY KEY,
    wallet      text COLLATE "C" NOT NULL,
    status      authorization_status NOT NULL,
    late        boolean NOT NULL,
    settled     boolean NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    closed_at   timestamptz,
    description text,
    metadata    text,
    lsn         bigint NOT NULL CHECK (lsn > 0),
    CONSTRAINT closed_ones_say_when CHECK ((status = 'authorized') = (closed_at IS NULL)),
    CONSTRAINT late_ones_have_expired CHECK (status = 'expired' OR NOT (late OR settled))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
-- Finds the open ones (null) and those that were closed of late, which start-up reads.
CREATE INDEX authorizations_closed_at ON authorizations (closed_at);
COMMENT ON TABLE authorizations IS
    'Holds: amounts reserved in a wallet until captured, voided or expired.';
COMMENT ON COLUMN authorizations.id IS 'auth_ and 26 characters, ordered by time.';
COMMENT ON COLUMN authorizations.wallet IS 'The wallet''s id.';
COMMENT ON COLUMN authorizations.status IS 'authorized, captured, voided or expired.';
COMMENT ON COLUMN authorizations.late IS 'Captured after it expired, at least in part.';
COMMENT ON COLUMN authorizations.settled IS 'Expired, and a final late capture was made.';
COMMENT ON COLUMN authorizations.created_at IS 'When it was authorized.';
COMMENT ON COLUMN authorizations.expires_at IS 'When it ends, or ended, by itself.';
COMMENT ON COLUMN authorizations.closed_at IS 'When it ended; null while it is open.';
COMMENT ON COLUMN authorizations.description IS 'The caller''s words.';
COMMENT ON COLUMN authorizations.metadata IS
    'A JSON object of the caller; query it as metadata::jsonb.';
COMMENT ON COLUMN authorizations.lsn IS 'The last journal record that changed the authorization.';

CREATE TABLE authorization_lines (
    authorization_id text COLLATE "C" NOT NULL,
    asset            text COLLATE "C" NOT NULL,
    position         integer NOT NULL CHECK (position >= 0),
    authorized       numeric NOT NULL CHECK (authorized >= 0),
    captured         numeric NOT NULL CHECK (captured >= 0),
    held             numeric NOT NULL CHECK (held BETWEEN 0 AND authorized),
    PRIMARY KEY (authorization_id, asset)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
-- Keeps the audit cheap: it adds up what is held, however many authorizations were closed.
CREATE INDEX authorization_lines_held ON authorization_lines (asset) WHERE held <> 0;
COMMENT ON TABLE authorization_lines IS 'One asset of an authorization.';
COMMENT ON COLUMN authorization_lines.authorization_id IS 'The authorization.';
COMMENT ON COLUMN authorization_lines.asset IS 'The asset''s code.';
COMMENT ON COLUMN authorization_lines.position IS 'Place in the request, from 0.';
COMMENT ON COLUMN authorization_lines.authorized IS
    'All that was ever reserved: the first hold and its increments.';
COMMENT ON COLUMN authorization_lines.captured IS
    'All that was ever captured, beyond the hold and late captures included.';
COMMENT ON COLUMN authorization_lines.held IS 'Reserved now.';

CREATE TABLE hold_parts (
    authorization_id text COLLATE "C" NOT NULL,
    asset            text COLLATE "C" NOT NULL,
    grant_id         text COLLATE "C",
    amount           numeric NOT NULL CHECK (amount >= 0),
    lsn              bigint NOT NULL CHECK (lsn > 0),
    sequence         integer NOT NULL CHECK (sequence >= 0),
    PRIMARY KEY (authorization_id, asset, lsn, sequence)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE hold_parts IS
    'What an open authorization keeps of which grant. Captures take from the parts in the order of '
    '(lsn, sequence). Parts are deleted when the authorization ends.';
COMMENT ON COLUMN hold_parts.authorization_id IS 'The authorization.';
COMMENT ON COLUMN hold_parts.asset IS 'The asset''s code.';
COMMENT ON COLUMN hold_parts.grant_id IS 'The grant; null for the account''s credit line.';
COMMENT ON COLUMN hold_parts.amount IS 'What is still held of it.';
COMMENT ON COLUMN hold_parts.lsn IS 'The journal record that first held it.';
COMMENT ON COLUMN hold_parts.sequence IS 'The entry within that record.';

CREATE TABLE debits (
    id          text COLLATE "C" PRIMARY KEY,
    wallet      text COLLATE "C" NOT NULL,
    at          timestamptz NOT NULL,
    description text,
    metadata    text,
    lsn         bigint NOT NULL CHECK (lsn > 0)
);
COMMENT ON TABLE debits IS 'Spending in one step, without a hold. The amounts are in entries.';
COMMENT ON COLUMN debits.id IS 'debit_ and 26 characters, ordered by time.';
COMMENT ON COLUMN debits.wallet IS 'The wallet''s id.';
COMMENT ON COLUMN debits.at IS 'When it was spent.';
COMMENT ON COLUMN debits.description IS 'The caller''s words.';
COMMENT ON COLUMN debits.metadata IS 'A JSON object of the caller; query it as metadata::jsonb.';
COMMENT ON COLUMN debits.lsn IS 'The journal record of the debit.';
