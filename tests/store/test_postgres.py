"""What only PostgreSQL can meet: lost connections, other roles, other sessions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors, sql
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
from grant_store.rows import Append, Document, Outcome, Tracked
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
    empty = ", ".join(["'{}'"] * 20)
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
        with pytest.raises(NotMigrated, match="has version 99"):
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


# A service's own role


@pytest.fixture
def role_dsn(
    store: PostgresStore, session: psycopg.Connection[tuple[object, ...]], shared_database: str
) -> Iterator[str]:
    role = f"budgeting_{uuid4().hex}"
    name = sql.Identifier(role)
    session.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'of-the-test'").format(name))
    store.grant_to(role)
    yield make_conninfo(shared_database, user=role, password="of-the-test")
    session.execute(sql.SQL("DROP OWNED BY {}").format(name))
    session.execute(sql.SQL("DROP ROLE {}").format(name))


def test_a_services_role_may_do_all_that_a_service_does(role_dsn: str) -> None:
    with closing(PostgresStore(role_dsn, "budgeting")) as store:
        store.append(
            Append(
                events=[EVENT],
                tracking=[Tracked("intake/main", 1, b"l")],
                outcomes=[Outcome("portal", "k", b"h", "recorded", "", 0, 1)],
                documents=[Document("case", "a", b"1")],
            )
        )
        store.move_relay(1)

        assert store.stream(EVENT.originator_id)[0].event_id == EVENT.event_id
        assert (store.relayed(), store.document("case", "a")) == (1, b"1")
    with psycopg.connect(role_dsn) as session:
        session.execute("CREATE TABLE budgeting_work.utilisation (line uuid)")
        session.execute("TRUNCATE budgeting_work.documents")


FORBIDDEN: dict[str, str] = {
    "insert": "INSERT INTO budgeting.outcomes VALUES ('a', 'b', '', '', '', 1, 1)",
    "update": "UPDATE budgeting.events SET topic = 'x'",
    "delete": "DELETE FROM budgeting.events",
    "truncate": "TRUNCATE budgeting.events",
    "a table of its own": "CREATE TABLE budgeting.mine (a int)",
    "a trigger that runs as the owner": (
        "CREATE TRIGGER mine AFTER INSERT ON budgeting_work.documents"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    ),
    "switching a trigger off": "ALTER TABLE budgeting.events DISABLE TRIGGER ALL",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_services_role_may_do_nothing_else_to_the_ledger(role_dsn: str, what: str) -> None:
    with (
        psycopg.connect(role_dsn) as session,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        session.execute(FORBIDDEN[what])


def test_a_role_without_rights_is_told_so(
    role_dsn: str, store: PostgresStore, session: psycopg.Connection[tuple[object, ...]]
) -> None:
    user = str(conninfo_to_dict(role_dsn)["user"])
    session.execute(
        sql.SQL("REVOKE EXECUTE ON FUNCTION budgeting.append FROM {}").format(sql.Identifier(user))
    )
    with closing(PostgresStore(role_dsn, "budgeting")) as other:
        with pytest.raises(StoreError, match=r"budgeting/main: permission denied for function"):
            other.append(Append(events=[an_event()]))
        assert other.head().position == 0


def test_rights_for_a_role_that_does_not_exist_are_refused(store: PostgresStore) -> None:
    with pytest.raises(StoreError, match="expected an existing database role, not 'nobody_here'"):
        store.grant_to("nobody_here")


def test_rights_in_a_store_that_was_not_migrated_name_the_command(shared_database: str) -> None:
    with pytest.raises(NotMigrated, match="pruefpfad store migrate"):
        PostgresStore(shared_database, "intake").grant_to("postgres")
