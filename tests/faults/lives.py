"""One seed of faults from beginning to end: a system at work, round after round, and what its seed
holds for it. Every round ends with the checks of the office."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import NamedTuple

from faults.office import Office
from faults.proxy import PostgresProxy
from faults.systems import a_system
from faults.trouble import Trouble
from faults.world import RealWorld
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer

MOST_TROUBLES = 8
MOST_ANSWERS = 20
BEYOND_EVERY_LIMIT_SECONDS = 30.0


class Round(NamedTuple):
    """What one round came to."""

    troubles: list[str]
    unknown: int


def live(
    seed: int, rounds: int, servers: tuple[PostgresServer, RabbitServer], folder: Path
) -> Iterator[Round]:
    """The rounds of a seed. The folder keeps the logs of its processes."""
    postgres, rabbit = servers
    shutil.rmtree(folder, ignore_errors=True)
    with (
        closing(PostgresProxy(postgres.superuser_dsn)) as proxy,
        a_system(postgres, rabbit, proxy, folder / "system") as system,
        closing(Office(RealWorld(system, seed), _made(folder / "calm"), seed)) as office,
    ):
        trouble = Trouble(system, proxy, postgres, rabbit, Random(f"trouble {seed}"))
        for number in range(rounds):
            before = office.world.told.unknown
            with office.busy(1_000 * seed + number) as work:
                troubles = []
                for _ in range(trouble.random.randint(2, MOST_TROUBLES)):
                    if not work.is_under_way_after(trouble.random.randint(1, MOST_ANSWERS)):
                        break
                    troubles.append(_befall(trouble))
            yield Round(troubles, office.world.told.unknown - before)


def _befall(trouble: Trouble) -> str:
    """Let one thing happen, the costly ones seldom. Returns its name."""
    random, system = trouble.random, trouble.system
    happenings: dict[str, tuple[int, Callable[[], object]]] = {
        "kill a service": (6, lambda: trouble.kill(random.choice([*system.services.values()]))),
        "kill a relay": (6, lambda: trouble.kill(random.choice([*system.relays.values()]))),
        "end a process": (4, lambda: trouble.end(random.choice(system.processes))),
        "cut an append": (10, trouble.cut_somewhere),
        "cut all lines": (3, trouble.proxy.cut),
        "stall": (4, lambda: trouble.stall(random.uniform(0.5, 4.0))),
        "stall beyond every limit": (1, lambda: trouble.stall(BEYOND_EVERY_LIMIT_SECONDS)),
        "crash PostgreSQL": (3, trouble.crash_postgres),
        "restart RabbitMQ": (2, trouble.restart_rabbit),
        "make the database read-only": (3, trouble.be_read_only),
        "purge the feeds": (4, trouble.purge_feeds),
        "delete the feeds": (2, trouble.delete_feeds),
        "delay and mix messages": (4, trouble.delay_mail),
    }
    weights = [weight for weight, _ in happenings.values()]
    [name] = random.choices(list(happenings), weights)
    happenings[name][1]()
    return name


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
