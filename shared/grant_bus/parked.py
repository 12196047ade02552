"""Parked events as they stand in the working data of whoever could not apply them.

Two kinds of documents: a case that is parked, with the number of its last parked event; and its
events, in the order in which they came. A counter beside the tracking rises with each change.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

import msgspec

from grant_bus.feed import message_of
from grant_contracts.envelope import CloudEvent
from grant_store.rows import Standing, Tracked
from grant_store.store import Store
from grant_store.work import UnitOfWork

CASE = "parked-case"  # <case id> → the number of its last parked event
EVENT = "parked-event"  # <case id>/<number> → a `ParkedEvent`
COUNTER = "parking"
"""Stands in the tracking, where a number only rises: of two who change what is parked at the same
time, the second conflicts and looks again. No event is lost between them."""

LONGEST_ERROR = 2_000


class ParkedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event that waits. `error` is empty where it only waits behind another of its case."""

    case_id: UUID
    number: int
    event: msgspec.Raw
    error: str
    parked_at: datetime
    attempts: int

    @property
    def cloud_event(self) -> CloudEvent:
        return msgspec.json.decode(self.event, type=CloudEvent)

    @property
    def key(self) -> str:
        return f"{self.case_id}/{self.number:08}"

    def failed(self, error: Exception) -> ParkedEvent:
        """The same event after one more attempt that failed."""
        return msgspec.structs.replace(self, error=in_words(error), attempts=self.attempts + 1)


def in_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST_ERROR]


def parked_events(store: Store, case_id: UUID | None = None) -> list[ParkedEvent]:
    """All parked events, or those of one case, in the order in which they are retried."""
    prefix = f"{case_id}/" if case_id else ""
    return [_read(each.body) for each in store.documents(EVENT, prefix) if each.body is not None]


class Parking:
    """Which cases are parked. Held in memory, and true to the store after each `catch_up`."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self.cases: frozenset[UUID] = frozenset()
        self._store = store
        self._clock = clock
        self._count = 0

    def catch_up(self, standing: Standing) -> None:
        """Look again if anybody has parked, retried or discarded something since."""
        count = standing.followed_to(COUNTER)
        if count != self._count:
            self.cases = frozenset(UUID(each.key) for each in self._store.documents(CASE))
            self._count = count

    def park(self, work: UnitOfWork, case_id: UUID, event: CloudEvent, error: str = "") -> None:
        """Keep an event with its case; without an `error`, because another one waits before it."""
        number = (work.document(CASE, str(case_id)) or 0) + 1
        parked = ParkedEvent(
            case_id=case_id,
            number=number,
            event=msgspec.Raw(message_of(event)),
            error=error,
            parked_at=self._clock(),
            attempts=1 if error else 0,
        )
        work.write_document(CASE, str(case_id), number)
        work.write_document(EVENT, parked.key, parked)
        _count_on(work, self._count)


class ParkedCase:
    """What is parked of one case, to be taken out again in order."""

    def __init__(self, work: UnitOfWork, case_id: UUID) -> None:
        # First the counter and then the events: who changes them in between makes us conflict.
        self._count = work.tracked(COUNTER).position
        self._work = work
        self._case_id = case_id
        self.events = parked_events(work.store, case_id)

    def remove(self, count: int) -> None:
        """Take out the first `count` events; the parking ends with the last of them."""
        for each in self.events[:count]:
            self._work.write_document(EVENT, each.key, None)
        if count == len(self.events):
            self._work.write_document(CASE, str(self._case_id), None)
        _count_on(self._work, self._count)

    def replace(self, parked: ParkedEvent) -> None:
        self._work.write_document(EVENT, parked.key, parked)
        _count_on(self._work, self._count)


def count_on(work: UnitOfWork) -> None:
    """Everybody who holds parked cases in memory looks again."""
    _count_on(work, work.tracked(COUNTER).position)


def _count_on(work: UnitOfWork, count: int) -> None:
    # The leaf makes this change ours, should a broken connection leave open whether it landed.
    work.track(Tracked(COUNTER, count + 1, uuid4().bytes, after=count))


def _read(body: bytes) -> ParkedEvent:
    return msgspec.json.decode(body, type=ParkedEvent)
