"""A program of the release before goes on over the connections that it has after a migration.

It calls version 2's append; a new connection of it is refused by its own check of the version.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from grant_store.postgres import PostgresStore
from grant_store.rows import Append, Tracked
from store.samples import an_event
from support.postgres import PostgresServer
from support.roles import PREFIX, DatabaseRoles, roles_in_a_database_of_their_own

pytestmark = pytest.mark.servers

ARRAYS = (
    *("uuid", "uuid", "bigint", "text", "bigint", "bytea", "bytea"),
    *("text", "bigint", "bytea", "bigint"),
    *("text", "text", "bytea", "text", "text", "bigint", "bigint"),
    *("text", "text", "bytea"),
    "text",
)
CALL = (
    "SELECT first_position, leaves FROM budgeting.append(%s::bigint, NULL::timestamptz, "
    + ", ".join(f"%s::{of}[]" for of in ARRAYS)
    + ")"
)

Session = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def roles(postgres_server: PostgresServer) -> Iterator[DatabaseRoles]:
    with roles_in_a_database_of_their_own(postgres_server, f"older_{uuid4().hex}") as roles:
        yield roles


@pytest.fixture
def ledger(roles: DatabaseRoles) -> Iterator[PostgresStore]:
    """The ledger as its owner has migrated it, with the rights of its roles."""
    with closing(PostgresStore(roles.migration, "budgeting")) as ledger:
        ledger.migrate()
        ledger.grant_roles(PREFIX)
        yield ledger


@pytest.fixture
def session(ledger: PostgresStore, roles: DatabaseRoles) -> Iterator[Session]:
    """The connection of a service that is of version 2."""
    with psycopg.connect(roles.dsn("budgeting"), autocommit=True) as session:
        yield session


def append_as_before(
    session: Session, followed_to: int, key: str, expected_head: int
) -> tuple[int, list[bytes]]:
    """One event, its tracking, its outcome and a document, as version 2 sends them."""
    events = [[uuid4()], [uuid4()], [1], ["budgeting.Opened"], [1], [b"{}"], [b"{}"]]
    outcome = [["portal"], [key], [b"hash"], ["recorded"], [""], [0], [1]]
    tracking = [["intake/main"], [followed_to], [b"leaf"], [-1]]
    rows = [*events, *tracking, *outcome, ["case"], [key], [b"1"], []]
    [row] = session.execute(CALL, [expected_head, *rows], prepare=True).fetchall()
    return row[0], row[1]


def test_it_records_everything_of_an_append_and_meets_the_same_conflicts(
    session: Session, ledger: PostgresStore
) -> None:
    position, leaves = append_as_before(session, 5, "k-1", expected_head=0)

    [event] = ledger.events_after(0, 10)
    assert (position, leaves) == (1, [event.leaf_hash])
    assert ledger.tracked("intake/main") == Tracked("intake/main", 5, b"leaf")
    assert ledger.document("case", "k-1") == b"1"
    outcome = ledger.outcome("portal", "k-1")
    assert outcome is not None and outcome.positions == range(1, 2)
    for conflict, followed_to, key, head in (("PF001", 6, "k-2", 0), ("PF004", 5, "k-2", 1)):
        with pytest.raises(psycopg.Error) as refused:
            append_as_before(session, followed_to, key, head)
        assert refused.value.sqlstate == conflict


def test_it_writes_beside_the_new_program(session: Session, ledger: PostgresStore) -> None:
    append_as_before(session, 5, "k-1", expected_head=0)
    ledger.append(
        Append(events=[an_event()], tracking=[Tracked("intake/main", 6, b"leaf", after=5)])
    )

    assert append_as_before(session, 9, "k-2", expected_head=2)[0] == 3


def test_it_goes_on_over_its_connection_before_the_rights_are_given_anew(
    session: Session, ledger: PostgresStore, roles: DatabaseRoles
) -> None:
    append_as_before(session, 1, "k-1", expected_head=0)
    make_it_version_2(roles)

    with closing(PostgresStore(roles.migration, "budgeting")) as migrating:
        migrating.migrate()

    assert append_as_before(session, 2, "k-2", expected_head=1)[0] == 2


def test_it_cannot_say_either_when_something_was_recorded(session: Session) -> None:
    dated = CALL.replace("NULL::timestamptz", "'2099-01-01'::timestamptz")
    empty: list[list[UUID]] = [[] for _ in ARRAYS]

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only the owner of the ledger"):
        session.execute(dated, [0, *empty])


def test_a_relay_may_append_by_it_as_little_as_by_the_new_one(
    ledger: PostgresStore, roles: DatabaseRoles
) -> None:
    with (
        psycopg.connect(roles.dsn("budgeting_relay"), autocommit=True) as relay,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for function"),
    ):
        append_as_before(relay, 1, "k-1", expected_head=0)


def make_it_version_2(roles: DatabaseRoles) -> None:
    """As far as a program can tell: the version's number, no view, and no log."""
    with psycopg.connect(roles.migration) as owner:
        owner.execute("DROP VIEW budgeting.ledger_v1")
        owner.execute("DROP SCHEMA budgeting_log CASCADE")
        owner.execute("UPDATE budgeting.schema_version SET version = 2")
