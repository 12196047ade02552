-- The transparency log of one ledger, in a file of its own. Appended to, never changed.
-- An epoch is one growth of the ledger without a break; a recorded incident begins another.
CREATE TABLE IF NOT EXISTS log_heads (
    epoch     INTEGER NOT NULL CHECK (epoch > 0),
    size      INTEGER NOT NULL CHECK (size > 0),
    root      BLOB    NOT NULL CHECK (length(root) = 32),
    note      BLOB    NOT NULL,
    signed_at INTEGER NOT NULL, -- microseconds since 1970-01-01T00:00Z
    PRIMARY KEY (epoch, size)
);
-- Full tiles only: what a partial one holds stands in the ledger and in the roots below it.
CREATE TABLE IF NOT EXISTS log_tiles (
    epoch  INTEGER NOT NULL,
    level  INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    hashes BLOB    NOT NULL CHECK (length(hashes) = 8192),
    root   BLOB    NOT NULL CHECK (length(root) = 32),
    PRIMARY KEY (epoch, level, place)
);
CREATE TABLE IF NOT EXISTS log_cosignatures (
    epoch     INTEGER NOT NULL,
    size      INTEGER NOT NULL,
    key_name  TEXT    NOT NULL,
    line_hash BLOB    NOT NULL,
    line      BLOB    NOT NULL,
    PRIMARY KEY (epoch, size, key_name, line_hash),
    FOREIGN KEY (epoch, size) REFERENCES log_heads
);
CREATE TABLE IF NOT EXISTS log_timestamps (
    epoch         INTEGER NOT NULL,
    size          INTEGER NOT NULL,
    authority     TEXT    NOT NULL,
    response_hash BLOB    NOT NULL,
    response      BLOB    NOT NULL,
    PRIMARY KEY (epoch, size, authority, response_hash),
    FOREIGN KEY (epoch, size) REFERENCES log_heads
);
CREATE TRIGGER IF NOT EXISTS log_heads_grow BEFORE INSERT ON log_heads
WHEN EXISTS (
    SELECT 1 FROM (SELECT * FROM log_heads ORDER BY epoch DESC, size DESC LIMIT 1) AS last
    WHERE last.epoch > NEW.epoch OR (last.epoch = NEW.epoch AND last.size >= NEW.size)
        OR last.signed_at > NEW.signed_at
)
BEGIN SELECT RAISE(ABORT, 'a head must be longer and later than the last'); END;
CREATE TRIGGER IF NOT EXISTS log_heads_stay BEFORE UPDATE ON log_heads
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS log_heads_remain BEFORE DELETE ON log_heads
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS log_tiles_stay BEFORE UPDATE ON log_tiles
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS log_tiles_remain BEFORE DELETE ON log_tiles
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS log_cosignatures_stay BEFORE UPDATE ON log_cosignatures
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS log_cosignatures_remain BEFORE DELETE ON log_cosignatures
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS log_timestamps_stay BEFORE UPDATE ON log_timestamps
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS log_timestamps_remain BEFORE DELETE ON log_timestamps
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
