-- The transparency log of one ledger. {log} is the name of its schema, {ledger_name} that of the
-- ledger's as a text. Runs after the ledger's script, in the same transaction.

CREATE SCHEMA IF NOT EXISTS {log};

-- An epoch is one growth of the ledger without a break; a recorded incident begins another.
CREATE TABLE IF NOT EXISTS {log}.heads (
    epoch     integer     NOT NULL CHECK (epoch > 0),
    size      bigint      NOT NULL CHECK (size > 0),
    root      bytea       NOT NULL CHECK (octet_length(root) = 32),
    note      bytea       NOT NULL,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (epoch, size)
);
-- Full tiles only: what a partial one holds stands in the ledger and in the roots below it.
CREATE TABLE IF NOT EXISTS {log}.tiles (
    epoch  integer  NOT NULL,
    level  smallint NOT NULL,
    index  bigint   NOT NULL,
    hashes bytea    NOT NULL CHECK (octet_length(hashes) = 8192),
    root   bytea    NOT NULL CHECK (octet_length(root) = 32),
    PRIMARY KEY (epoch, level, index)
);
ALTER TABLE {log}.tiles ALTER COLUMN hashes SET STORAGE EXTERNAL; -- Hashes cannot be compressed.
CREATE TABLE IF NOT EXISTS {log}.cosignatures (
    epoch     integer NOT NULL,
    size      bigint  NOT NULL,
    key_name  text    COLLATE "C" NOT NULL,
    line_hash bytea   NOT NULL,
    line      bytea   NOT NULL,
    PRIMARY KEY (epoch, size, key_name, line_hash),
    FOREIGN KEY (epoch, size) REFERENCES {log}.heads
);
CREATE TABLE IF NOT EXISTS {log}.timestamps (
    epoch         integer NOT NULL,
    size          bigint  NOT NULL,
    authority     text    COLLATE "C" NOT NULL,
    response_hash bytea   NOT NULL,
    response      bytea   NOT NULL,
    PRIMARY KEY (epoch, size, authority, response_hash),
    FOREIGN KEY (epoch, size) REFERENCES {log}.heads
);

CREATE OR REPLACE FUNCTION {log}.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $refuse_change$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'PF006', MESSAGE = 'the log is append-only';
END
$refuse_change$;

-- Whoever may insert a head may still not insert one that takes something back.
CREATE OR REPLACE FUNCTION {log}.refuse_shorter() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $refuse_shorter$
DECLARE
    last record;
BEGIN
    PERFORM pg_advisory_xact_lock(20585, hashtext({ledger_name}));
    SELECT heads.epoch, heads.size, heads.signed_at INTO last
        FROM {log}.heads ORDER BY heads.epoch DESC, heads.size DESC LIMIT 1;
    IF NEW.epoch < last.epoch
        OR (NEW.epoch = last.epoch AND NEW.size <= last.size)
        OR NEW.signed_at < last.signed_at
    THEN
        RAISE EXCEPTION USING ERRCODE = 'PF007', MESSAGE = format(
            'the last head is that of size %s in epoch %s, signed at %s',
            last.size, last.epoch, last.signed_at);
    END IF;
    RETURN NEW;
END
$refuse_shorter$;

CREATE OR REPLACE TRIGGER heads_grow BEFORE INSERT ON {log}.heads
    FOR EACH ROW EXECUTE FUNCTION {log}.refuse_shorter();
CREATE OR REPLACE TRIGGER heads_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {log}.heads
    FOR EACH STATEMENT EXECUTE FUNCTION {log}.refuse_change();
CREATE OR REPLACE TRIGGER tiles_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {log}.tiles
    FOR EACH STATEMENT EXECUTE FUNCTION {log}.refuse_change();
CREATE OR REPLACE TRIGGER cosignatures_stay BEFORE UPDATE OR DELETE OR TRUNCATE
    ON {log}.cosignatures FOR EACH STATEMENT EXECUTE FUNCTION {log}.refuse_change();
CREATE OR REPLACE TRIGGER timestamps_stay BEFORE UPDATE OR DELETE OR TRUNCATE
    ON {log}.timestamps FOR EACH STATEMENT EXECUTE FUNCTION {log}.refuse_change();
-- ALWAYS: a session that poses as a replication worker does not switch them off.
ALTER TABLE {log}.heads ENABLE ALWAYS TRIGGER heads_grow;
ALTER TABLE {log}.heads ENABLE ALWAYS TRIGGER heads_stay;
ALTER TABLE {log}.tiles ENABLE ALWAYS TRIGGER tiles_stay;
ALTER TABLE {log}.cosignatures ENABLE ALWAYS TRIGGER cosignatures_stay;
ALTER TABLE {log}.timestamps ENABLE ALWAYS TRIGGER timestamps_stay;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {log} FROM PUBLIC;
