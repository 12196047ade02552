"""The unit of work: what a command or a policy may read, and what it wants kept.

Application functions get one, decide, and keep; they never commit. Whoever opened the batch does,
for all its units in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from eventsourcing.domain import Aggregate

from grant_store.errors import StoreError
from grant_store.identity_map import IdentityMap
from grant_store.log.broken import BrokenHistory, SignedNotes
from grant_store.personal.access import KeyDestroyer, Opener
from grant_store.personal.ends import Ends
from grant_store.rows import Append, Document, KindAndKey, NewEvent, Outcome, Tracked
from grant_store.store import Store
from grant_values.shapes import Actor

A = TypeVar("A", bound=Aggregate)


class NotYet(Exception):
    """This service has not heard of the thing yet; the sender should try again later."""


class HistoryBroken(NotYet):
    """The store does not lead to the last known head of it; until that is on record, all waits."""


class CaseParked(NotYet):
    """Events of the case wait for an operator; until then nothing is decided on it."""


@dataclass(frozen=True)
class Context:
    """On whose behalf and because of what: it becomes the metadata of each event recorded."""

    actor: Actor
    correlation_id: str
    causation_id: str
    command_key: str = ""
    method: str = ""
    second_actor: Actor | None = None

    def metadata(self, case_id: UUID | None) -> bytes:
        """JSON of simple text attributes: the relay splices them into the message as they are."""
        attributes = {
            "actorid": self.actor.id,
            "actorrole": self.actor.role,
            "actormethod": self.method,
            "correlationid": self.correlation_id,
            "causationid": self.causation_id,
            "commandkey": self.command_key,
            "secondactorid": self.second_actor.id if self.second_actor else "",
            "caseid": str(case_id) if case_id else "",
        }
        return msgspec.json.encode({name: value for name, value in attributes.items() if value})


class Reading(NamedTuple):
    """What a unit will most likely ask for, so that a batch can read it for all its units at once.

    What is missing here is read when it is asked for: slower, and no less right.
    """

    aggregate_ids: Collection[UUID] = ()
    documents: Collection[KindAndKey] = ()


@dataclass
class Batch:
    """All units of one transaction. What one unit keeps, the next ones see."""

    held: IdentityMap
    new_id: Callable[[], UUID]
    vault: Opener | None = None
    ends: Ends | None = None
    events: list[NewEvent] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    tracking: list[Tracked] = field(default_factory=list)
    documents: dict[KindAndKey, Any] = field(default_factory=dict)
    start_over: list[str] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)
    broken: BrokenHistory | None = None
    signed: SignedNotes | None = None
    _read: dict[KindAndKey, Any] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        followed = self.tracking or self.documents or self.start_over
        return not (self.events or self.outcomes or followed)

    def unit(self, context: Context, parked: Set[UUID] = frozenset()) -> UnitOfWork:
        """A unit that may not touch the cases in `parked`."""
        return UnitOfWork(self, context, parked)

    def clear(self) -> None:
        """Forget what the units kept and changed: used when the only unit of a batch has failed."""
        self.held.evict(self.touched)
        self.events.clear()
        self.documents.clear()
        self.start_over.clear()
        self._read.clear()

    def read_ahead(self, readings: Iterable[Reading]) -> None:
        """Read what these units will ask for: one question for aggregates, one for documents."""
        known = list(readings)
        self.held.fetch({each for reading in known for each in reading.aggregate_ids})
        names = {name for reading in known for name in reading.documents} - self._read.keys()
        if names:
            found = self.held.store.documents_at(list(names))
            self._read |= {name: _decoded(found.get(name)) for name in names}

    def document(self, kind: str, key: str) -> Any:
        """As the last unit has left it, else as it is stored; read once, however often asked."""
        if (kind, key) in self.documents:
            return self.documents[kind, key]
        if (kind, key) not in self._read:
            self._read[kind, key] = _decoded(self.held.store.document(kind, key))
        return self._read[kind, key]

    def as_append(self, expected_head: int | None = None) -> Append:
        encode = msgspec.json.encode
        return Append(
            expected_head=expected_head,
            events=self.events,
            tracking=self.tracking,
            outcomes=self.outcomes,
            start_over=self.start_over,
            documents=[
                Document(kind, key, None if body is None else encode(body))
                for (kind, key), body in self.documents.items()
            ],
        )


class UnitOfWork:
    """What one command or one followed fact reads and keeps."""

    def __init__(self, batch: Batch, context: Context, parked: Set[UUID] = frozenset()) -> None:
        self.context = context
        self._batch = batch
        self._parked = parked
        self._first_event = len(batch.events)
        self._seen: dict[UUID, Aggregate] = {}
        self._wrote_documents = False
        self._metadata_of: dict[UUID | None, bytes] = {}

    @property
    def new_events(self) -> list[NewEvent]:
        """What this unit has recorded so far."""
        return self._batch.events[self._first_event :]

    @property
    def first_event(self) -> int:
        """Where this unit's events begin among the batch's."""
        return self._first_event

    @property
    def has_changed_anything(self) -> bool:
        kept = len(self._batch.events) > self._first_event
        return kept or self._wrote_documents or bool(self.forgotten)

    @property
    def forgotten(self) -> str:
        """The aggregates that changed but were not kept, as text; empty if there are none."""
        changed = (aggregate for aggregate in self._seen.values() if aggregate.pending_events)
        return ", ".join(f"{type(aggregate).__name__} {aggregate.id}" for aggregate in changed)

    @property
    def store(self) -> Store:
        """For reading what is stored, without what this batch is about to write."""
        return self._batch.held.store

    @property
    def vault(self) -> Opener:
        """Where sealed personal data are opened. `StoreError` in a service that was given none."""
        if self._batch.vault is None:
            raise StoreError(f"{self.store.origin}: this service was started without a vault.")
        return self._batch.vault

    @property
    def key_destroyer(self) -> KeyDestroyer:
        """What ends personal data. `StoreError` in a service that may only open them, or not even
        that."""
        if not isinstance(self.vault, KeyDestroyer):
            raise StoreError(f"{self.store.origin}: this service may destroy no keys.")
        return self.vault

    @property
    def ends(self) -> Ends:
        """What was decided to end. `StoreError` in a service that has nobody to ask."""
        if self._batch.ends is None:
            raise StoreError(
                f"{self.store.origin}: this service cannot ask what is decided to end."
            )
        return self._batch.ends

    def part(self, context: Context) -> UnitOfWork:
        """A unit for another cause in the same transaction."""
        return self._batch.unit(context)

    def start_over(self) -> None:
        """Forget all that this unit and its parts have kept. Only for one that is decided alone."""
        self._batch.clear()

    def forget_followed(self, upstreams: Sequence[str]) -> None:
        """Drop all documents, and that these upstreams were followed, in the same transaction and
        before anything else in it. Only for one that is decided alone, because what it reads is
        still there."""
        self._wrote_documents = True
        self._batch.start_over.extend(upstreams)

    @property
    def broken(self) -> BrokenHistory | None:
        """What is wrong with the ledger as it was found, or None: it goes on from its last head."""
        return self._batch.broken

    @property
    def signed(self) -> SignedNotes | None:
        """The heads of this ledger's log, or None where there is none at hand."""
        return self._batch.signed

    def has_parked(self, case_id: UUID) -> bool:
        """Whether this unit may not touch a case, because events of it wait for an operator."""
        return case_id in self._parked

    def find(self, aggregate_class: type[A], aggregate_id: UUID) -> A | None:
        """The aggregate, or None if nothing was ever recorded under this id."""
        self._batch.touched.add(aggregate_id)
        aggregate = self._batch.held.find(aggregate_id)
        if self._parked:
            self._refuse_parked(aggregate_id, getattr(aggregate, "case_id", None))
        if aggregate is not None and not isinstance(aggregate, aggregate_class):
            raise TypeError(f"{aggregate_id} is no {aggregate_class.__name__}.")
        if aggregate is not None:
            self._seen[aggregate_id] = aggregate
        return aggregate

    def get(self, aggregate_class: type[A], aggregate_id: UUID) -> A:
        """The aggregate; `NotYet` if this service has not heard of it."""
        aggregate = self.find(aggregate_class, aggregate_id)
        if aggregate is None:
            raise NotYet(f"{aggregate_class.__name__} {aggregate_id} is not known here yet.")
        return aggregate

    def keep(self, *aggregates: Aggregate) -> None:
        """Record the pending events of these aggregates, in this order."""
        for aggregate in aggregates:
            if self._parked:
                cases = (getattr(event, "case_id", None) for event in aggregate.pending_events)
                self._refuse_parked(aggregate.id, getattr(aggregate, "case_id", None), *cases)
            self._batch.touched.add(aggregate.id)
            self._batch.held.hold(aggregate)
            self._seen[aggregate.id] = aggregate
            for event in aggregate.collect_events():
                self._batch.events.append(self._new_event(aggregate, event))

    def document(self, kind: str, key: str) -> Any:
        """An entry of the working data as plain JSON values, or None.

        Whoever changes it in place must write it too, or the change may be lost.
        """
        return self._batch.document(kind, key)

    def read_ahead(self, documents: Collection[KindAndKey]) -> None:
        """Read with one question what is going to be asked for one by one."""
        self._batch.read_ahead([Reading(documents=documents)])

    def documents(self, kind: str, prefix: str = "") -> list[tuple[str, Any]]:
        """Key and body of each entry of a kind whose key begins with `prefix`, in order of key."""
        stored = self._batch.held.store.documents(kind, prefix)
        bodies = {each.key: msgspec.json.decode(each.body) for each in stored if each.body}
        for (pending_kind, key), body in self._batch.documents.items():
            if pending_kind == kind and key.startswith(prefix):
                bodies[key] = body
        return [(key, bodies[key]) for key in sorted(bodies) if bodies[key] is not None]

    def write_document(self, kind: str, key: str, body: Any) -> None:
        """Put an entry into the working data, or remove it with None, in the same transaction."""
        self._wrote_documents = True
        self._batch.documents[kind, key] = body

    def tracked(self, upstream: str) -> Tracked:
        """How far something was followed, as it is stored."""
        return self.store.tracked(upstream)

    def track(self, tracked: Tracked) -> None:
        """Note how far something was followed; of several notes in a batch the last one stands."""
        others = [each for each in self._batch.tracking if each.upstream != tracked.upstream]
        self._batch.tracking[:] = [*others, tracked]

    def _refuse_parked(self, *ids: UUID | None) -> None:
        """Many aggregates have the id of their case; the others say which case they are about."""
        for case_id in ids:
            if case_id in self._parked:
                raise CaseParked(
                    f"Case {case_id} is parked here: an event of it could not be applied. "
                    "Send the same key again when an operator has retried it."
                )

    def _new_event(self, aggregate: Aggregate, event: Any) -> NewEvent:
        kind = self._batch.held.catalogue.kind_of(event)
        return NewEvent(
            event_id=self._batch.new_id(),
            originator_id=event.originator_id,
            originator_version=event.originator_version,
            topic=kind.topic,
            schema_version=kind.schema_version,
            state=kind.encode(event),
            metadata=self._metadata(_case_of(aggregate, event)),
        )

    def _metadata(self, case_id: UUID | None) -> bytes:
        """The same for all events that one unit records on a case: put together once."""
        if case_id not in self._metadata_of:
            self._metadata_of[case_id] = self.context.metadata(case_id)
        return self._metadata_of[case_id]


def _decoded(body: bytes | None) -> Any:
    return None if body is None else msgspec.json.decode(body)


def _case_of(aggregate: Aggregate, event: Any) -> UUID | None:
    """The case an event is about: its own `case_id`, else its aggregate's, if either has one."""
    case_id = getattr(event, "case_id", None) or getattr(aggregate, "case_id", None)
    return case_id if isinstance(case_id, UUID) else None
