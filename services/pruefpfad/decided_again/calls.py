"""What a person's command asked for, put together from the events that it recorded.

An event holds what its decision rests upon, so that the same function of the service can be called
again. A service's own table stands in `calls_of_<service>`; it says for the event that leads a unit
which function recorded it and with which arguments. Must not know how results are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from eventsourcing.domain import Aggregate

from grant_store.work import UnitOfWork
from grant_values.shapes import Actor
from pruefpfad.decided_again.aggregates import RecordedAggregates
from pruefpfad.decided_again.units import Cause, Unit


class NotOnRecord(LookupError):
    """What the event speaks of is not on record: then nothing can have come of it."""


class Led(NamedTuple):
    """What the arguments of a call may be taken from: the leading event, its aggregate as it stood
    before, all aggregates, and on whose behalf."""

    event: Any
    before: Any
    held: RecordedAggregates
    cause: Cause
    beside: tuple[Any, ...] = ()
    """The other events of the unit."""

    @property
    def aggregate(self) -> Any:
        """The event's own aggregate; `NotOnRecord` where the event cannot have been its."""
        if self.before is None:
            raise NotOnRecord("The aggregate of this event had not begun before it.")
        return self.before

    def second_actor(self) -> Actor | None:
        second = self.cause.secondactorid
        return Actor(second, self.cause.actorrole) if second else None

    def find(self, aggregate_id: Any) -> Any:
        """Another aggregate that the event speaks of; `NotOnRecord` where there is none."""
        found = self.held.find(aggregate_id)
        if found is None:
            raise NotOnRecord(f"{aggregate_id}, of which this event speaks, is not on record.")
        return found


@dataclass(frozen=True)
class RecordedCall:
    """A function of a service that decides, and how its arguments are found."""

    decide: Callable[..., object]
    arguments: Callable[[Led], dict[str, Any]]
    rests_on_accounts: Callable[[Led], bool] = lambda led: False
    """Whether what was decided rests on what is in a sealed account."""


Calls = Mapping[str, RecordedCall]
"""By the topic of the event that leads what the function records."""


def fields(*names: str, **renamed: str) -> Callable[[Led], dict[str, Any]]:
    """Arguments that stand in the leading event; `renamed` where they have another name there."""
    taken = {name: name for name in names} | renamed

    def arguments(led: Led) -> dict[str, Any]:
        return {name: getattr(led.event, field) for name, field in taken.items()}

    return arguments


def on_case(*names: str, **renamed: str) -> Callable[[Led], dict[str, Any]]:
    """The same with the case's reference, which the aggregate knows."""
    taken = fields(*names, **renamed)

    def arguments(led: Led) -> dict[str, Any]:
        return {"reference": led.aggregate.reference, **taken(led)}

    return arguments


class Decision(NamedTuple):
    """What decides a unit again, and whether it needs accounts opened for that."""

    decide: Callable[[UnitOfWork], object]
    rests_on_accounts: bool = False


def decision_of(calls: Calls, unit: Unit, held: RecordedAggregates) -> Decision | None:
    """The call that recorded this unit; None where no event of it is known to lead one."""
    for row in unit.rows:
        if row.topic in calls:
            found = calls[row.topic]
            before: Aggregate | None = held.find(row.originator_id)
            decode = held.catalogue.decode
            beside = tuple(decode(each) for each in unit.rows if each is not row)
            led = Led(decode(row), before, held, unit.cause, beside)
            return Decision(partial(_call, found, led), found.rests_on_accounts(led))
    return None


def _call(found: RecordedCall, led: Led, work: UnitOfWork) -> object:
    """Whether a program played the person is not recorded, but where that was why it was refused.
    In a demonstration it makes no difference."""
    scripted = getattr(led.event, "reason", "") == "scripted_actor"
    by = Actor(led.cause.actorid, led.cause.actorrole, scripted)
    return found.decide(work, by, **found.arguments(led))
