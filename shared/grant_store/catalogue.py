"""Which topics a service records, and how their states are written and read.

It turns domain events into bytes and back. Stored topics are names of the domain, never Python
paths, and the library's clock and class path stay out of the stored state: the row has the instant.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
from eventsourcing.domain import Aggregate, CanInitAggregate, CanMutateAggregate
from eventsourcing.utils import get_topic

from grant_contracts.upcasters import UPCASTERS
from grant_contracts.upcasting import CannotLift, State, Upcasters, state_of
from grant_store.errors import StoreError
from grant_store.rows import LedgerEvent

_OF_THE_LIBRARY = frozenset(
    {"originator_id", "originator_version", "originator_topic", "timestamp"}
)


class UnknownTopic(StoreError):
    """The ledger holds an event that this program does not know: it is older than the store."""


class UnreadableState(StoreError):
    """A stored state does not have the fields that its topic and version promise."""


class EventKind:
    """One kind of event of one aggregate: its topic, its fields and its version."""

    def __init__(
        self,
        aggregate_class: type[Aggregate],
        event_class: type[Any],
        upcasters: Upcasters = UPCASTERS,
    ) -> None:
        self.topic: str = event_class.TOPIC
        self.schema_version: int = getattr(event_class, "class_version", 1)
        self.event_class = event_class
        self.aggregate_class = aggregate_class
        self.fields = own_fields(event_class)
        struct = msgspec.defstruct(
            self.topic.replace(".", "_"), list(self.fields.items()), forbid_unknown_fields=True
        )
        self._decoder = msgspec.json.Decoder(struct)
        self._upcasters = upcasters
        self._refuse_missing_steps()
        self._creates = issubclass(event_class, CanInitAggregate)
        self._aggregate_topic = get_topic(aggregate_class)

    def encode(self, event: Any) -> bytes:
        return _encoder.encode({name: getattr(event, name) for name in self.fields})

    def decode(self, row: LedgerEvent) -> CanMutateAggregate[UUID]:
        """The domain event of a row, older versions lifted to today's step by step."""
        decoded = self._decoded(row)
        state = {name: getattr(decoded, name) for name in self.fields}
        state["originator_id"] = row.originator_id
        state["originator_version"] = row.originator_version
        state["timestamp"] = row.recorded_at
        if self._creates:
            state["originator_topic"] = self._aggregate_topic
        event: CanMutateAggregate[UUID] = object.__new__(self.event_class)
        object.__setattr__(event, "__dict__", state)
        return event

    def _decoded(self, row: LedgerEvent) -> Any:
        if not 1 <= row.schema_version <= self.schema_version:
            raise UnknownTopic(
                f"{self.topic} has version {row.schema_version} at position {row.position}; "
                f"this program knows {self.schema_version}."
            )
        try:
            if row.schema_version == self.schema_version:
                return self._decoder.decode(row.state)
            return msgspec.convert(self._lifted(row), self._decoder.type)
        except (msgspec.DecodeError, CannotLift) as error:
            raise UnreadableState(f"{self.topic} at position {row.position}: {error}") from error

    def _lifted(self, row: LedgerEvent) -> State:
        state = state_of(row.state)
        return self._upcasters.lifted(self.topic, row.schema_version, self.schema_version, state)

    def _refuse_missing_steps(self) -> None:
        """At the start, so that no stored event turns out to be unreadable later."""
        missing = self._upcasters.missing(self.topic, self.schema_version)
        if missing:
            raise ValueError(
                f"{self.topic} has version {self.schema_version}: expected upcasters "
                f"from version {', '.join(map(str, missing))} in grant_contracts.upcasters."
            )


class Catalogue:
    """All kinds of events of one service, found on its aggregates."""

    def __init__(
        self, aggregates: Iterable[type[Aggregate]], upcasters: Upcasters = UPCASTERS
    ) -> None:
        self.aggregates = tuple(aggregates)
        self._by_topic: dict[str, EventKind] = {}
        self._by_class: dict[type[Any], EventKind] = {}
        for aggregate_class in self.aggregates:
            for event_class in recorded_events(aggregate_class):
                self._add(EventKind(aggregate_class, event_class, upcasters))

    def _add(self, kind: EventKind) -> None:
        if kind.topic in self._by_topic:
            raise ValueError(f"The topic {kind.topic} stands on two events.")
        self._by_topic[kind.topic] = kind
        self._by_class[kind.event_class] = kind

    @property
    def kinds(self) -> Sequence[EventKind]:
        return tuple(self._by_topic.values())

    def kind_of(self, event: object) -> EventKind:
        try:
            return self._by_class[type(event)]
        except KeyError:
            raise ValueError(
                f"{type(event).__qualname__} has no TOPIC or its aggregate is not in the catalogue."
            ) from None

    def decode(self, row: LedgerEvent) -> CanMutateAggregate[UUID]:
        kind = self._by_topic.get(row.topic)
        if kind is None:
            raise UnknownTopic(f"{row.topic} at position {row.position} is not in the catalogue.")
        return kind.decode(row)

    def rebuild(self, rows: Iterable[LedgerEvent]) -> Aggregate | None:
        """The aggregate as its events left it; None where there are none."""
        aggregate: Any = None
        for row in rows:
            aggregate = self.decode(row).mutate(aggregate)
        return aggregate  # type: ignore[no-any-return]


def recorded_events(aggregate_class: type[Aggregate]) -> list[type[Any]]:
    """The event classes of an aggregate that carry a TOPIC of their own, in order of definition."""
    return [
        value
        for value in vars(aggregate_class).values()
        if isinstance(value, type)
        and issubclass(value, CanMutateAggregate)
        and hasattr(value, "TOPIC")
    ]


def own_fields(event_class: type[Any]) -> dict[str, Any]:
    """Name and type of each field that is the event's own, not the library's."""
    hints = get_type_hints(event_class)
    names = (field.name for field in dataclasses.fields(event_class))
    return {name: hints[name] for name in names if name not in _OF_THE_LIBRARY}


_encoder = msgspec.json.Encoder()
