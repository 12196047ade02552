"""Our side: the product's own service and relay processes, as production starts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.journey.sides import SERVICES, Side, count_topics
from benchmarks.journey.wire import Binding
from grant_bus.rabbit import EVENTS
from pruefpfad.scripted.script import Message
from support.distributed import DistributedSystem

OURS = "ours"


@contextmanager
def open_ours(database_url: str, amqp_url: str, folder: Path) -> Iterator[Side]:
    """Started on an empty database and virtual host, ended at the end. Without audit, which takes
    no part in a grant's life."""
    with DistributedSystem(
        database_url,
        amqp_url,
        folder,
        services=SERVICES,
        demonstration="benchmark",
        vault_url=database_url,
    ) as system:
        yield OurSide(system)


class OurSide:
    """The running system, as the driver and the measurements see it."""

    def __init__(self, system: DistributedSystem) -> None:
        self._system = system
        self.database_url = system.database_url
        self.amqp_url = system.amqp_url
        self.key = system.key

    @property
    def pids(self) -> Mapping[str, int]:
        return {process.name: process.pid for process in self._system.processes}

    def at_the_border(self, messages: Sequence[Message]) -> list[Message]:
        """With what is personal in them sealed."""
        return [each for each in self._system.border.seal(messages) if isinstance(each, dict)]

    def where_is(self, fact: str) -> Binding:
        return Binding(EVENTS.name, fact)

    def recorded(self) -> Counter[str]:
        found = count_topics(self.database_url, [(service, "events") for service in SERVICES])
        del found["DemonstrationDeclared"]
        # What the other side does not do, and so counts for nothing here: accounts are sealed.
        sealed = found.pop("PersonalDataRecorded", 0)
        if sealed != found["ApplicationSubmitted"]:
            raise AssertionError(f"{sealed} accounts of {found['ApplicationSubmitted']} are sealed")
        return found
