"""The case file says the same in whatever order the services are heard."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from audit.feeds import Feeds, an_audit, follow
from audit.stories import a_programme, a_whole_year, received
from grant_audit import pages
from grant_audit.pages import NO_CASE
from grant_audit.policies import UPSTREAMS
from grant_audit.projections import PROJECTIONS
from grant_bus.parked import parked_events
from grant_bus.writer import CannotApply, Writer
from grant_contracts.envelope import CloudEvent
from grant_contracts.registry import FACTS
from grant_store.errors import TrackingConflict
from grant_store.rows import Append, Appended, Document
from grant_store.sqlite import SQLiteStore

KINDS = pages.ALL_KINDS
YEAR = Feeds()
a_whole_year(YEAR)


def all_pages(store: SQLiteStore) -> list[Document]:
    return [page for kind in KINDS for page in store.documents(kind)]


def pages_after(events: list[CloudEvent]) -> list[Document]:
    with TemporaryDirectory() as folder, an_audit(Path(folder)) as (store, writer):
        follow(writer, events)
        return all_pages(store)


@cache
def in_order() -> list[Document]:
    return pages_after(YEAR.events)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_the_case_file_is_the_same_in_whatever_order_services_are_heard(
    data: st.DataObject,
) -> None:
    turns = [service for service, events in YEAR.by_service().items() for _ in events]
    order = data.draw(st.permutations(turns))
    heard = {service: iter(events) for service, events in YEAR.by_service().items()}

    assert pages_after([next(heard[service]) for service in order]) == in_order()


def test_a_whole_service_may_be_heard_long_after_the_others() -> None:
    for last in UPSTREAMS:
        feeds = YEAR.by_service()
        late = feeds.pop(last)
        events = [event for service in feeds.values() for event in service] + late
        assert pages_after(events) == in_order()


def test_a_case_file_built_again_from_the_feeds_is_the_same() -> None:
    assert pages_after(YEAR.events) == in_order()


def test_every_event_is_a_line_of_history() -> None:
    history = [page for page in in_order() if page.kind == pages.HISTORY]
    assert len(history) == len(YEAR.events)
    without_case = [page for page in history if page.key.startswith(f"{NO_CASE}/")]
    topics = [event.topic for event in YEAR.events if event.caseid is None]
    assert len(without_case) == len(topics)


def test_each_fact_of_each_service_changes_something_or_is_known_to_be_history_only() -> None:
    followed = {topic for topic in FACTS if not topic.startswith("audit.")}
    assert set(PROJECTIONS) == followed


def test_the_history_carries_the_very_bytes_that_the_service_recorded(tmp_path: Path) -> None:
    feeds = Feeds()
    received(feeds, "ZIQ-1")
    [event] = feeds.events
    with an_audit(tmp_path) as (store, writer):
        follow(writer, feeds.events)
        [page] = store.documents(pages.HISTORY)
    assert page.body is not None
    assert bytes(event.data) in page.body


def test_an_event_that_the_contracts_do_not_know_stops_the_audit(tmp_path: Path) -> None:
    feeds = Feeds()
    a_programme(feeds)
    unknown = _changed(feeds.events[0], type="pruefpfad.intake.ApplicationUpdated")
    with an_audit(tmp_path) as (store, writer):
        with pytest.raises(CannotApply, match=r"intake\.ApplicationUpdated is not in the registry"):
            writer.follow("intake/main", [unknown])
        assert all_pages(store) == []


def test_a_newer_version_of_a_fact_parks_its_case(tmp_path: Path) -> None:
    feeds = Feeds()
    received(feeds, "ZIQ-1")
    newer = _changed(feeds.events[0], schemaversion="3")
    with an_audit(tmp_path) as (store, writer):
        writer.follow("intake/main", [newer])
        [parked] = parked_events(store)
        assert "has version 3; 2 is known" in parked.error
        assert all_pages(store) == []


def test_a_posting_on_a_line_that_was_never_opened_parks_its_case(tmp_path: Path) -> None:
    feeds = Feeds()
    feeds.record("budgeting.FundsEarmarked", "ZIQ-1", subject="nowhere")
    with an_audit(tmp_path) as (store, writer):
        follow(writer, feeds.events)
        [parked] = parked_events(store)
        assert "no line-name on record" in parked.error
        assert all_pages(store) == []


def _changed(event: CloudEvent, **changes: str) -> CloudEvent:
    return replace(event, **changes)


def test_a_replica_that_was_overtaken_while_it_read_counts_nothing_twice(tmp_path: Path) -> None:
    feeds = YEAR.by_service()
    with an_audit(tmp_path) as (store, writer), an_audit(tmp_path) as (_, replica):
        for service in UPSTREAMS:
            events = feeds[service]
            if service == "budgeting":
                overtaken(writer, lambda: replica.follow("budgeting/main", feeds["budgeting"][:9]))
                with pytest.raises(TrackingConflict):
                    writer.follow("budgeting/main", events)
                events = events[9:]
            writer.follow(f"{service}/main", events)

        assert all_pages(store) == in_order()


def overtaken(writer: Writer, quicker: Callable[[], None]) -> None:
    """Let another one be quicker, once, between what this writer reads and what it appends."""
    append = writer.store.append

    def append_late(what: Append) -> Appended:
        writer.store.append = append  # type: ignore[method-assign]
        quicker()
        return append(what)

    writer.store.append = append_late  # type: ignore[method-assign]
