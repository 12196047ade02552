"""What both databases promise of one append: dense, whole or not at all, in time's order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grant_store.errors import (
    AppendConflict,
    EventRepeated,
    HeadMoved,
    KeyReused,
    TrackingConflict,
    VersionConflict,
)
from grant_store.leaf import leaf_hash, microseconds
from grant_store.rows import Append, Document, Head, LedgerEvent, NewEvent, Tracked
from grant_store.store import Store
from store.samples import OpensLedger, an_event, an_outcome

NOON = datetime(2026, 3, 29, 12, 0, 0, 123456, tzinfo=UTC)
LEAF = b"\x07" * 32


def everything_in(store: Store) -> tuple[object, ...]:
    """All that an append could have written by these tests, to compare before and after."""
    return (
        store.events_after(0, 1000),
        [store.tracked(upstream) for upstream in ("intake/main", "eligibility/main")],
        [store.outcome("portal", key) for key in ("k-1", "k-2")],
        store.documents("case"),
    )


def test_an_empty_ledger_has_head_zero_and_no_leaf(store: Store) -> None:
    assert store.head() == Head(0, b"")
    assert store.events_after(0, 10) == []
    assert store.origin == "budgeting/main"


def test_positions_are_one_two_three_across_appends(store: Store) -> None:
    first = store.append(Append(events=[an_event(), an_event()]))
    second = store.append(Append(events=[an_event()]))

    assert (first.first_position, second.first_position) == (1, 3)
    assert [event.position for event in store.events_after(0, 10)] == [1, 2, 3]
    assert store.head() == Head(3, second.leaf_hashes[0])


def test_an_event_comes_back_as_it_went_in(store: Store) -> None:
    event = an_event(topic="budgeting.Prüfung", state=bytes(range(256)))

    appended = store.append(Append(events=[event]))

    [stored] = store.events_after(0, 10)
    assert stored == LedgerEvent(
        1, *event[:5], appended.recorded_at, *event[5:], appended.leaf_hashes[0]
    )
    assert stored.recorded_at.tzinfo is UTC
    assert appended.recorded_at.tzinfo is UTC


def test_a_refused_append_leaves_no_gap_in_the_positions(store: Store) -> None:
    event = an_event()
    store.append(Append(events=[event]))
    with pytest.raises(VersionConflict):
        store.append(Append(events=[an_event(), an_event(event.originator_id)]))

    assert store.append(Append(events=[an_event()])).first_position == 2


def test_the_feed_is_read_in_pages(store: Store) -> None:
    store.append(Append(events=[an_event() for _ in range(7)]))

    assert [event.position for event in store.events_after(2, 3)] == [3, 4, 5]
    assert [event.position for event in store.events_after(5, 3)] == [6, 7]
    assert store.events_after(7, 3) == []


def test_the_stream_of_an_aggregate_is_in_order_of_version(store: Store) -> None:
    line = uuid4()
    store.append(Append(events=[an_event(line, 2), an_event(), an_event(line, 1)]))
    store.append(Append(events=[an_event(line, 3)]))

    assert [event.originator_version for event in store.stream(line)] == [1, 2, 3]
    assert [event.originator_version for event in store.stream(line, 2)] == [3]
    assert store.stream(uuid4()) == []


def test_an_append_records_events_tracking_outcomes_and_documents_together(store: Store) -> None:
    store.append(Append(events=[an_event()]))

    appended = store.append(
        Append(
            events=[an_event(), an_event(), an_event()],
            tracking=[Tracked("intake/main", 17, LEAF)],
            outcomes=[an_outcome("k-1", first=1, event_count=2), an_outcome("k-2")],
            documents=[Document("case", "a", b"{}")],
            expected_head=1,
        )
    )

    assert appended.first_position == 2
    assert len(appended.leaf_hashes) == 3
    assert store.tracked("intake/main") == Tracked("intake/main", 17, LEAF)
    outcome = store.outcome("portal", "k-1")
    assert outcome is not None
    assert outcome.positions == range(3, 5)
    assert store.document("case", "a") == b"{}"


def test_an_append_without_events_moves_no_head(store: Store) -> None:
    store.append(Append(events=[an_event()]))

    appended = store.append(Append(tracking=[Tracked("intake/main", 1, LEAF)]))

    assert (appended.first_position, appended.leaf_hashes) == (2, ())
    assert store.head().position == 1


TAKEN = an_event()
CONFLICTS = {
    "the version is taken": (Append(events=[an_event(TAKEN.originator_id)]), VersionConflict),
    "the same event again": (Append(events=[TAKEN]), VersionConflict),
    "one version twice": (
        Append(events=[an_event(TAKEN.event_id), an_event(TAKEN.event_id)]),
        VersionConflict,
    ),
    "the event id is taken": (Append(events=[an_event(event_id=TAKEN.event_id)]), EventRepeated),
    "the head moved on": (Append(events=[an_event()], expected_head=0), HeadMoved),
    "the head is ahead": (Append(events=[an_event()], expected_head=2), HeadMoved),
    "the position was followed": (
        Append(events=[an_event()], tracking=[Tracked("intake/main", 9, LEAF)]),
        TrackingConflict,
    ),
    "a later position was followed": (
        Append(events=[an_event()], tracking=[Tracked("intake/main", 8, LEAF)]),
        TrackingConflict,
    ),
    "the key is used": (Append(events=[an_event()], outcomes=[an_outcome("k-1")]), KeyReused),
    "one key twice": (
        Append(events=[an_event()], outcomes=[an_outcome("k-2"), an_outcome("k-2")]),
        KeyReused,
    ),
}


@pytest.mark.parametrize("what", CONFLICTS)
def test_an_append_that_meets_a_conflict_writes_nothing_at_all(store: Store, what: str) -> None:
    append, conflict = CONFLICTS[what]
    store.append(
        Append(
            events=[TAKEN],
            tracking=[Tracked("intake/main", 9, LEAF)],
            outcomes=[an_outcome("k-1")],
            documents=[Document("case", "a", b"before")],
        )
    )
    before = everything_in(store)

    with pytest.raises(conflict, match="budgeting/main"):
        store.append(
            replace(
                append,
                tracking=[Tracked("eligibility/main", 3, LEAF), *append.tracking],
                documents=[Document("case", "a", b"after"), Document("case", "b", b"new")],
            )
        )

    assert everything_in(store) == before


def test_a_conflict_is_told_apart_from_a_failure_by_its_class() -> None:
    for _, conflict in CONFLICTS.values():
        assert issubclass(conflict, AppendConflict)


def test_the_next_append_after_a_conflict_succeeds(store: Store) -> None:
    store.append(Append(events=[TAKEN]))
    for _ in range(10):  # More often than a driver waits before it prepares a statement.
        with pytest.raises(VersionConflict):
            store.append(Append(events=[TAKEN]))

    assert store.append(Append(events=[an_event()])).first_position == 2


def test_an_outcome_that_claims_events_of_others_is_refused() -> None:
    with pytest.raises(ValueError, match="outcome portal/k-1: expected events within the 1"):
        Append(events=[an_event()], outcomes=[an_outcome("k-1", first=1, event_count=1)])


def test_the_recorded_instant_is_the_clocks_to_the_microsecond(
    store: Store, open_ledger: OpensLedger
) -> None:
    appended = open_ledger(clock=lambda: NOON).append(Append(events=[an_event(), an_event()]))

    assert appended.recorded_at == NOON
    assert [event.recorded_at for event in store.events_after(0, 10)] == [NOON, NOON]


def test_the_recorded_instant_never_goes_back_when_the_clock_does(
    store: Store, open_ledger: OpensLedger
) -> None:
    for hours in (0, -2, 1, -1):
        instant = NOON + timedelta(hours=hours)
        open_ledger(clock=lambda instant=instant: instant).append(Append(events=[an_event()]))

    later = NOON + timedelta(hours=1)
    assert [e.recorded_at for e in store.events_after(0, 10)] == [NOON, NOON, later, later]


def test_a_clock_without_a_zone_is_refused(store: Store, open_ledger: OpensLedger) -> None:
    naive = open_ledger(clock=lambda: NOON.replace(tzinfo=None))

    with pytest.raises(ValueError, match="expected one with a time zone"):
        naive.append(Append(events=[an_event()]))
    assert store.head().position == 0


EVENTS = st.builds(
    NewEvent,
    event_id=st.uuids(),
    originator_id=st.uuids(),
    originator_version=st.integers(0, 2**63 - 1),
    topic=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
    schema_version=st.integers(1, 2**31 - 1),
    state=st.binary(),
    metadata=st.binary(),
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(events=st.lists(EVENTS, min_size=1, max_size=4, unique_by=(lambda e: e[0], lambda e: e[1])))
def test_the_database_hashes_and_keeps_every_event_as_the_frozen_encoding_says(
    store: Store, events: list[NewEvent]
) -> None:
    try:
        appended = store.append(Append(events=events))
    except AppendConflict:
        return  # The ledger stays from example to example, and small ids come again.

    instant = microseconds(appended.recorded_at)
    expected = tuple(
        leaf_hash(position, instant, event)
        for position, event in enumerate(events, appended.first_position)
    )
    assert appended.leaf_hashes == expected
    stored = store.events_after(appended.first_position - 1, len(events))
    assert tuple(row.leaf_hash for row in stored) == expected
    assert [NewEvent(*row[1:6], *row[7:9]) for row in stored] == events
