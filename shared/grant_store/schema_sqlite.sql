-- The ledger: inserted into, never changed. The triggers hold even against our own code.
CREATE TABLE IF NOT EXISTS ledger_events (
    position           INTEGER PRIMARY KEY,
    event_id           BLOB    NOT NULL UNIQUE,
    originator_id      BLOB    NOT NULL,
    originator_version INTEGER NOT NULL,
    topic              TEXT    NOT NULL,
    schema_version     INTEGER NOT NULL,
    recorded_at        INTEGER NOT NULL, -- microseconds since 1970-01-01T00:00Z
    state              BLOB    NOT NULL,
    metadata           BLOB    NOT NULL,
    leaf_hash          BLOB    NOT NULL,
    UNIQUE (originator_id, originator_version)
);
CREATE TABLE IF NOT EXISTS ledger_outcomes (
    sender         TEXT    NOT NULL,
    key            TEXT    NOT NULL,
    body_hash      BLOB    NOT NULL,
    kind           TEXT    NOT NULL,
    reason         TEXT    NOT NULL,
    first_position INTEGER NOT NULL,
    event_count    INTEGER NOT NULL,
    PRIMARY KEY (sender, key)
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS ledger_events_stay BEFORE UPDATE ON ledger_events
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS ledger_events_remain BEFORE DELETE ON ledger_events
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS ledger_outcomes_stay BEFORE UPDATE ON ledger_outcomes
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS ledger_outcomes_remain BEFORE DELETE ON ledger_outcomes
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- What those read who verify: its columns stay, whatever becomes of the tables. The next form of
-- it will be a view of another name beside this one.
CREATE VIEW IF NOT EXISTS ledger_v1 AS
    SELECT position, event_id, originator_id, originator_version, topic, schema_version,
           strftime('%Y-%m-%dT%H:%M:%S', recorded_at / 1000000, 'unixepoch')
               || printf('.%06dZ', recorded_at % 1000000) AS recorded_at,
           recorded_at AS recorded_at_microseconds, state, metadata, leaf_hash
    FROM ledger_events;
-- The working data: may be rebuilt from the ledgers at any time.
CREATE TABLE IF NOT EXISTS work_tracking (
    upstream  TEXT    PRIMARY KEY,
    position  INTEGER NOT NULL,
    leaf_hash BLOB    NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS work_relay (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL
);
-- With row ids, because a tree of whole bodies takes four times as long to insert into.
CREATE TABLE IF NOT EXISTS work_documents (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
);
