-- What wallets hold. Identifiers are compared by bytes (COLLATE "C"): the server sorts them so too.
-- There are no foreign keys: rows come from one writer that has checked them, in batches, and
-- `faregate verify` checks the references.

CREATE TYPE wallet_status AS ENUM ('active', 'frozen');
CREATE TYPE over_capture AS ENUM ('reject', 'cap', 'debt');
CREATE TYPE grant_kind AS ENUM ('paid', 'promotional', 'recurring');
CREATE TYPE grant_status AS ENUM ('scheduled', 'active', 'expired', 'revoked');
COMMENT ON TYPE wallet_status IS 'Frozen: nothing new may be spent; what is held may be captured.';
COMMENT ON TYPE over_capture IS 'What a capture of more than is held does.';
COMMENT ON TYPE grant_kind IS 'Promotional and recurring credit is spent before paid credit.';
COMMENT ON TYPE grant_status IS 'Scheduled: not effective yet, and outside all balances.';

CREATE TABLE assets (
    code        text COLLATE "C" PRIMARY KEY,
    asset_index integer NOT NULL UNIQUE CHECK (asset_index >= 0),
    scale       smallint NOT NULL CHECK (scale BETWEEN 0 AND 18),
    name        text,
    symbol      text,
    created_at  timestamptz NOT NULL,
    lsn         bigint NOT NULL CHECK (lsn > 0)
);
COMMENT ON TABLE assets IS 'What wallets can hold: currencies, tokens, hours.';
COMMENT ON COLUMN assets.code IS 'The asset''s name in requests, such as USD.';
COMMENT ON COLUMN assets.asset_index IS
    'Order of creation, from 0; stands for the code in the journal.';
COMMENT ON COLUMN assets.scale IS 'Decimal digits that the ledger keeps; never changes.';
COMMENT ON COLUMN assets.name IS 'For people.';
COMMENT ON COLUMN assets.symbol IS 'For people, such as $.';
COMMENT ON COLUMN assets.created_at IS 'When the asset was created.';
COMMENT ON COLUMN assets.lsn IS 'The journal record that created the asset.';

CREATE TABLE wallets (
    id           text COLLATE "C" PRIMARY KEY,
    wallet_hash  bigint NOT NULL CHECK (wallet_hash BETWEEN 0 AND 4294967295),
    status       wallet_status NOT NULL,
    over_capture over_capture NOT NULL,
    name         text,
    metadata     text,
    created_at   timestamptz NOT NULL,
    lsn          bigint NOT NULL CHECK (lsn > 0)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE wallets IS 'The containers that payers own.';
COMMENT ON COLUMN wallets.id IS 'Chosen by the caller, or generated.';
COMMENT ON COLUMN wallets.wallet_hash IS
    'Says which journal owns the wallet: the one whose hash_from and hash_to enclose it.';
COMMENT ON COLUMN wallets.status IS 'active or frozen.';
COMMENT ON COLUMN wallets.over_capture IS
    'A capture of more than is held: reject it, cap it at what is available, or go into debt.';
COMMENT ON COLUMN wallets.name IS 'For people.';
COMMENT ON COLUMN wallets.metadata IS 'A JSON object of the caller; query it as metadata::jsonb.';
COMMENT ON COLUMN wallets.created_at IS 'When the wallet was created.';
COMMENT ON COLUMN wallets.lsn IS 'The last journal record that touched the wallet in any way.';

CREATE TABLE balances (
    wallet          text COLLATE "C" NOT NULL,
    asset           text COLLATE "C" NOT NULL,
    posted          numeric NOT NULL,
    held            numeric NOT NULL CHECK (held >= 0),
    available       numeric NOT NULL GENERATED ALWAYS AS (posted - held + overdraft_limit) STORED,
    overdraft_limit numeric NOT NULL CHECK (overdraft_limit >= 0),
    debt            numeric NOT NULL CHECK (debt >= 0),
    overdraft_held  numeric NOT NULL CHECK (overdraft_held >= 0),
    issued          numeric NOT NULL CHECK (issued >= 0),
    revenue         numeric NOT NULL CHECK (revenue >= 0),
    breakage        numeric NOT NULL CHECK (breakage >= 0),
    lsn             bigint NOT NULL CHECK (lsn > 0),
    PRIMARY KEY (wallet, asset),
    CONSTRAINT nothing_appears_or_vanishes CHECK (issued = posted + revenue + breakage),
    CONSTRAINT free_credit_is_not_negative CHECK (posted - held + debt >= 0),
    CONSTRAINT held_credit_was_drawn CHECK (overdraft_held <= held AND overdraft_held <= debt)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE balances IS
    'The accounts: one row for each asset of a wallet. Amounts are in units of the asset.';
COMMENT ON COLUMN balances.wallet IS 'The wallet''s id.';
COMMENT ON COLUMN balances.asset IS 'The asset''s code.';
COMMENT ON COLUMN balances.posted IS 'Money in the account; below zero when it is in debt.';
COMMENT ON COLUMN balances.held IS 'Reserved by open authorizations.';
COMMENT ON COLUMN balances.available IS 'What may be spent now: posted - held + overdraft_limit.';
COMMENT ON COLUMN balances.overdraft_limit IS 'The account''s credit line.';
COMMENT ON COLUMN balances.debt IS 'Drawn from the credit line, whether spent or held.';
COMMENT ON COLUMN balances.overdraft_held IS 'The part of held that is drawn from the credit line.';
COMMENT ON COLUMN balances.issued IS 'All that grants ever put in.';
COMMENT ON COLUMN balances.revenue IS 'All that was ever spent.';
COMMENT ON COLUMN balances.breakage IS 'All that ever expired or was revoked.';
COMMENT ON COLUMN balances.lsn IS 'The last journal record that changed the account.';

CREATE TABLE grants (
    id           text COLLATE "C" PRIMARY KEY,
    wallet       text COLLATE "C" NOT NULL,
    asset        text COLLATE "C" NOT NULL,
    kind         grant_kind NOT NULL,
    status       grant_status NOT NULL,
    amount       numeric NOT NULL CHECK (amount > 0),
    remaining    numeric NOT NULL CHECK (remaining BETWEEN 0 AND amount),
    held         numeric NOT NULL CHECK (held BETWEEN 0 AND remaining),
    priority     smallint NOT NULL CHECK (priority BETWEEN 0 AND 100),
    created_at   timestamptz NOT NULL,
    effective_at timestamptz NOT NULL,
    expires_at   timestamptz CHECK (expires_at > effective_at),
    metadata     text,
    created_lsn  bigint NOT NULL CHECK (created_lsn > 0),
    lsn          bigint NOT NULL CHECK (lsn >= created_lsn),
    CONSTRAINT scheduled_grants_are_whole
        CHECK (status <> 'scheduled' OR (remaining = amount AND held = 0)),
    CONSTRAINT ended_grants_keep_only_what_is_held
        CHECK (status IN ('scheduled', 'active') OR remaining = held)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX grants_of_wallet ON grants (wallet, id);
COMMENT ON TABLE grants IS 'Lots of credit that were put into accounts.';
COMMENT ON COLUMN grants.id IS 'grant_ and 26 characters, ordered by time.';
COMMENT ON COLUMN grants.wallet IS 'The wallet''s id.';
COMMENT ON COLUMN grants.asset IS 'The asset''s code.';
COMMENT ON COLUMN grants.kind IS 'paid, promotional or recurring.';
COMMENT ON COLUMN grants.status IS
    'scheduled, active, expired or revoked. An active grant with nothing remaining is exhausted.';
COMMENT ON COLUMN grants.amount IS 'What was granted.';
COMMENT ON COLUMN grants.remaining IS 'Not spent yet, what is held included.';
COMMENT ON COLUMN grants.held IS 'Reserved by open authorizations.';
COMMENT ON COLUMN grants.priority IS '0 to 100; low is spent first.';
COMMENT ON COLUMN grants.created_at IS 'When the grant was made.';
COMMENT ON COLUMN grants.effective_at IS 'When it can be spent from.';
COMMENT ON COLUMN grants.expires_at IS 'When what is not held goes to breakage; null for never.';
COMMENT ON COLUMN grants.metadata IS 'A JSON object of the caller; query it as metadata::jsonb.';
COMMENT ON COLUMN grants.created_lsn IS
    'The journal record that made the grant; the last rule of the burn order.';
COMMENT ON COLUMN grants.lsn IS 'The last journal record that changed the grant.';
