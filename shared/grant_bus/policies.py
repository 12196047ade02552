"""Which foreign facts a service follows and what it does about each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from grant_bus.retries import retry_after
from grant_contracts.envelope import CloudEvent, Fact
from grant_contracts.fact_reader import FactReader
from grant_contracts.upcasters import UPCASTERS
from grant_contracts.upcasting import Upcasters
from grant_store.work import Context, Reading, UnitOfWork
from grant_values.shapes import Actor

Policy = Callable[[UnitOfWork, Any], object]


class ForgottenEvents(RuntimeError):
    """An aggregate has pending events that were not kept: a mistake in the code that decided."""


class Policies(Protocol):
    """What a follower needs: whom to follow, what to read, and what follows from it."""

    @property
    def upstreams(self) -> Sequence[str]: ...

    def wants(self, event: CloudEvent) -> bool: ...

    def reading(self, event: CloudEvent) -> Reading:
        """What following this event will most likely ask for."""

    def apply(self, work: UnitOfWork, event: CloudEvent) -> None: ...


class FactPolicies:
    """One function per kind of fact. Types that are not subscribed are ignored.

    `reads` says for a kind of fact what its policy will ask for beside what has the case's id.
    """

    def __init__(
        self,
        follows: Mapping[type[Fact], Policy],
        reads: Mapping[type[Fact], Callable[[Any], Reading]] | None = None,
        upcasters: Upcasters = UPCASTERS,
    ) -> None:
        self._reads = {fact.TOPIC: reading for fact, reading in (reads or {}).items()}
        self._by_topic = {
            fact.TOPIC: (FactReader(fact, upcasters), policy) for fact, policy in follows.items()
        }

    @property
    def upstreams(self) -> Sequence[str]:
        return sorted({topic.partition(".")[0] for topic in self._by_topic})

    def wants(self, event: CloudEvent) -> bool:
        return event.topic in self._by_topic

    def reading(self, event: CloudEvent) -> Reading:
        of_the_case = [event.caseid] if event.caseid else []
        reads = self._reads.get(event.topic)
        if reads is None:
            return Reading(of_the_case)
        try:
            further = reads(self._by_topic[event.topic][0].read(event))
        except ValueError:  # It says so again when it is applied, and there it counts.
            return Reading(of_the_case)
        return Reading([*of_the_case, *further.aggregate_ids], further.documents)

    def apply(self, work: UnitOfWork, event: CloudEvent) -> None:
        reader, policy = self._by_topic[event.topic]
        policy(work, reader.read(event))


class EveryEvent:
    """One function for every event of the upstreams, as a read model over all of them wants it."""

    def __init__(
        self,
        upstreams: Sequence[str],
        policy: Policy,
        reads: Callable[[CloudEvent], Reading] = lambda event: Reading(),
    ) -> None:
        self.upstreams = tuple(upstreams)
        self._policy = policy
        self._reads = reads

    def wants(self, event: CloudEvent) -> bool:
        return True

    def reading(self, event: CloudEvent) -> Reading:
        return self._reads(event)

    def apply(self, work: UnitOfWork, event: CloudEvent) -> None:
        self._policy(work, event)


def context_of(service: str, event: CloudEvent) -> Context:
    """On whose behalf a service acts when it follows an event."""
    return Context(
        actor=Actor(f"system:{service}", "system", scripted=True),
        correlation_id=event.correlationid,
        causation_id=f"event:{event.origin}/{event.position}",
    )


def refuse_forgotten(unit: UnitOfWork) -> None:
    """`ForgottenEvents` if the unit has changed something and did not keep it."""
    if unit.forgotten:
        raise ForgottenEvents(f"{unit.forgotten} changed but were not kept.")


def why_not_applied(policies: Policies, unit: UnitOfWork, event: CloudEvent) -> Exception | None:
    """Apply an event. None if that went well, else what will never let it be applied.

    Raises what may pass by itself, such as a database that is away.
    """
    try:
        policies.apply(unit, event)
        refuse_forgotten(unit)
    except Exception as error:
        if retry_after(error) != "never":
            raise
        return error
    return None
