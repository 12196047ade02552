"""What a world has left behind: every ledger as plain values, and what its persons were told.

Invariants are computed from these, not from the aggregates that recorded them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from pruefpfad.assembly import SERVICES
from simulation.clerks import Answered, Broken
from simulation.plans import Plan
from simulation.world import World

LineKey = tuple[str, int]
Cents = Counter[tuple[UUID, LineKey]]


@dataclass(frozen=True)
class Recorded:
    """One event of a ledger. `sender` and `command_key` name the command that it came of, `cause`
    the event of another ledger."""

    position: int
    kind: str
    originator_id: UUID
    case_id: str
    sender: str
    command_key: str
    cause: str
    data: dict[str, Any]

    @property
    def followed(self) -> tuple[str, int] | None:
        """The feed and the position that it followed from, if it followed from an event."""
        origin, _, position = self.cause.rpartition("/")
        return (origin, int(position)) if origin and not self.command_key else None

    @property
    def tranches(self) -> Iterator[tuple[LineKey, int]]:
        """Fund, year and cents of each tranche that the event names."""
        terms = self.data.get("terms", self.data)
        for tranche in terms.get("tranches", ()):
            yield (tranche["fund"], tranche["year"]), tranche["amount_cents"]


@dataclass(frozen=True)
class Evidence:
    """A world that has come to rest, and all that can be asked about it."""

    world: World
    plan: Plan
    answered: Answered
    ledgers: dict[str, list[Recorded]]

    def of_kind(self, service: str, *kinds: str) -> list[Recorded]:
        return [event for event in self.ledgers[service] if event.kind in kinds]


def evidence(world: World, plan: Plan, answered: Answered) -> Evidence:
    return Evidence(world, plan, answered, {name: list(_read(world, name)) for name in SERVICES})


def _read(world: World, service: str) -> Iterator[Recorded]:
    for row in world.ledger(service):
        metadata = msgspec.json.decode(row.metadata)
        yield Recorded(
            position=row.position,
            kind=row.topic.partition(".")[2],
            originator_id=row.originator_id,
            case_id=metadata.get("caseid", ""),
            sender=metadata["actorid"],
            command_key=metadata.get("commandkey", ""),
            cause=metadata["causationid"].removeprefix("event:"),
            data=msgspec.json.decode(row.state),
        )


def need(holds: bool, broken: str) -> None:
    if not holds:
        raise Broken(broken)


def need_once(events: Sequence[Recorded], name: str) -> None:
    """There is at most one of these events for each value of a field."""
    values = Counter(getattr(event, name, None) or event.data[name] for event in events)
    twice = [value for value, count in values.items() if count > 1]
    need(not twice, f"{sorted({event.kind for event in events})} stand twice for {twice}")
