"""One store whose line to PostgreSQL is cut or stalls at a known moment of an append."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from threading import Timer
from uuid import uuid4

import psycopg
import pytest

from faults.proxy import Moment, PostgresProxy
from faults.waiting import eventually
from grant_store.errors import AppendConflict, NotNow, OutcomeUnknown, Unreachable
from grant_store.postgres import PostgresStore
from grant_store.rows import Append, Tracked
from store.samples import an_event, an_outcome
from support.postgres import PostgresServer

SILENCE_SECONDS = 0.5
LINES_OF_A_STORE = 2
LONGEST_SECONDS = 12.0
"""What a caller waits at most where nothing answers: silence, a new connection, patience."""


@pytest.fixture
def proxy(postgres_server: PostgresServer) -> Iterator[PostgresProxy]:
    """One that nobody else goes through, because its lines are counted here."""
    with closing(PostgresProxy(postgres_server.superuser_dsn)) as proxy:
        yield proxy


@pytest.fixture
def store(database: str) -> Iterator[PostgresStore]:
    """A handle that no fault touches, on a lane of this test's own."""
    with closing(PostgresStore(database, "budgeting", f"lane{uuid4().hex[:12]}")) as store:
        store.migrate()
        yield store


@pytest.fixture
def distant(store: PostgresStore, proxy: PostgresProxy, database: str) -> Iterator[PostgresStore]:
    """The same ledger behind the proxy, and impatient."""
    url = f"{proxy.url(database)}?connect_timeout=2"
    with closing(
        PostgresStore(
            url, "budgeting", store.lane, patience_seconds=0.5, silence_seconds=SILENCE_SECONDS
        )
    ) as distant:
        distant.append(Append(events=[an_event()]))
        distant.head()
        yield distant


def a_whole_append() -> Append:
    return Append(
        events=[an_event(), an_event()],
        tracking=[Tracked("intake/main", 5, b"leaf")],
        outcomes=[an_outcome(event_count=2)],
    )


def nothing_under_way(database: str) -> bool:
    with psycopg.connect(database) as session:
        [(count,)] = session.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'pruefpfad %' AND state <> 'idle'"
        ).fetchall()
    return count == 0


def assert_recorded_once(store: PostgresStore, append: Append) -> None:
    recorded = [event.event_id for event in store.events_after(1, 10)]
    assert recorded == [event.event_id for event in append.events]
    assert store.tracked("intake/main") == append.tracking[0]
    assert store.outcome("portal", "k-1") is not None


@pytest.mark.parametrize("moment", Moment)
def test_an_append_whose_line_is_cut_is_recorded_once_and_its_caller_is_told_where(
    store: PostgresStore, distant: PostgresStore, proxy: PostgresProxy, moment: Moment
) -> None:
    append = a_whole_append()
    trap = proxy.cut_next(moment, store.origin)

    appended = distant.append(append)

    assert trap.sprung.is_set()
    assert appended.first_position == 2
    assert_recorded_once(store, append)


@pytest.mark.parametrize("moment", [Moment.REQUEST, Moment.REPLY])
def test_an_append_that_stalls_for_too_long_is_settled_and_what_arrives_late_changes_nothing(
    store: PostgresStore,
    distant: PostgresStore,
    proxy: PostgresProxy,
    database: str,
    moment: Moment,
) -> None:
    append = a_whole_append()
    trap = proxy.stall_next(moment, store.origin)

    appended = distant.append(append)
    trap.released.set()
    later = distant.append(Append(events=[an_event()]))

    assert (appended.first_position, later.first_position) == (2, 4)
    eventually("the late request ends", lambda: proxy.lines == LINES_OF_A_STORE)
    eventually("the server is done with it", lambda: nothing_under_way(database))
    assert store.head().position == 4


def test_an_append_that_stalls_before_its_commit_is_unknown_and_settled_by_sending_it_again(
    store: PostgresStore, distant: PostgresStore, proxy: PostgresProxy
) -> None:
    append = a_whole_append()
    trap = proxy.stall_next(Moment.COMMIT, store.origin)

    with pytest.raises(OutcomeUnknown, match="settle it by sending the same"):
        distant.append(append)
    assert store.head().position == 1
    trap.released.set()  # The commit arrives after all, and nobody is there to hear of it.
    eventually("the commit", lambda: store.head().position == 3)

    with pytest.raises(AppendConflict):
        distant.append(append)
    assert_recorded_once(store, append)


@pytest.mark.parametrize("do", ["append", "read"])
def test_a_database_that_says_nothing_hangs_nobody(
    distant: PostgresStore, proxy: PostgresProxy, do: str
) -> None:
    proxy.stall()
    began = time.monotonic()

    with pytest.raises((OutcomeUnknown, Unreachable)):
        if do == "append":
            distant.append(a_whole_append())
        else:
            distant.head()

    assert time.monotonic() - began < LONGEST_SECONDS
    proxy.resume()
    assert distant.append(Append(events=[an_event()])).first_position in (2, 4)


def test_a_stall_shorter_than_the_limit_is_only_waited_for(
    store: PostgresStore, distant: PostgresStore, proxy: PostgresProxy
) -> None:
    trap = proxy.stall_next(Moment.REPLY, store.origin)
    timer = Timer(SILENCE_SECONDS / 3, trap.released.set)
    timer.start()

    assert distant.append(a_whole_append()).first_position == 2
    assert trap.sprung.is_set()
    timer.join()


def test_an_answer_that_keeps_coming_may_take_longer_than_the_limit(
    distant: PostgresStore,
) -> None:
    """What is limited is silence, so that a long history can be read."""
    query = b"SELECT repeat('x', 50000), pg_sleep(0.02) FROM generate_series(1, 60)"
    began = time.monotonic()

    assert len(distant._reads.rows(query)) == 60
    assert time.monotonic() - began > 2 * SILENCE_SECONDS


def test_who_waits_too_long_for_the_ledgers_lock_is_told_for_certain_that_nothing_was_written(
    store: PostgresStore, distant: PostgresStore, database: str
) -> None:
    with psycopg.connect(database) as other:
        schema = store.origin.replace("/", "_")
        other.execute("SELECT pg_advisory_xact_lock(20582, hashtext(%s))", (schema,))

        with pytest.raises(NotNow, match=r"nothing was written: .*lock timeout"):
            distant.append(a_whole_append())

    assert store.head().position == 1
    assert distant.append(a_whole_append()).first_position == 2
