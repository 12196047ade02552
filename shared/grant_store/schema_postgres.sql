-- One ledger with its working data. {ledger} and {work} are the names of the two schemas;
-- {ledger_name} is the first as a text. Runs in one transaction under the migration's lock.

CREATE SCHEMA IF NOT EXISTS {ledger};
CREATE SCHEMA IF NOT EXISTS {work};

CREATE TABLE IF NOT EXISTS {ledger}.schema_version (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL
);

-- The ledger: inserted into, never changed. The triggers hold even against its owner.
-- PostgreSQL checks unique indexes in the order of their making: the version comes first, so
-- that the same event offered twice is a conflict of versions, as in SQLite.
CREATE TABLE IF NOT EXISTS {ledger}.events (
    position           bigint      PRIMARY KEY,
    event_id           uuid        NOT NULL,
    originator_id      uuid        NOT NULL,
    originator_version bigint      NOT NULL,
    topic              text        NOT NULL,
    schema_version     integer     NOT NULL,
    recorded_at        timestamptz NOT NULL,
    state              bytea       NOT NULL,
    metadata           bytea       NOT NULL,
    leaf_hash          bytea       NOT NULL,
    UNIQUE (originator_id, originator_version),
    UNIQUE (event_id)
);
CREATE TABLE IF NOT EXISTS {ledger}.outcomes (
    sender         text    COLLATE "C" NOT NULL,
    key            text    COLLATE "C" NOT NULL,
    body_hash      bytea   NOT NULL,
    kind           text    NOT NULL,
    reason         text    NOT NULL,
    first_position bigint  NOT NULL,
    event_count    integer NOT NULL,
    PRIMARY KEY (sender, key)
);

-- The working data: may be rebuilt from the ledgers at any time.
CREATE TABLE IF NOT EXISTS {work}.tracking (
    upstream  text   COLLATE "C" PRIMARY KEY,
    position  bigint NOT NULL,
    leaf_hash bytea  NOT NULL
);
CREATE TABLE IF NOT EXISTS {work}.relay (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint  NOT NULL
);
CREATE TABLE IF NOT EXISTS {work}.documents (
    kind text  COLLATE "C" NOT NULL,
    key  text  COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (kind, key)
);

CREATE OR REPLACE FUNCTION {ledger}.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $refuse_change$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'PF006', MESSAGE = 'the ledger is append-only';
END
$refuse_change$;

CREATE OR REPLACE TRIGGER events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {ledger}.events
    FOR EACH STATEMENT EXECUTE FUNCTION {ledger}.refuse_change();
CREATE OR REPLACE TRIGGER outcomes_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {ledger}.outcomes
    FOR EACH STATEMENT EXECUTE FUNCTION {ledger}.refuse_change();
-- ALWAYS: a session that poses as a replication worker does not switch them off.
ALTER TABLE {ledger}.events ENABLE ALWAYS TRIGGER events_stay;
ALTER TABLE {ledger}.outcomes ENABLE ALWAYS TRIGGER outcomes_stay;

-- The encoding of `leaf.py`, byte for byte. Without settings of its own, so that it is inlined.
CREATE OR REPLACE FUNCTION {ledger}.leaf(
    place bigint, event_id uuid, originator_id uuid, originator_version bigint, topic bytea,
    schema_version integer, microseconds bigint, state bytea, metadata bytea
) RETURNS bytea LANGUAGE sql IMMUTABLE RETURN sha256(
    '\x0001'::bytea || int8send(place)
    || uuid_send(event_id) || uuid_send(originator_id)
    || int8send(originator_version)
    || int4send(octet_length(topic)) || topic
    || int4send(schema_version) || int8send(microseconds)
    || int4send(octet_length(state)) || state
    || int4send(octet_length(metadata)) || metadata
);

-- The only way into the ledger: everything of one append, in one round trip and one transaction.
-- The arrays are the columns of the rows in `rows.py`, in their order.
CREATE OR REPLACE FUNCTION {ledger}.append(
    expected_head bigint, clock timestamptz,
    event_ids uuid[], originator_ids uuid[], originator_versions bigint[], topics text[],
    schema_versions bigint[], states bytea[], metadatas bytea[],
    upstreams text[], upstream_positions bigint[], upstream_leaves bytea[],
    upstream_afters bigint[],
    senders text[], keys text[], body_hashes bytea[], kinds text[], reasons text[],
    firsts bigint[], event_counts bigint[],
    document_kinds text[], document_keys text[], document_bodies bytea[],
    start_over text[],
    OUT first_position bigint, OUT landed_at timestamptz, OUT leaves bytea[]
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $append$
DECLARE
    head         bigint;
    last_instant timestamptz;
    microseconds bigint;
    written      bigint;
BEGIN
    -- A snapshot from before the lock would not show what others appended meanwhile.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING ERRCODE = '0A000',
            MESSAGE = 'append needs the isolation level READ COMMITTED';
    END IF;
    -- When something was recorded is part of the proof, so a service does not get to say it.
    IF clock IS NOT NULL AND NOT pg_has_role(session_user, current_user, 'MEMBER') THEN
        RAISE EXCEPTION USING ERRCODE = '42501',
            MESSAGE = 'only the owner of the ledger may bring a clock';
    END IF;
    -- Held until the commit is visible to all: whoever comes next sees this head, and readers see
    -- positions appear in order and without a hole. 20582 keeps clear of other users of such locks.
    PERFORM pg_advisory_xact_lock(20582, hashtext({ledger_name}));
    SELECT events.position, events.recorded_at INTO head, last_instant
        FROM {ledger}.events ORDER BY events.position DESC LIMIT 1;
    head := coalesce(head, 0);
    IF expected_head <> head THEN
        RAISE EXCEPTION USING ERRCODE = 'PF001',
            MESSAGE = format('head is %s, expected %s', head, expected_head);
    END IF;
    first_position := head + 1;
    IF cardinality(event_ids) = 0 AND cardinality(senders) = 0 THEN
        -- Tracking and documents alone need not survive a power cut: together they go back to what
        -- they were, and the feed brings them again.
        PERFORM set_config('synchronous_commit', 'off', true);
    END IF;
    landed_at := greatest(last_instant, coalesce(clock, clock_timestamp()));
    microseconds := (extract(epoch FROM landed_at) * 1000000)::bigint;
    leaves := ARRAY[]::bytea[];

    IF cardinality(event_ids) = 1 THEN
        -- The same as below; setting up the larger statement would take twice as long as one row.
        leaves[1] := {ledger}.leaf(
            first_position, event_ids[1], originator_ids[1], originator_versions[1],
            convert_to(topics[1], 'UTF8'), schema_versions[1]::integer, microseconds,
            states[1], metadatas[1]
        );
        INSERT INTO {ledger}.events
            VALUES (first_position, event_ids[1], originator_ids[1], originator_versions[1],
                    topics[1], schema_versions[1]::integer, landed_at,
                    states[1], metadatas[1], leaves[1])
            ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS written = ROW_COUNT;
    ELSIF cardinality(event_ids) > 1 THEN
        WITH new AS (
            SELECT head + ordinality AS place, columns.*
            FROM unnest(
                event_ids, originator_ids, originator_versions, topics, schema_versions,
                states, metadatas
            ) WITH ORDINALITY AS columns (
                event_id, originator_id, originator_version, topic, schema_version,
                state, metadata, ordinality
            )
        ), inserted AS (
            INSERT INTO {ledger}.events
            SELECT
                place, event_id, originator_id, originator_version, topic,
                schema_version::integer, landed_at, state, metadata,
                {ledger}.leaf(
                    place, event_id, originator_id, originator_version,
                    convert_to(topic, 'UTF8'), schema_version::integer, microseconds,
                    state, metadata
                )
            FROM new ORDER BY place
            ON CONFLICT DO NOTHING
            RETURNING events.position, events.leaf_hash
        )
        SELECT array_agg(inserted.leaf_hash ORDER BY inserted.position), count(*)
            INTO leaves, written FROM inserted;
    END IF;
    IF written < cardinality(event_ids) THEN
        PERFORM FROM {ledger}.events JOIN unnest(originator_ids, originator_versions)
            WITH ORDINALITY AS new (originator_id, originator_version, place)
            USING (originator_id, originator_version)
            WHERE events.position <> head + new.place;
        IF FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'PF002',
                MESSAGE = 'another event stands at this version of the aggregate';
        END IF;
        RAISE EXCEPTION USING ERRCODE = 'PF003', MESSAGE = 'this event is already recorded';
    END IF;

    IF cardinality(start_over) > 0 THEN
        DELETE FROM {work}.documents;
        DELETE FROM {work}.tracking WHERE upstream = ANY (start_over);
    END IF;

    FOR i IN 1 .. cardinality(upstreams) LOOP
        -- -1 stands for any lower position.
        INSERT INTO {work}.tracking AS known
            SELECT upstreams[i], upstream_positions[i], upstream_leaves[i]
            WHERE upstream_afters[i] IN (-1, coalesce(
                (SELECT position FROM {work}.tracking WHERE upstream = upstreams[i]), 0))
            ON CONFLICT (upstream) DO UPDATE
                SET position = excluded.position, leaf_hash = excluded.leaf_hash
                WHERE excluded.position > known.position;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'PF004', MESSAGE = format(
                '%s was already followed to %s', upstreams[i], upstream_positions[i]);
        END IF;
    END LOOP;

    FOR i IN 1 .. cardinality(senders) LOOP
        INSERT INTO {ledger}.outcomes
            VALUES (senders[i], keys[i], body_hashes[i], kinds[i], reasons[i],
                    first_position + firsts[i], event_counts[i])
            ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'PF005', MESSAGE = format(
                '%s has already used the key %s', senders[i], keys[i]);
        END IF;
    END LOOP;

    IF cardinality(document_kinds) > 0 THEN
        DELETE FROM {work}.documents
            USING unnest(document_kinds, document_keys, document_bodies) AS new (kind, key, body)
            WHERE documents.kind = new.kind AND documents.key = new.key AND new.body IS NULL;
        INSERT INTO {work}.documents
            SELECT new.kind, new.key, new.body
            FROM unnest(document_kinds, document_keys, document_bodies) AS new (kind, key, body)
            WHERE new.body IS NOT NULL
            ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body;
    END IF;
END
$append$;

-- As version 1 called it. Version 2 was the last that had it for programs of version 1.
DROP FUNCTION IF EXISTS {ledger}.append(
    bigint, timestamptz, uuid[], uuid[], bigint[], text[], bigint[], bytea[], bytea[],
    text[], bigint[], bytea[], text[], text[], bytea[], text[], text[], bigint[], bigint[],
    text[], text[], bytea[]
);

-- What those read who verify: its columns stay, whatever becomes of the tables. The next form of
-- it will be a view of another name beside this one.
CREATE OR REPLACE VIEW {ledger}.ledger_v1 AS
    SELECT position, event_id, originator_id, originator_version, topic, schema_version,
           recorded_at, (extract(epoch FROM recorded_at) * 1000000)::bigint
               AS recorded_at_microseconds, state, metadata, leaf_hash
    FROM {ledger}.events;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {ledger} FROM PUBLIC;
