"""Every test that takes `store` or `open_ledger` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from grant_store.opening import open_store
from grant_store.store import Store
from store.samples import OpensLedger
from support.postgres import PostgresServer


@pytest.fixture(scope="session")
def _one_database(postgres_server: PostgresServer) -> str:
    return postgres_server.create_database("store_tests")


@pytest.fixture
def shared_database(_one_database: str) -> Iterator[str]:
    """The address of a database without schemas. Emptying it is quicker than making another."""
    yield _one_database
    with psycopg.connect(_one_database, autocommit=True) as connection:
        names = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema|public)'"
        ).fetchall()
        for (name,) in names:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}"
    url: str = request.getfixturevalue("shared_database")
    return url


@pytest.fixture
def open_ledger(store_url: str) -> Iterator[OpensLedger]:
    with ExitStack() as opened:

        def open_one(
            clock: Callable[[], datetime] | None = None, service: str = "budgeting"
        ) -> Store:
            store = open_store(store_url, service, clock=clock)
            opened.callback(store.close)
            return store

        yield open_one


@pytest.fixture
def store(open_ledger: OpensLedger) -> Store:
    store = open_ledger()
    store.migrate()
    return store
