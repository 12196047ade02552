"""Our stores behind the interfaces of the `eventsourcing` library.

Its applications and projections can run on our ledger: a notification's id is the position. What
the library does not know of (event ids, schema versions, metadata, leaves) gets plain values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    OperationalError,
    ProcessRecorder,
    ProgrammingError,
    StoredEvent,
    Subscription,
    Tracking,
)

from grant_store.errors import AppendConflict, NotMigrated, StoreError
from grant_store.event_ids import new_event_id
from grant_store.rows import Append, LedgerEvent, NewEvent, Tracked
from grant_store.store import Store

_PAGE = 500
_POLL_SECONDS = 0.05
_BEFORE_ANY_VERSION = -1


class LedgerAggregateRecorder(AggregateRecorder):
    """Events of aggregates, without telling the caller where in the ledger they landed."""

    def __init__(self, store: Store, new_id: Callable[[], UUID] = new_event_id) -> None:
        self._store = store
        self._new_id = new_id

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        self._insert(stored_events, **kwargs)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        after = _BEFORE_ANY_VERSION if gt is None else gt
        with _library_errors():
            rows = self._store.stream(_as_uuid(originator_id), after)
        events = [
            _stored_event(row) for row in rows if lte is None or row.originator_version <= lte
        ]
        if desc:
            events.reverse()
        return events[:limit]

    def _insert(
        self, stored_events: Sequence[StoredEvent], tracking: Tracking | None = None
    ) -> list[int]:
        """The positions of these events, recorded in one transaction with the tracking."""
        if not stored_events and tracking is None:
            return []
        append = Append(
            events=[self._new_event(event) for event in stored_events],
            tracking=[] if tracking is None else [_tracked(tracking)],
        )
        with _library_errors():
            first = self._store.append(append).first_position
        return list(range(first, first + len(stored_events)))

    def _new_event(self, event: StoredEvent) -> NewEvent:
        return NewEvent(
            event_id=self._new_id(),
            originator_id=_as_uuid(event.originator_id),
            originator_version=event.originator_version,
            topic=event.topic,
            schema_version=1,
            state=event.state,
            metadata=b"",
        )


class LedgerApplicationRecorder(LedgerAggregateRecorder, ApplicationRecorder):
    """The same with positions, and the whole ledger as one sequence of notifications."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        return self._insert(stored_events, **kwargs)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = 0 if start is None else start - 1 if inclusive_of_start else start
        found: list[Notification] = []
        while len(found) < limit:
            # Without a filter a page holds what is wanted; with one, it may hold very little.
            size = _PAGE if topics else limit - len(found)
            page = self.page_after(after, size)
            found += [
                notification
                for notification in page
                if (stop is None or notification.id <= stop)
                and (not topics or notification.topic in topics)
            ]
            if len(page) < size or (stop is not None and page[-1].id >= stop):
                break
            after = page[-1].id
        return found[:limit]

    def page_after(self, position: int, size: int) -> list[Notification]:
        """The next notifications of any topic, at most `size`."""
        with _library_errors():
            return [_notification(row) for row in self._store.events_after(position, size)]

    def max_notification_id(self) -> int | None:
        with _library_errors():
            return self._store.head().position or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        return PollingSubscription(self, gt, topics)


class LedgerProcessRecorder(LedgerApplicationRecorder, ProcessRecorder):
    """The same with the position of each followed application."""

    def insert_tracking(self, tracking: Tracking) -> None:
        self._insert((), tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        with _library_errors():
            return self._store.tracked(application_name).position or None


class PollingSubscription(Subscription[ApplicationRecorder]):
    """Asks for what is new, and waits a moment when there is nothing.

    Polling instead of LISTEN: it works on both databases, under eventlet, and NOTIFY would take a
    lock of the whole database cluster at every commit.
    """

    def __init__(
        self,
        recorder: LedgerApplicationRecorder,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._page_after = recorder.page_after
        self._position = gt or 0
        self._waiting: Iterator[Notification] = iter(())
        self._stopped = Event()

    def stop(self) -> None:
        super().stop()
        self._stopped.set()

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            for notification in self._waiting:
                if not self._topics or notification.topic in self._topics:
                    return notification
            page = self._page_after(self._position, _PAGE)
            if page:
                # Of every topic: what was passed over once is not read again.
                self._position = page[-1].id
                self._waiting = iter(page)
            else:
                self._stopped.wait(_POLL_SECONDS)
        raise StopIteration


@contextmanager
def _library_errors() -> Iterator[None]:
    try:
        yield
    except AppendConflict as error:
        raise IntegrityError(str(error)) from error
    except NotMigrated as error:
        raise ProgrammingError(str(error)) from error
    except StoreError as error:
        raise OperationalError(str(error)) from error


def _as_uuid(originator_id: UUID | str) -> UUID:
    if not isinstance(originator_id, UUID):
        raise TypeError(f"originator_id: expected a UUID, not {originator_id!r}.")
    return originator_id


def _tracked(tracking: Tracking) -> Tracked:
    return Tracked(tracking.application_name, tracking.notification_id, b"")


def _stored_event(row: LedgerEvent) -> StoredEvent:
    return StoredEvent(row.originator_id, row.originator_version, row.topic, row.state)


def _notification(row: LedgerEvent) -> Notification:
    return Notification(
        row.originator_id, row.originator_version, row.topic, row.state, id=row.position
    )
