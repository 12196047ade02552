"""A short list with everything in it, plain operations, a repeat and an early start; an office."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from journeys.budget_office import open_the_line
from journeys.published_list import purpose_of
from support.distributed import DistributedSystem
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "esf-nrw-2014-2020"
EARLY = "3461"
REPEATED, REPEAT = "925", "926"
PLAIN = ("15", "39", "48", "54", "58", "2166", "1128", "1235", "1710")
NUMBERS = frozenset((*PLAIN, REPEATED, REPEAT, EARLY))


@pytest.fixture(scope="session")
def short_example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with a dozen rows of its list, as a directory of its own."""
    folder = tmp_path_factory.mktemp("examples") / EXAMPLE.name
    folder.mkdir()
    for name in ("programme.toml", "mapping.toml", "demonstration.toml"):
        (folder / name).write_bytes((EXAMPLE / name).read_bytes())
    with gzip.open(EXAMPLE / "operations.csv.gz", "rt", encoding="utf-8", newline="") as source:
        header, *rows = csv.reader(source)
    chosen = [row for row in rows if row[0] in NUMBERS]
    assert len(chosen) == len(NUMBERS)
    with gzip.open(folder / "operations.csv.gz", "wt", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([header, *chosen])
    return folder


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
