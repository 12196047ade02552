"""What every benchmark is given: how much to do, servers if it asks for them, a scratch folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from benchmarks.results import Say
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer


@dataclass(frozen=True)
class Sizes:
    """How much is done. Only `FULL` gives numbers to quote."""

    rounds: int
    appends: int
    """Per round, all writers together."""
    batches: int
    tailed_events: int
    decoded_events: int
    grants: int
    grants_for_memory: int
    relayed_events: int
    grown_to: tuple[int, ...]
    """Events in the stores that are compared, smallest first."""
    grown_samples: int
    promises: int
    """On one budget line, at the end."""
    journey_rounds: int
    journey_grants: tuple[int, int]
    """Per round, ours and the other side's: as many, so that filling and draining weigh alike."""
    tried_grants: int
    """To find the best variant of the other side."""
    paced_rounds: int
    paced_grants: tuple[int, int]
    """In each round at 5 and at 100 grants a second."""
    bundled_events: int
    live_cases: int
    """Half of the cases that are open at the end."""
    most_writers: int = 32


FULL = Sizes(
    rounds=7,
    appends=800,
    batches=30,
    tailed_events=100_000,
    decoded_events=20_000,
    grants=300,
    grants_for_memory=3_300,
    relayed_events=3_000,
    grown_to=(10_000, 100_000, 1_000_000),
    grown_samples=500,
    promises=10_000,
    journey_rounds=3,
    journey_grants=(1_000, 1_000),
    tried_grants=100,
    paced_rounds=3,
    paced_grants=(100, 1_000),
    bundled_events=1_000_000,
    live_cases=5_000,
)
QUICK = Sizes(
    rounds=3,
    appends=320,
    batches=10,
    tailed_events=10_000,
    decoded_events=5_000,
    grants=60,
    grants_for_memory=300,
    relayed_events=1_000,
    grown_to=(1_000, 5_000, 20_000),
    grown_samples=100,
    promises=1_000,
    journey_rounds=2,
    journey_grants=(100, 20),
    tried_grants=20,
    paced_rounds=2,
    paced_grants=(20, 200),
    bundled_events=20_000,
    live_cases=100,
)
TINY = Sizes(
    rounds=1,
    appends=8,
    batches=2,
    tailed_events=80,
    decoded_events=50,
    grants=3,
    grants_for_memory=3,
    relayed_events=20,
    grown_to=(20, 40),
    grown_samples=5,
    promises=100,
    journey_rounds=1,
    journey_grants=(4, 2),
    tried_grants=4,
    paced_rounds=1,
    paced_grants=(2, 4),
    bundled_events=2_000,
    live_cases=4,
    most_writers=2,
)


@dataclass(frozen=True)
class Bench:
    """`postgres` and `rabbit` start the server when they are first called."""

    sizes: Sizes
    postgres: Callable[[], PostgresServer]
    rabbit: Callable[[], RabbitServer]
    folder: Path
    say: Say

    def new_database(self) -> str:
        """The address of an empty database."""
        return self.postgres().create_database(f"bench_{uuid4().hex}")

    def new_virtual_host(self) -> str:
        """The address of an empty virtual host."""
        return self.rabbit().create_virtual_host(f"bench_{uuid4().hex}")

    @contextmanager
    def new_place(self) -> Iterator[tuple[str, str]]:
        """The addresses of an empty database and virtual host, which are removed at the end: what
        is left of earlier rounds must not weigh on later ones."""
        name = f"bench_{uuid4().hex}"
        try:
            yield self.postgres().create_database(name), self.rabbit().create_virtual_host(name)
        finally:
            self.postgres().drop_database(name)
            self.rabbit().delete_virtual_host(name)

    def new_folder(self) -> Path:
        folder = self.folder / uuid4().hex
        folder.mkdir()
        return folder
