"""The private servers as fixtures. They start when the first test asks, once per test process.

A machine without them fails those tests with the command to run; nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer

SERVER_FIXTURES = {"postgres_server", "rabbit_server"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever uses a server carries the mark, so that `-m "not servers"` is the quick run."""
    for item in items:
        if SERVER_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("servers")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def rabbit_server() -> Iterator[RabbitServer]:
    with RabbitServer() as server:
        yield server


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a fresh empty database, dropped after the test."""
    name = f"test_{uuid4().hex}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture
def rabbit_virtual_host(rabbit_server: RabbitServer) -> Iterator[str]:
    """The address of a fresh virtual host: no queue of an earlier test is in it."""
    name = f"test_{uuid4().hex}"
    yield rabbit_server.create_virtual_host(name)
    rabbit_server.delete_virtual_host(name)
