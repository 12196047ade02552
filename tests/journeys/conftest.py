"""A short list with everything in it, plain operations, a repeat and an early start; an office."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from journeys.budget_office import open_the_line
from journeys.published_list import purpose_of
from journeys.short_list import shorten
from support.distributed import DistributedSystem
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer


@pytest.fixture(scope="session")
def short_example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with a dozen rows of its list, as a directory of its own."""
    return shorten(tmp_path_factory.mktemp("examples"))


@pytest.fixture(scope="module")
def running_office(
    postgres_server: PostgresServer,
    rabbit_server: RabbitServer,
    short_example: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[DistributedSystem]:
    """Three services as processes, with a programme and one budget line."""
    name = f"commands_{uuid4().hex}"
    with DistributedSystem(
        postgres_server.create_database(name),
        rabbit_server.create_virtual_host(name),
        tmp_path_factory.mktemp("commands"),
        services=("intake", "budgeting", "audit"),
        demonstration=purpose_of(short_example),
    ) as started:
        open_the_line(started, short_example)
        yield started
    rabbit_server.delete_virtual_host(name)
    postgres_server.drop_database(name)


@pytest.fixture
def office(running_office: DistributedSystem) -> DistributedSystem:
    """The same office for every test, with a new caller: an idle one is no more to the broker."""
    running_office.forget_client()
    return running_office
