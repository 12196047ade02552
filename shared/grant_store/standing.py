"""The aggregates of every service: what it refused access to, what its store is for, what operators
have discarded, which heads of its log it carries, and when its history broke."""

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
        self.anchor = _anchor(service)
        self.incident = _incident(service)

    @property
    def classes(self) -> tuple[type[Aggregate], ...]:
        return (
            *(self.access_log, self.demonstration, self.discarded_event),
            *(self.anchor, self.incident),
        )


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


@cache
def _anchor(service: str) -> type[Any]:
    class Anchor(Aggregate):
        """A signed head of this service's own log, carried into the history that goes on from it.

        Whoever holds a later head therefore holds this one: its note can no longer be exchanged.
        """

        class HeadAnchored(Aggregate.Created):
            TOPIC = f"{service}.HeadAnchored"
            origin: str
            size: int
            root: str
            note_sha256: str

        @staticmethod
        def create_id(origin: str, size: int) -> UUID:
            return uuid5(NAMESPACE_URL, f"/anchors/{origin}/{size}")

        @event(HeadAnchored)
        def __init__(self, origin: str, size: int, root: str, note_sha256: str) -> None:
            self.size = size

    return _named(Anchor, service)


@cache
def _incident(service: str) -> type[Any]:
    class Incident(Aggregate):
        """This service's store no longer led to a head that was signed of it: it was restored.

        Two operators bear that it goes on nevertheless. Its log begins anew, as another epoch.
        """

        class IncidentRecorded(Aggregate.Created):
            TOPIC = f"{service}.IncidentRecorded"
            epoch: int
            known_origin: str
            known_size: int
            known_root: str
            found_size: int
            found_leaf: str
            reason: str
            recorded_by: str
            seconded_by: str

        @staticmethod
        def create_id(epoch: int) -> UUID:
            return uuid5(NAMESPACE_URL, f"/incidents/{epoch}")

        @event(IncidentRecorded)
        def __init__(
            self,
            epoch: int,
            known_origin: str,
            known_size: int,
            known_root: str,
            found_size: int,
            found_leaf: str,
            reason: str,
            recorded_by: str,
            seconded_by: str,
        ) -> None:
            self.epoch = epoch

    return _named(Incident, service)


def _named(aggregate_class: type[Any], service: str) -> type[Any]:
    """Give the class a path of its own, so that the library can find it again by its name."""
    name = f"{service.capitalize()}{aggregate_class.__name__}"
    aggregate_class.__name__ = aggregate_class.__qualname__ = name
    globals()[name] = aggregate_class
    return aggregate_class
