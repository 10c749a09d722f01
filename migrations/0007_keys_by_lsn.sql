-- Answers come in the order of their LSN, and are read in that order when a server starts; nobody
-- looks one up by its key. With an index by key, every answer cost a search for a random place.

ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey, ADD PRIMARY KEY (lsn);
COMMENT ON TABLE idempotency_keys IS
    'Answers that were given under an idempotency key. Of one key, the youngest counts. Old ones '
    'are deleted by the server.';
