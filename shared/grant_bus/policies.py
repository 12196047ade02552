"""Which foreign facts a service follows and what it does about each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from grant_contracts.envelope import CloudEvent, Fact
from grant_store.work import UnitOfWork

Policy = Callable[[UnitOfWork, Any], object]


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
