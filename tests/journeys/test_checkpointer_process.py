"""The checkpointer as a process of the operating system, under its own role of the database."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from grant_store.opening import open_log
from grant_store.postgres import PostgresStore
from pruefpfad.processes import health
from pruefpfad.processes.configuration import Configuration
from store.log.growing import grow
from support.distributed import OwnProcess
from support.postgres import PostgresServer
from support.roles import PREFIX, DatabaseRoles, roles_in_a_database_of_their_own

pytestmark = pytest.mark.servers

SERVICE = "budgeting"


@pytest.fixture
def roles(postgres_server: PostgresServer) -> Iterator[DatabaseRoles]:
    with roles_in_a_database_of_their_own(postgres_server, f"signing_{uuid4().hex}") as roles:
        yield roles


@pytest.fixture
def ledger(roles: DatabaseRoles) -> Iterator[PostgresStore]:
    with closing(PostgresStore(roles.migration, SERVICE)) as ledger:
        ledger.migrate()
        ledger.grant_roles(PREFIX)
        yield ledger


@pytest.fixture
def start(roles: DatabaseRoles, tmp_path: Path) -> Iterator[Callable[..., OwnProcess]]:
    """Starts one more checkpointer; all are ended with the test."""
    keys = tmp_path / "keys"
    keys.mkdir()
    settings = {
        "PRUEFPFAD_DATABASE_URL": roles.dsn(f"{SERVICE}_checkpointer"),
        "PRUEFPFAD_LOG_KEYS": str(keys),
        "PRUEFPFAD_CHECKPOINT_LEAVES": "3",
        "PRUEFPFAD_CHECKPOINT_SECONDS": "3600",
    }
    with ExitStack() as running:

        def one(name: str = "first", changed: Mapping[str, str] | None = None) -> OwnProcess:
            environment = {**os.environ, **settings, **(changed or {})}
            process = OwnProcess("checkpointer", SERVICE, environment, tmp_path / f"{name}.log")
            process.start()
            running.callback(process.wait)
            running.callback(process.signal, signal.SIGKILL)
            return process

        yield one


def signed_sizes(roles: DatabaseRoles) -> list[int]:
    with closing(open_log(roles.dsn("auditor"), SERVICE)) as log:
        return [head.size for head in log.heads()]


def wait_for(what: Callable[[], bool], process: OwnProcess) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline, process.tail
        time.sleep(0.05)


def test_it_signs_after_so_many_events_and_ends_in_order(
    roles: DatabaseRoles, ledger: PostgresStore, start: Callable[..., OwnProcess]
) -> None:
    process = start()
    grow(ledger, 1)
    wait_for(lambda: signed_sizes(roles) == [1], process)  # The first one is overdue.
    grow(ledger, 2)
    grow(ledger, 2)
    wait_for(lambda: bool(signed_sizes(roles)[1:]), process)

    process.signal(signal.SIGTERM)

    assert process.wait() == 0
    assert signed_sizes(roles) == [1, 5]
    assert is_well(roles)


def test_a_second_one_stands_by_and_takes_over_when_the_first_is_killed(
    roles: DatabaseRoles, ledger: PostgresStore, start: Callable[..., OwnProcess]
) -> None:
    first = start()
    wait_for(lambda: "signing" in first.log, first)
    second = start("second")
    wait_for(lambda: "another process signs the heads of this store" in second.log, second)
    first.signal(signal.SIGKILL)
    first.wait()

    grow(ledger, 4)

    wait_for(lambda: signed_sizes(roles) == [4], second)


def test_it_stops_loudly_where_the_ledger_does_not_continue_what_was_signed(
    roles: DatabaseRoles, ledger: PostgresStore, start: Callable[..., OwnProcess]
) -> None:
    first = start()
    grow(ledger, 5)
    wait_for(lambda: bool(signed_sizes(roles)), first)
    first.signal(signal.SIGTERM)
    assert first.wait() == 0
    with psycopg.connect(roles.migration) as owner:
        owner.execute("ALTER TABLE budgeting.events DISABLE TRIGGER events_stay")
        owner.execute("DELETE FROM budgeting.events WHERE position > 2")

    again = start("again")

    assert again.wait() == 1
    assert "no head is signed: the ledger does not continue what was signed before" in again.tail
    assert not is_well(roles)


def test_it_waits_for_a_database_that_is_away(
    roles: DatabaseRoles, ledger: PostgresStore, start: Callable[..., OwnProcess]
) -> None:
    process = start()
    wait_for(lambda: "signing" in process.log, process)
    with psycopg.connect(roles.superuser, autocommit=True) as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
            (f"{PREFIX}{SERVICE}_checkpointer",),
        )

    wait_for(lambda: "signing again later" in process.log, process)
    grow(ledger, 3)
    wait_for(lambda: bool(signed_sizes(roles)), process)


def test_a_wrong_setting_is_named(ledger: PostgresStore, start: Callable[..., OwnProcess]) -> None:
    process = start(changed={"PRUEFPFAD_LOG_KEYS": "/nowhere", "PRUEFPFAD_CHECKPOINT_LEAVES": "0"})

    assert process.wait() == 2
    assert "PRUEFPFAD_LOG_KEYS: expected the path of a folder" in process.tail
    assert "PRUEFPFAD_CHECKPOINT_LEAVES: expected after how many new events" in process.tail


def test_an_event_that_waits_too_long_for_its_head_is_not_well(
    roles: DatabaseRoles, ledger: PostgresStore
) -> None:
    assert is_well(roles)
    grow(ledger, 1)
    assert is_well(roles)

    assert not is_well(roles, later=timedelta(seconds=3 * 60 + 31))


def is_well(roles: DatabaseRoles, later: timedelta = timedelta()) -> bool:
    dsn = roles.dsn(f"{SERVICE}_checkpointer")
    now = datetime.now(UTC) + later
    return health.checkpointer_is_well(SERVICE, Configuration(database_url=dsn), now)
