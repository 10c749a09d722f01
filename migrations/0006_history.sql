-- Which of several copies of one journal the database was fed from.

ALTER TABLE journals ADD COLUMN applied_hash text NOT NULL DEFAULT '';

COMMENT ON COLUMN journals.applied_hash IS
    'SHA-256 of the record at applied_lsn and of its epoch; empty if that is not known. A journal '
    'that has another record there has another history.';
