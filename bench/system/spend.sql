-- What Faregate's debit does, as one PostgreSQL function: check, debit, the answer kept under the
-- idempotency key, an entry in a log.

CREATE TABLE wallets (id bigint PRIMARY KEY, available bigint NOT NULL CHECK (available >= 0))
    WITH (fillfactor = 50);  -- so that an update stays in its page
CREATE TABLE entries (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT now(),
    wallet_id bigint NOT NULL,
    amount    bigint NOT NULL
);
CREATE TABLE idempotency_keys (key bigint PRIMARY KEY, answer text NOT NULL);

INSERT INTO wallets SELECT n, 1000000000000000 FROM generate_series(0, 9999) AS n;
VACUUM ANALYZE wallets;

CREATE FUNCTION debit(wallet bigint, wanted bigint, request_key bigint) RETURNS text AS $$
DECLARE
    result text;
BEGIN
    SELECT answer INTO result FROM idempotency_keys WHERE key = request_key;
    IF FOUND THEN
        RETURN result;
    END IF;
    UPDATE wallets SET available = available - wanted WHERE id = wallet AND available >= wanted;
    IF FOUND THEN
        INSERT INTO entries (wallet_id, amount) VALUES (wallet, wanted);
        result := 'posted';
    ELSE
        result := 'insufficient_funds';
    END IF;
    -- Of two requests with one key at once, the second fails here, and can be sent again.
    INSERT INTO idempotency_keys VALUES (request_key, result);
    RETURN result;
END
$$ LANGUAGE plpgsql;
