"""What the tests of faults share: a proxy before the database, and one system behind it.

As an authority's system would, it serves all of them: what befell it in one test, it has survived
in the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from random import Random
from uuid import uuid4

import pytest

from faults.office import Office
from faults.proxy import PostgresProxy
from faults.systems import a_system
from faults.trouble import Trouble
from faults.world import RealWorld
from support.distributed import DistributedSystem
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer

SEED = 1


@pytest.fixture(scope="package")
def proxy(postgres_server: PostgresServer) -> Iterator[PostgresProxy]:
    with closing(PostgresProxy(postgres_server.superuser_dsn)) as proxy:
        yield proxy


@pytest.fixture(scope="package")
def database(postgres_server: PostgresServer) -> Iterator[str]:
    """One database for all tests that work in lanes of their own."""
    name = f"lanes_{uuid4().hex}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture(scope="package")
def system(
    postgres_server: PostgresServer,
    rabbit_server: RabbitServer,
    proxy: PostgresProxy,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[DistributedSystem]:
    folder = tmp_path_factory.mktemp("system")
    with a_system(postgres_server, rabbit_server, proxy, folder) as system:
        yield system


@pytest.fixture(scope="package")
def office(system: DistributedSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("calm")
    with closing(Office(RealWorld(system, SEED), folder, SEED)) as office:
        yield office


@pytest.fixture
def trouble(
    system: DistributedSystem,
    proxy: PostgresProxy,
    postgres_server: PostgresServer,
    rabbit_server: RabbitServer,
) -> Trouble:
    return Trouble(system, proxy, postgres_server, rabbit_server, Random(SEED))
