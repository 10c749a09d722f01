-- Keys of two sorts: those that make a request happen once, and those that let a caller in.

CREATE TABLE idempotency_keys (
    wallet      text COLLATE "C" NOT NULL,
    digest      bytea NOT NULL CHECK (length(digest) = 16),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 16),
    at          timestamptz NOT NULL,
    lsn         bigint NOT NULL CHECK (lsn > 0),
    receipt     bytea NOT NULL,
    PRIMARY KEY (wallet, digest)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX idempotency_keys_at ON idempotency_keys (at);
COMMENT ON TABLE idempotency_keys IS
    'Answers that were given under an idempotency key. Old ones are deleted by the server.';
COMMENT ON COLUMN idempotency_keys.wallet IS 'The wallet''s id; empty for requests about assets.';
COMMENT ON COLUMN idempotency_keys.digest IS 'SHA-256 of the key, its first 16 bytes.';
COMMENT ON COLUMN idempotency_keys.fingerprint IS 'SHA-256 of the request, its first 16 bytes.';
COMMENT ON COLUMN idempotency_keys.at IS 'When the request was answered.';
COMMENT ON COLUMN idempotency_keys.lsn IS 'The journal record that keeps the answer.';
COMMENT ON COLUMN idempotency_keys.receipt IS 'The answer, as a Receipt of record.proto.';

CREATE TABLE api_keys (
    id         text COLLATE "C" PRIMARY KEY,
    name       text NOT NULL CHECK (name <> ''),
    scopes     text[] NOT NULL
        CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['authorize', 'read', 'admin']),
    digest     bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
COMMENT ON TABLE api_keys IS 'Who may call the API. Managed by `faregate keys`.';
COMMENT ON COLUMN api_keys.id IS 'key_ and 16 characters; safe to show.';
COMMENT ON COLUMN api_keys.name IS 'For people.';
COMMENT ON COLUMN api_keys.scopes IS 'authorize, read, admin; admin includes the others.';
COMMENT ON COLUMN api_keys.digest IS 'SHA-256 of the secret, which is stored nowhere.';
COMMENT ON COLUMN api_keys.created_at IS 'When the key was made.';
COMMENT ON COLUMN api_keys.revoked_at IS 'Since when the key is refused; null while it is good.';
