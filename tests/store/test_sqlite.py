"""What only the embedded store can meet: full disks, files that may not be written, other files."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from grant_store.errors import NotMigrated, NotNow, StoreError
from grant_store.rows import Append, Document, Tracked
from grant_store.sqlite import SQLiteStore
from store.samples import an_event, an_outcome


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "budgeting.main.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    with closing(SQLiteStore(path, "budgeting", busy_timeout_seconds=0.2)) as store:
        store.migrate()
        store.append(Append(events=[an_event()], tracking=[Tracked("intake/main", 1, b"l")]))
        yield store


def pragma(store: SQLiteStore, text: str) -> None:
    """Limits of this very connection: there is no other way to them than its own."""
    store._file._opened().execute(f"PRAGMA {text}")


def too_much() -> Append:
    return Append(
        events=[an_event(state=b"x" * 40_000) for _ in range(5)],
        tracking=[Tracked("intake/main", 2, b"l")],
        outcomes=[an_outcome()],
        documents=[Document("case", "a", b"1")],
    )


def nothing_of_it_is_there(store: SQLiteStore) -> bool:
    return (
        store.head().position == 1
        and store.tracked("intake/main").position == 1
        and store.outcome("portal", "k-1") is None
        and store.documents("case") == []
    )


def test_a_full_disk_is_named_and_leaves_nothing_half_written(store: SQLiteStore) -> None:
    pragma(store, "max_page_count=30")

    with pytest.raises(NotNow, match=r"budgeting/main: no room left .* nothing was written"):
        store.append(too_much())

    assert nothing_of_it_is_there(store)
    pragma(store, "max_page_count=100000")
    assert store.append(too_much()).first_position == 2


LEAF = b"\x07" * 32
FULL, NORMAL = 2, 1


def flushes(store: SQLiteStore) -> int:
    """How the last transaction reached the disk."""
    [[synchronous]] = store._file.rows("PRAGMA synchronous")
    return int(synchronous)


def test_a_file_that_may_only_be_read_is_named_and_stays_as_it_was(store: SQLiteStore) -> None:
    pragma(store, "query_only=ON")

    with pytest.raises(NotNow, match=r"budgeting/main: .* may only be read; nothing was"):
        store.append(too_much())
    with pytest.raises(NotNow, match="may only be read"):
        store.move_relay(1)

    assert nothing_of_it_is_there(store)
    assert store.relayed() == 0


def test_a_writer_that_waits_too_long_is_told_so_and_may_try_again(
    store: SQLiteStore, path: Path
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(NotNow, match=r"another process has been writing .* 0.2 seconds"):
            store.append(too_much())
        assert nothing_of_it_is_there(store)  # Reading does not wait for the writer.
        other.execute("ROLLBACK")

    assert store.append(too_much()).first_position == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_events SET state = x'00'",
        "DELETE FROM ledger_events",
        "INSERT OR REPLACE INTO ledger_events"
        " SELECT position, event_id, originator_id, originator_version, 'x', 1, 0, state,"
        " metadata, leaf_hash FROM ledger_events",
        "UPDATE ledger_outcomes SET reason = 'x'",
        "DELETE FROM ledger_outcomes",
    ],
)
def test_the_ledger_refuses_to_be_changed(store: SQLiteStore, statement: str) -> None:
    store.append(Append(outcomes=[an_outcome()]))
    before = (store.events_after(0, 10), store.outcome("portal", "k-1"))

    with pytest.raises(StoreError, match="append-only"), store._file.writing() as cursor:
        cursor.execute(statement)

    assert (store.events_after(0, 10), store.outcome("portal", "k-1")) == before


def test_nothing_is_on_the_disk_before_the_migration(path: Path) -> None:
    with closing(SQLiteStore(path, "budgeting")) as store:
        with pytest.raises(NotMigrated, match=r"no store at .*budgeting.main.sqlite3"):
            store.head()
        assert not path.parent.exists()


def test_a_file_that_is_no_database_is_named(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"Sehr geehrte Damen und Herren, " * 200)

    with closing(SQLiteStore(path, "budgeting")) as store:
        with pytest.raises(StoreError, match=r"budgeting.main.sqlite3: file is not a database"):
            store.head()
        with pytest.raises(StoreError, match="file is not a database"):
            store.migrate()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    with (
        closing(SQLiteStore(tmp_path / "data" / "x.sqlite3", "budgeting")) as store,
        pytest.raises(StoreError, match=r"budgeting/main: .*data"),
    ):
        store.migrate()


def test_a_store_of_a_newer_program_is_left_alone(store: SQLiteStore, path: Path) -> None:
    pragma(store, "user_version=99")

    with closing(SQLiteStore(path, "budgeting")) as older:
        with pytest.raises(NotMigrated, match="schema version 99, this program knows 2"):
            older.head()
        with pytest.raises(NotMigrated, match="schema version 99"):
            older.migrate()


@pytest.mark.parametrize("answered", [Append(events=[an_event()]), Append(outcomes=[an_outcome()])])
def test_a_power_cut_takes_nothing_that_was_answered(store: SQLiteStore, answered: Append) -> None:
    store.move_relay(1)  # Not flushed, and the next append must not inherit that.

    store.append(answered)

    [[journal]] = store._file.rows("PRAGMA journal_mode")
    assert (flushes(store), journal) == (FULL, "wal")


def test_what_a_feed_brings_again_is_not_flushed(store: SQLiteStore) -> None:
    store.append(Append(events=[an_event()]))

    store.append(Append(tracking=[Tracked("eligibility/main", 1, LEAF)]))

    assert flushes(store) == NORMAL


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.outcomes([("portal", "k-1"), ("portal", "k-2")]),
        lambda store: store.documents_at([("case", "a"), ("case", "b")]),
        lambda store: store.streams([uuid4(), uuid4()]),
    ],
    ids=["outcomes", "documents", "streams"],
)
def test_what_is_asked_together_is_looked_up_and_no_table_is_read_through(
    store: SQLiteStore, ask: Callable[[SQLiteStore], object]
) -> None:
    store.append(Append(events=[an_event()], documents=[Document("case", "a", b"1")]))

    steps = plan_of(store, ask)

    assert any("SEARCH" in step for step in steps)
    assert not [step for step in steps if re.match(r"SCAN (work|ledger)_", step)]


def plan_of(store: SQLiteStore, ask: Callable[[SQLiteStore], object]) -> list[str]:
    """How SQLite goes about the statements of a question."""
    statements: list[str] = []
    connection = store._file._opened()
    connection.set_trace_callback(statements.append)
    ask(store)
    connection.set_trace_callback(None)
    return [
        str(step)
        for statement in statements
        for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
