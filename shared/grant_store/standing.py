"""The aggregates of every service: what it refused access to, what its store is for, and what
operators have discarded."""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

DEMONSTRATION_ID = uuid5(NAMESPACE_URL, "/demonstration")


class StandingAggregates:
    """The standing aggregates of one service: their topics carry the service's name."""

    def __init__(self, service: str) -> None:
        self.access_log = _access_log(service)
        self.demonstration = _demonstration(service)
        self.discarded_event = _discarded_event(service)

    @property
    def classes(self) -> tuple[type[Aggregate], ...]:
        return self.access_log, self.demonstration, self.discarded_event


@cache  # The library knows a class by its name, so that there is one per service and process.
def _access_log(service: str) -> type[Any]:
    class AccessLog(Aggregate):
        """A command that an actor was not entitled to give. Nothing else was recorded for it."""

        class AccessRefused(Aggregate.Created):
            TOPIC = f"{service}.AccessRefused"
            command: str
            actor_id: str
            role: str
            reason: str
            key: str

        @staticmethod
        def create_id(actor_id: str, key: str) -> UUID:
            """One stream per refused command, so that no stream grows and none is contended."""
            return uuid5(NAMESPACE_URL, f"/access/{actor_id}/{key}")

        @event(AccessRefused)
        def __init__(self, command: str, actor_id: str, role: str, reason: str, key: str) -> None:
            self.reason = reason

    return _named(AccessLog, service)


@cache
def _demonstration(service: str) -> type[Any]:
    class Demonstration(Aggregate):
        """Marks a store in which programs may play persons. Always the store's first event."""

        class DemonstrationDeclared(Aggregate.Created):
            TOPIC = f"{service}.DemonstrationDeclared"
            purpose: str

        @staticmethod
        def create_id() -> UUID:
            return DEMONSTRATION_ID

        @event(DemonstrationDeclared)
        def __init__(self, purpose: str) -> None:
            self.purpose = purpose

    return _named(Demonstration, service)


@cache
def _discarded_event(service: str) -> type[Any]:
    class DiscardedEvent(Aggregate):
        """An event of another service that two operators took out without its being applied."""

        class ParkedEventDiscarded(Aggregate.Created):
            TOPIC = f"{service}.ParkedEventDiscarded"
            case_id: UUID
            origin: str
            position: int
            event_id: UUID
            event_topic: str
            reason: str
            discarded_by: str
            seconded_by: str

        @staticmethod
        def create_id(origin: str, position: int) -> UUID:
            return uuid5(NAMESPACE_URL, f"/discarded/{origin}/{position}")

        @event(ParkedEventDiscarded)
        def __init__(
            self,
            case_id: UUID,
            origin: str,
            position: int,
            event_id: UUID,
            event_topic: str,
            reason: str,
            discarded_by: str,
            seconded_by: str,
        ) -> None:
            self.case_id = case_id

    return _named(DiscardedEvent, service)


def _named(aggregate_class: type[Any], service: str) -> type[Any]:
    """Give the class a path of its own, so that the library can find it again by its name."""
    name = f"{service.capitalize()}{aggregate_class.__name__}"
    aggregate_class.__name__ = aggregate_class.__qualname__ = name
    globals()[name] = aggregate_class
    return aggregate_class
