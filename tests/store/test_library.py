"""The suites that `eventsourcing` ships for recorders, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from eventsourcing.persistence import (
    IntegrityError,
    OperationalError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
    ProcessRecorderTestCase,
    TrackingRecorderTestCase,
)

from grant_store.library import (
    LedgerAggregateRecorder,
    LedgerApplicationRecorder,
    LedgerProcessRecorder,
)
from grant_store.opening import open_store
from grant_store.store import Store


def an_open_store(url: str) -> Iterator[Store]:
    with closing(open_store(url, "library")) as store:
        store.migrate()
        yield store


class OnSQLite:
    store: Store

    @pytest.fixture(autouse=True)
    def _open(self, tmp_path: Path) -> Iterator[None]:
        for self.store in an_open_store(f"sqlite:///{tmp_path}"):
            yield


class OnPostgres:
    store: Store

    @pytest.fixture(autouse=True)
    def _open(self, shared_database: str) -> Iterator[None]:
        for self.store in an_open_store(shared_database):
            yield


class OfAggregates(AggregateRecorderTestCase):
    def create_recorder(self) -> LedgerAggregateRecorder:
        return LedgerAggregateRecorder(self.store)


class OfApplications(ApplicationRecorderTestCase[LedgerApplicationRecorder]):
    def create_recorder(self) -> LedgerApplicationRecorder:
        return LedgerApplicationRecorder(self.store)

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class OfTracking(TrackingRecorderTestCase):
    def create_recorder(self) -> LedgerProcessRecorder:
        return LedgerProcessRecorder(self.store)


class OfProcesses(ProcessRecorderTestCase):
    def create_recorder(self) -> LedgerProcessRecorder:
        return LedgerProcessRecorder(self.store)


class OfOrder(NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> LedgerApplicationRecorder:
        return LedgerApplicationRecorder(self.store)


class TestAggregatesOnSQLite(OnSQLite, OfAggregates): ...


class TestAggregatesOnPostgres(OnPostgres, OfAggregates): ...


class TestApplicationsOnSQLite(OnSQLite, OfApplications): ...


class TestApplicationsOnPostgres(OnPostgres, OfApplications): ...


class TestTrackingOnSQLite(OnSQLite, OfTracking): ...


class TestTrackingOnPostgres(OnPostgres, OfTracking): ...


class TestProcessesOnSQLite(OnSQLite, OfProcesses): ...


class TestProcessesOnPostgres(OnPostgres, OfProcesses): ...


class TestOrderOnSQLite(OnSQLite, OfOrder): ...


class TestOrderOnPostgres(OnPostgres, OfOrder): ...


# Collected through the classes above, which know a database; not on their own.
del OfAggregates, OfApplications, OfTracking, OfProcesses, OfOrder
del AggregateRecorderTestCase, ApplicationRecorderTestCase, TrackingRecorderTestCase
del ProcessRecorderTestCase, NonInterleavingNotificationIDsBaseCase


def a_stored_event(topic: str = "t", version: int = 1) -> StoredEvent:
    return StoredEvent(uuid4(), version, topic, b"{}")


def test_events_with_tracking_are_recorded_together_or_not_at_all(store: Store) -> None:
    recorder = LedgerProcessRecorder(store)
    event = a_stored_event()
    recorder.insert_events([event], tracking=Tracking("intake/main", 3))

    with pytest.raises(IntegrityError):
        recorder.insert_events([event], tracking=Tracking("intake/main", 4))
    with pytest.raises(IntegrityError):
        recorder.insert_events([a_stored_event()], tracking=Tracking("intake/main", 3))

    assert recorder.max_tracking_id("intake/main") == 3
    assert recorder.max_notification_id() == 1


def test_a_filter_finds_the_rare_topic_behind_many_others(store: Store) -> None:
    recorder = LedgerApplicationRecorder(store)
    recorder.insert_events([a_stored_event("common") for _ in range(1200)])
    recorder.insert_events([a_stored_event("rare")])

    assert [n.id for n in recorder.select_notifications(None, 10, topics=["rare"])] == [1201]
    assert list(recorder.select_notifications(None, 10, stop=1200, topics=["rare"])) == []
    with recorder.subscribe(topics=["rare"]) as subscription:
        assert next(subscription).id == 1201


def test_our_failures_are_the_librarys_failures(store: Store) -> None:
    recorder = LedgerApplicationRecorder(store)
    store.close()

    with pytest.raises(OperationalError, match="closed"):
        recorder.insert_events([a_stored_event()])
    with pytest.raises(OperationalError, match="closed"):
        recorder.max_notification_id()


def test_a_store_that_was_not_migrated_is_named_to_the_library(tmp_path: Path) -> None:
    recorder = LedgerApplicationRecorder(open_store(f"sqlite:///{tmp_path}", "library"))

    with pytest.raises(ProgrammingError, match="pruefpfad store migrate"):
        recorder.select_notifications(None, 1)


def test_an_originator_that_is_no_uuid_is_refused(store: Store) -> None:
    recorder = LedgerAggregateRecorder(store)

    with pytest.raises(TypeError, match="originator_id: expected a UUID, not 'line-1'"):
        recorder.insert_events([StoredEvent("line-1", 1, "t", b"{}")])
