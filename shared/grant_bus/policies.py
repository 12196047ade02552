"""Which foreign facts a service follows and what it does about each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from grant_bus.retries import retry_after
from grant_contracts.envelope import CloudEvent, Fact
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
    ) -> None:
        self._reads = {fact.TOPIC: reading for fact, reading in (reads or {}).items()}
        self._by_topic = {
            fact.TOPIC: (fact, msgspec.json.Decoder(fact), policy)
            for fact, policy in follows.items()
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
            further = reads(self._fact(event))
        except ValueError:  # It says so again when it is applied, and there it counts.
            return Reading(of_the_case)
        return Reading([*of_the_case, *further.aggregate_ids], further.documents)

    def apply(self, work: UnitOfWork, event: CloudEvent) -> None:
        fact, policy = self._fact(event), self._by_topic[event.topic][2]
        policy(work, fact)

    def _fact(self, event: CloudEvent) -> Fact:
        fact_class, decoder, _ = self._by_topic[event.topic]
        if int(event.schemaversion) > fact_class.VERSION:
            raise ValueError(
                f"{event.topic} has version {event.schemaversion}; {fact_class.VERSION} is known."
            )
        fact: Fact = decoder.decode(event.data)
        msgspec.structs.force_setattr(fact, "envelope", event)
        return fact


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
