"""Which foreign facts a service follows and what it does about each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from grant_contracts.envelope import CloudEvent, Fact
from grant_store.work import Context, UnitOfWork
from grant_values.shapes import Actor

Policy = Callable[[UnitOfWork, Any], object]


class ForgottenEvents(RuntimeError):
    """An aggregate has pending events that were not kept: a mistake in the code that decided."""


class Policies(Protocol):
    """What a follower needs: whom to follow, what to read, and what follows from it."""

    @property
    def upstreams(self) -> Sequence[str]: ...

    def wants(self, event: CloudEvent) -> bool: ...

    def apply(self, work: UnitOfWork, event: CloudEvent) -> None: ...


class FactPolicies:
    """One function per kind of fact. Types that are not subscribed are ignored."""

    def __init__(self, follows: Mapping[type[Fact], Policy]) -> None:
        self._by_topic = {
            fact.TOPIC: (fact, msgspec.json.Decoder(fact), policy)
            for fact, policy in follows.items()
        }

    @property
    def upstreams(self) -> Sequence[str]:
        return sorted({topic.partition(".")[0] for topic in self._by_topic})

    def wants(self, event: CloudEvent) -> bool:
        return event.topic in self._by_topic

    def apply(self, work: UnitOfWork, event: CloudEvent) -> None:
        fact_class, decoder, policy = self._by_topic[event.topic]
        if int(event.schemaversion) > fact_class.VERSION:
            raise ValueError(
                f"{event.topic} has version {event.schemaversion}; {fact_class.VERSION} is known."
            )
        fact = decoder.decode(event.data)
        msgspec.structs.force_setattr(fact, "envelope", event)
        policy(work, fact)


class EveryEvent:
    """One function for every event of the upstreams, as a read model over all of them wants it."""

    def __init__(self, upstreams: Sequence[str], policy: Policy) -> None:
        self.upstreams = tuple(upstreams)
        self._policy = policy

    def wants(self, event: CloudEvent) -> bool:
        return True

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
