-- Which of two copies of one journal the database was fed from.

ALTER TABLE journals ADD COLUMN applied_epoch bigint NOT NULL DEFAULT 0 CHECK (applied_epoch >= 0);

COMMENT ON COLUMN journals.applied_epoch IS
    'The epoch in which the record at applied_lsn was written; 0 if that is not known. A journal '
    'that has that record with another epoch has another history.';
