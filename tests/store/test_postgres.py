"""What only PostgreSQL can meet: lost connections, other roles, other sessions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC
from pathlib import Path
from threading import Timer
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from grant_store.errors import (
    EventRepeated,
    NotMigrated,
    OutcomeUnknown,
    StoreError,
    TrackingConflict,
    Unreachable,
    VersionConflict,
)
from grant_store.postgres import PostgresStore
from grant_store.postgres_connection import answer_slowly, connect
from grant_store.rows import Append, Document, Tracked
from store.broken_line import BrokenLine
from store.samples import an_event, an_outcome

pytestmark = pytest.mark.servers
HERE = Path(__file__).parent


@pytest.fixture
def store(shared_database: str) -> Iterator[PostgresStore]:
    with closing(PostgresStore(shared_database, "budgeting")) as store:
        store.migrate()
        yield store


@pytest.fixture
def session(shared_database: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Somebody with all rights, beside the store."""
    with psycopg.connect(shared_database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def line(shared_database: str) -> Iterator[BrokenLine]:
    where = conninfo_to_dict(shared_database)
    with closing(BrokenLine(str(where["host"]), int(str(where["port"])))) as line:
        yield line


@pytest.fixture
def distant(
    store: PostgresStore, shared_database: str, line: BrokenLine
) -> Iterator[PostgresStore]:
    """A second handle on the same ledger, behind the line that breaks."""
    dsn = make_conninfo(shared_database, host="127.0.0.1", port=line.port)
    with closing(PostgresStore(dsn, "budgeting", patience_seconds=0.3)) as distant:
        distant.append(Append(events=[an_event()]))  # Opened: what breaks is the next statement.
        distant.head()
        yield distant


# Lost connections


def test_a_killed_connection_is_reopened_and_the_append_is_recorded_once(
    store: PostgresStore, session: psycopg.Connection[tuple[object, ...]]
) -> None:
    store.append(Append(events=[an_event()]))
    store.head()
    killed = session.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'pruefpfad budgeting/main'"
    ).fetchall()
    assert killed == [(True,), (True,)]

    assert store.append(Append(events=[an_event()])).first_position == 2
    assert store.head().position == 2


EVENT = an_event()
RECORDABLE = {
    "events": Append(events=[EVENT, an_event(EVENT.originator_id, 2)]),
    "tracking": Append(tracking=[Tracked("intake/main", 5, b"leaf")]),
    "an outcome": Append(outcomes=[an_outcome()]),
    "documents": Append(documents=[Document("case", "a", b"1")]),
    "all of it": Append(
        events=[EVENT],
        tracking=[Tracked("intake/main", 5, b"leaf")],
        outcomes=[an_outcome(event_count=1)],
        documents=[Document("case", "a", b"1")],
        expected_head=1,
    ),
}


@pytest.mark.parametrize("what", RECORDABLE)
@pytest.mark.parametrize("lost", ["answer", "request"])
def test_a_line_that_breaks_during_an_append_ends_in_the_truth(
    store: PostgresStore, distant: PostgresStore, line: BrokenLine, what: str, lost: str
) -> None:
    append = RECORDABLE[what]
    trap = line.lose_next_answer if lost == "answer" else line.lose_next_request
    trap.set()

    appended = distant.append(append)

    assert not trap.is_set()
    recorded = store.events_after(1, 10)
    assert appended.first_position == 2
    assert [event.event_id for event in recorded] == [event.event_id for event in append.events]
    assert appended.leaf_hashes == tuple(event.leaf_hash for event in recorded)
    assert all(store.tracked(tracked.upstream) == tracked for tracked in append.tracking)
    assert all(store.outcome(one.sender, one.key) for one in append.outcomes)
    assert store.documents("case") == list(append.documents)


@pytest.mark.parametrize(
    ("append", "conflict"),
    [
        (Append(events=[an_event(EVENT.originator_id)]), VersionConflict),
        (Append(events=[an_event(event_id=EVENT.event_id)]), EventRepeated),
        (Append(tracking=[Tracked("intake/main", 5, b"of another history")]), TrackingConflict),
    ],
)
def test_a_conflict_is_still_one_when_the_line_breaks(
    store: PostgresStore,
    distant: PostgresStore,
    line: BrokenLine,
    append: Append,
    conflict: type[StoreError],
) -> None:
    store.append(Append(events=[EVENT], tracking=[Tracked("intake/main", 5, b"leaf")]))
    line.lose_next_answer.set()

    with pytest.raises(conflict):
        distant.append(append)
    assert store.head().position == 2


def test_the_same_key_with_another_body_is_no_proof_that_it_was_recorded(
    store: PostgresStore, distant: PostgresStore, line: BrokenLine
) -> None:
    store.append(Append(outcomes=[an_outcome()]))
    line.lose_next_answer.set()

    with pytest.raises(StoreError, match="portal has already used the key k-1"):
        distant.append(Append(outcomes=[an_outcome()._replace(body_hash=b"another")]))


@pytest.mark.parametrize("lost", ["answer", "request"])
def test_when_the_database_stays_away_the_outcome_is_unknown(
    store: PostgresStore, distant: PostgresStore, line: BrokenLine, lost: str
) -> None:
    line.stays_down = True
    (line.lose_next_answer if lost == "answer" else line.lose_next_request).set()

    with pytest.raises(OutcomeUnknown, match=r"^budgeting/main: .*cannot be asked whether"):
        distant.append(Append(events=[an_event()]))

    assert store.head().position == (2 if lost == "answer" else 1)
    with pytest.raises(Unreachable):  # Never sent, so nothing is unknown about this one.
        distant.append(Append(events=[an_event()]))
    with pytest.raises(Unreachable):
        distant.head()


def test_a_slow_answer_that_the_server_breaks_off_is_unreachable_so_that_a_start_waits_for_it(
    shared_database: str, session: psycopg.Connection[tuple[object, ...]]
) -> None:
    with connect(shared_database, "budgeting/main", autocommit=True) as connection:
        breaking_off = Timer(
            0.2, session.execute, ["SELECT pg_terminate_backend(%s)", [pid(connection)]]
        )
        breaking_off.start()

        with pytest.raises(Unreachable, match="budgeting/main: terminating connection"):
            answer_slowly(connection, "budgeting/main", seconds=30)

        breaking_off.join()


def pid(connection: psycopg.Connection[Any]) -> int:
    return connection.info.backend_pid


def test_reading_goes_on_after_a_broken_line(distant: PostgresStore, line: BrokenLine) -> None:
    line.lose_next_answer.set()

    assert distant.head().position == 1


def test_a_server_that_is_not_there_is_unreachable_and_the_password_is_not_told() -> None:
    store = PostgresStore("postgresql://someone:geheim@127.0.0.1:1/grants", "budgeting")

    with pytest.raises(Unreachable, match="budgeting/main: PostgreSQL cannot be reached") as told:
        store.append(Append(events=[an_event()]))
    assert "geheim" not in str(told.value)
    with pytest.raises(Unreachable):
        store.migrate()


# Other sessions


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE budgeting.events SET state = ''",
        "DELETE FROM budgeting.events",
        "TRUNCATE budgeting.events",
        "UPDATE budgeting.outcomes SET reason = 'x'",
        "DELETE FROM budgeting.outcomes",
        "TRUNCATE budgeting.outcomes",
    ],
)
@pytest.mark.parametrize("role", ["origin", "replica"])
def test_the_ledger_refuses_to_be_changed_even_by_its_owner(
    store: PostgresStore,
    session: psycopg.Connection[tuple[object, ...]],
    statement: str,
    role: str,
) -> None:
    store.append(Append(events=[EVENT], outcomes=[an_outcome()]))
    before = store.events_after(0, 10)
    session.execute(f"SET session_replication_role = {role}")

    with pytest.raises(psycopg.Error, match="the ledger is append-only") as refusal:
        session.execute(statement)

    assert refusal.value.diag.sqlstate == "PF006"
    assert store.events_after(0, 10) == before
    assert store.outcome("portal", "k-1") is not None


def test_an_old_snapshot_may_not_append(
    store: PostgresStore, session: psycopg.Connection[tuple[object, ...]]
) -> None:
    empty = ", ".join(["'{}'"] * 22)
    session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")

    with pytest.raises(errors.FeatureNotSupported, match="READ COMMITTED"):
        session.execute(f"SELECT budgeting.append(NULL, NULL, {empty})")


def test_a_database_that_prefers_strict_isolation_changes_nothing_for_the_store(
    store: PostgresStore, shared_database: str
) -> None:
    dsn = make_conninfo(
        shared_database,
        options="-c default_transaction_isolation=serializable -c timezone=Asia/Tokyo",
    )
    with closing(PostgresStore(dsn, "budgeting")) as strict:
        appended = strict.append(Append(events=[an_event()]))

        [event] = strict.events_after(0, 10)
        assert event.recorded_at.tzinfo is appended.recorded_at.tzinfo is UTC


def test_a_text_that_postgresql_cannot_keep_is_refused_and_nothing_is_written(
    store: PostgresStore,
) -> None:
    with pytest.raises(StoreError, match="budgeting/main"):
        store.append(Append(events=[an_event(), an_event(topic="a\0b")]))

    assert store.append(Append(events=[an_event()])).first_position == 1


def test_a_store_of_a_newer_program_is_left_alone(
    store: PostgresStore, session: psycopg.Connection[tuple[object, ...]], shared_database: str
) -> None:
    session.execute("UPDATE budgeting.schema_version SET version = 99")

    with closing(PostgresStore(shared_database, "budgeting")) as older:
        with pytest.raises(NotMigrated, match=r"has version 99, .* run a newer `pruefpfad`"):
            older.head()
        with pytest.raises(NotMigrated, match="has version 99"):
            older.migrate()


def test_another_lane_is_a_ledger_of_its_own(store: PostgresStore, shared_database: str) -> None:
    store.append(Append(events=[an_event()]))
    with closing(PostgresStore(shared_database, "budgeting", "koeln")) as koeln:
        koeln.migrate()

        assert koeln.append(Append(events=[an_event()])).first_position == 1
    assert store.head().position == 1


def test_the_store_works_when_eventlet_has_patched_everything(
    store: PostgresStore, shared_database: str
) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "store.append_under_eventlet", shared_database],
        cwd=HERE.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (answer.stdout.strip(), answer.stderr) == ("True", "")
    assert store.head().position == 100
