"""What both databases promise of tracking, outcomes, documents and the relay's position."""

from __future__ import annotations

from uuid import uuid4

import pytest

from grant_store.errors import TrackingConflict
from grant_store.rows import Append, Document, Outcome, Standing, StoredOutcome, Tracked
from grant_store.store import Store
from store.samples import OpensLedger, an_event

LEAF = b"\x07" * 32


def put(store: Store, *documents: Document) -> None:
    store.append(Append(documents=documents))


def test_an_upstream_that_was_never_followed_stands_at_zero(store: Store) -> None:
    assert store.tracked("intake/main") == Tracked("intake/main", 0, b"")


def test_tracking_moves_forward_by_upstream_and_keeps_the_leaf(store: Store) -> None:
    store.append(Append(tracking=[Tracked("intake/main", 5, b"a"), Tracked("audit/main", 2, b"b")]))
    store.append(Append(tracking=[Tracked("intake/main", 9, LEAF)]))

    assert store.tracked("intake/main") == Tracked("intake/main", 9, LEAF)
    assert store.tracked("audit/main") == Tracked("audit/main", 2, b"b")


def test_two_batches_of_one_upstream_may_share_an_append_in_their_order(store: Store) -> None:
    store.append(
        Append(tracking=[Tracked("intake/main", 5, b"a"), Tracked("intake/main", 9, LEAF)])
    )
    assert store.tracked("intake/main") == Tracked("intake/main", 9, LEAF)

    with pytest.raises(TrackingConflict):
        store.append(
            Append(tracking=[Tracked("intake/main", 12, b"a"), Tracked("intake/main", 11, b"b")])
        )
    assert store.tracked("intake/main") == Tracked("intake/main", 9, LEAF)


def test_where_a_store_stands_is_head_and_tracking_in_one_answer(store: Store) -> None:
    assert store.standing() == Standing(0, {})
    store.append(Append(events=[an_event()]))
    assert store.standing() == Standing(1, {})

    store.append(Append(tracking=[Tracked("intake/main", 5, LEAF), Tracked("audit/main", 2, LEAF)]))

    assert store.standing() == Standing(1, {"intake/main": 5, "audit/main": 2})
    assert store.standing().followed_to("budgeting/main") == 0


def test_tracking_moves_on_only_from_where_the_follower_had_read(store: Store) -> None:
    first = Tracked("intake/main", 5, b"a", after=0)
    store.append(Append(tracking=[first], documents=[Document("sum", "a", b"5")]))

    for overlapping in (0, 3, 6):
        late = Tracked("intake/main", 9, LEAF, after=overlapping)
        with pytest.raises(TrackingConflict):
            store.append(Append(tracking=[late], documents=[Document("sum", "a", b"14")]))
    assert store.document("sum", "a") == b"5"
    store.append(Append(tracking=[Tracked("intake/main", 9, LEAF, after=5)]))
    assert store.tracked("intake/main") == Tracked("intake/main", 9, LEAF)


def test_an_outcome_comes_back_with_the_positions_of_its_events(store: Store) -> None:
    store.append(Append(events=[an_event()]))
    refused = Outcome("Amtsgericht Köln", "k 1", b"\x00" * 32, "refused", "call_closed", 1, 2)
    store.append(Append(events=[an_event() for _ in range(3)], outcomes=[refused]))

    assert store.outcome("Amtsgericht Köln", "k 1") == StoredOutcome(
        *refused[:5], positions=range(3, 5)
    )
    assert store.outcome("Amtsgericht Köln", "k 2") is None
    assert store.outcome("Amtsgericht Bonn", "k 1") is None


def test_an_outcome_without_events_has_no_positions(store: Store) -> None:
    store.append(Append(outcomes=[Outcome("portal", "k", b"h", "recorded", "", 0, 0)]))

    outcome = store.outcome("portal", "k")
    assert outcome is not None
    assert list(outcome.positions) == []


def test_the_same_key_of_another_sender_is_another_command(store: Store) -> None:
    for sender in ("portal", "bank"):
        store.append(Append(outcomes=[Outcome(sender, "k", b"h", "recorded", "", 0, 0)]))

    assert store.outcome("bank", "k") is not None


def test_many_outcomes_are_read_at_once_and_each_by_its_own_sender(store: Store) -> None:
    kept = [("portal" if index % 2 else "bank", f"k {index}") for index in range(1_000)]
    outcomes = [Outcome(*pair, b"h", "recorded", "", 0, 0) for pair in kept]
    store.append(Append(outcomes=outcomes))

    found = store.outcomes([*kept, ("portal", "k 0"), ("bank", "k 1"), ("bank", "unknown")])

    assert set(found) == set(kept)
    assert all((one.sender, one.key) == pair for pair, one in found.items())


def test_many_streams_are_read_at_once_and_each_in_its_own_order(store: Store) -> None:
    aggregates = [uuid4() for _ in range(500)]
    for version in (1, 2):
        store.append(Append(events=[an_event(each, version) for each in aggregates]))
    unknown = uuid4()

    found = store.streams([*aggregates, unknown])

    assert found.pop(unknown) == []
    assert found == {each: store.stream(each) for each in aggregates}
    assert {len(rows) for rows in found.values()} == {2}


def test_a_document_is_put_replaced_and_removed(store: Store) -> None:
    put(store, Document("case", "a", b"1"))
    assert store.document("case", "a") == b"1"
    put(store, Document("case", "a", b"2"))
    assert store.document("case", "a") == b"2"
    put(store, Document("case", "a", None), Document("case", "never there", None))
    assert store.document("case", "a") is None
    assert store.documents("case") == []


def test_of_several_writes_to_one_document_the_last_one_stands(store: Store) -> None:
    put(store, Document("case", "a", b"old"), Document("case", "b", b"old"))
    put(
        store,
        Document("case", "a", None),
        Document("case", "a", b"new"),
        Document("case", "b", b"new"),
        Document("case", "b", None),
    )

    assert store.documents("case") == [Document("case", "a", b"new")]


def test_documents_are_found_by_kind_and_prefix_in_order_of_code_points(store: Store) -> None:
    keys = ["Köln/2", "Köln/10", "Koln/1", "Zülpich", "köln/1", "Ärzte", "Köln", "Köln0", "a%_b"]
    put(store, *(Document("case", key, key.encode()) for key in keys))
    put(store, Document("line", "Köln/3", b""))

    assert [document.key for document in store.documents("case")] == sorted(keys)
    assert [document.key for document in store.documents("case", "Köln/")] == ["Köln/10", "Köln/2"]
    assert store.documents("case", "Ä") == [Document("case", "Ärzte", "Ärzte".encode())]
    assert [document.key for document in store.documents("case", "a%")] == ["a%_b"]
    assert store.documents("case", "Bonn") == []


def test_an_empty_body_is_a_document_and_not_a_removal(store: Store) -> None:
    put(store, Document("case", "a", b""))

    assert store.document("case", "a") == b""


def test_the_relays_position_never_moves_back(store: Store, open_ledger: OpensLedger) -> None:
    assert store.relayed() == 0
    store.move_relay(5)
    store.move_relay(3)

    assert store.relayed() == 5
    assert open_ledger().relayed() == 5


def test_services_beside_each_other_do_not_see_each_others_rows(
    store: Store, open_ledger: OpensLedger
) -> None:
    other = open_ledger(service="audit")
    other.migrate()
    store.append(Append(events=[an_event()], documents=[Document("case", "a", b"1")]))
    store.move_relay(1)

    assert other.head().position == 0
    assert other.document("case", "a") is None
    assert other.relayed() == 0


def test_a_read_model_starts_over_without_documents_and_without_what_was_followed(
    store: Store,
) -> None:
    tracking = [Tracked(name, 5, LEAF) for name in ("intake/main", "budgeting/main", "parking")]
    put(store, Document("case", "1", b"{}"), Document("line", "2", b"{}"))
    store.append(Append(events=[an_event()], tracking=tracking))
    store.move_relay(1)

    store.append(Append(start_over=["intake/main", "budgeting/main"]))

    assert store.documents("case") + store.documents("line") == []
    assert store.tracked("intake/main").position == store.tracked("budgeting/main").position == 0
    assert store.tracked("parking").position == 5
    assert (store.head().position, store.relayed()) == (1, 1)
    store.append(Append(tracking=[Tracked("intake/main", 1, LEAF)]))


def test_a_read_model_that_has_followed_nothing_may_start_over(store: Store) -> None:
    store.append(Append(start_over=["intake/main"]))

    assert store.tracked("intake/main").position == 0


def test_what_is_written_with_a_start_over_is_there_after_it(store: Store) -> None:
    put(store, Document("case", "1", b"old"), Document("case", "2", b"old"))
    store.append(Append(tracking=[Tracked("intake/main", 5, LEAF)]))

    store.append(
        Append(
            start_over=["intake/main"],
            documents=[Document("case", "1", b"new")],
            tracking=[Tracked("intake/main", 1, LEAF, after=0)],
        )
    )

    assert store.documents("case") == [Document("case", "1", b"new")]
    assert store.tracked("intake/main").position == 1


def test_a_start_over_whose_append_fails_leaves_everything_as_it_was(store: Store) -> None:
    put(store, Document("case", "1", b"{}"))
    store.append(Append(tracking=[Tracked(name, 5, LEAF) for name in ("intake/main", "parking")]))

    with pytest.raises(TrackingConflict):
        # What was parked has changed since the operator's command began to be decided.
        store.append(
            Append(start_over=["intake/main"], tracking=[Tracked("parking", 5, LEAF, after=4)])
        )

    assert store.documents("case") == [Document("case", "1", b"{}")]
    assert store.tracked("intake/main").position == 5


def test_documents_are_counted_by_kind(store: Store) -> None:
    assert store.document_counts() == {}
    put(
        store, Document("line", "a", b"1"), Document("line", "b", b"2"), Document("case", "a", b"3")
    )
    put(store, Document("line", "a", None))

    assert store.document_counts() == {"case": 1, "line": 1}
