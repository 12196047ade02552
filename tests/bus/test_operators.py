"""Operators retry what is parked, and two of them may discard what decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.till import (
    CASHIER,
    COLLEAGUE,
    OPERATOR,
    TILL,
    CoinsAdded,
    Page,
    Purse,
    adding,
    answer,
    answers,
    closing,
    in_memory,
    lines,
    mending,
    open_book,
    opening,
    the_book,
    the_till,
    told,
    when_coins_added,
    when_mended,
    writing,
)
from grant_bus.feed import pack, unpack
from grant_bus.operators import AppliedOnce, Operators
from grant_bus.parked import CASE, parked_events
from grant_bus.policies import EveryEvent
from grant_bus.writer import Writer
from grant_contracts import operators_commands
from grant_contracts.answers import Answer
from grant_contracts.envelope import CloudEvent, Fact
from grant_contracts.registry import FACTS
from grant_store.errors import Unreachable
from grant_store.sqlite import SQLiteStore
from grant_store.standing import StandingAggregates
from grant_store.work import UnitOfWork
from grant_values.shapes import Actor

ADA = Purse.create_id("ada")


@pytest.fixture(scope="module")
def feed() -> Sequence[CloudEvent]:
    """1 opened; 2 fine, 3 broken, 4 fine, 5 broken, 6 fine: all of one purse."""
    store = in_memory("till")
    with closing(store):
        answers(
            the_till(store),
            *(opening(), adding(2), adding(3, note="broken"), adding(4)),
            *(adding(5, note="broken"), adding(6)),
        )
        return unpack(pack(TILL, store.events_after(0, 100)))


@pytest.fixture
def book_store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with closing(open_book(tmp_path)) as store:
        yield store


@pytest.fixture
def book(book_store: SQLiteStore, feed: Sequence[CloudEvent]) -> Writer:
    """A book with four parked events, still unable to apply two of them."""
    writer = the_book(book_store)
    writer.follow(TILL, feed)
    return writer


def retrying(key: str = "") -> dict[str, Any]:
    return mending("retry_parked", OPERATOR, None, key, case_id=str(ADA))


def discarding(position: int = 3, second: Any = COLLEAGUE, by: Any = OPERATOR) -> dict[str, Any]:
    fields = {
        "case_id": str(ADA),
        "origin": TILL,
        "position": position,
        "reason": "sent by mistake",
    }
    return mending("discard_parked", by, second, **fields)


def waiting(store: SQLiteStore) -> list[tuple[int, int]]:
    """Position and attempts of what is parked."""
    return [(each.cloud_event.at, each.attempts) for each in parked_events(store)]


def written(store: SQLiteStore) -> list[int]:
    states = [state for topic, state in told(store) if topic == "book.LineWritten"]
    return [msgspec.json.decode(state)["position"] for state in states]


def mended_but_for(position: int) -> Any:
    """A release that has learnt everything but one event, and fails only after it wrote."""

    def when(work: UnitOfWork, fact: CoinsAdded) -> None:
        mended = fact.received.at != position
        (when_mended if mended else when_coins_added)(work, fact)

    return when


class TestRetry:
    def test_applies_all_in_order_and_then_the_case_is_parked_no_longer(
        self, book: Writer, book_store: SQLiteStore
    ) -> None:
        assert answer(the_book(book_store, when_mended), retrying()).kind == "recorded"

        assert waiting(book_store) == []
        assert book_store.documents(CASE) == []
        assert written(book_store) == [2, 3, 4, 5, 6]

    def test_is_one_transaction(self, book: Writer, book_store: SQLiteStore) -> None:
        head = book_store.head().position
        answer(the_book(book_store, when_mended), retrying())

        rows = book_store.events_after(head, 100)
        assert len(rows) == 4
        assert len({row.recorded_at for row in rows}) == 1

    def test_stops_at_the_first_that_still_fails_and_keeps_what_came_before_it(
        self, book: Writer, book_store: SQLiteStore
    ) -> None:
        assert answer(the_book(book_store, mended_but_for(5)), retrying()).kind == "recorded"

        assert waiting(book_store) == [(5, 1), (6, 0)]
        assert parked_events(book_store)[0].error == "LookupError: the book has no such line"
        assert written(book_store) == [2, 3, 4]
        assert lines(book_store) == {str(ADA): b"3"}

    def test_loses_nothing_where_what_could_be_applied_cannot_be_applied_again(
        self, book: Writer, book_store: SQLiteStore
    ) -> None:
        before, attempts = told(book_store), 0

        def fickle(work: UnitOfWork, fact: CoinsAdded) -> None:
            nonlocal attempts
            attempts += fact.received.at == 3
            (mended_but_for(5) if attempts % 2 else when_coins_added)(work, fact)

        [answered] = the_book(book_store, fickle).answer([retrying()])

        assert isinstance(answered, AppliedOnce)
        assert isinstance(answered.__cause__, LookupError)
        assert waiting(book_store) == [(3, 1), (4, 0), (5, 0), (6, 0)]
        assert told(book_store) == before

    def test_counts_the_attempts_and_leaves_nothing_of_a_failed_one(
        self, book: Writer, book_store: SQLiteStore
    ) -> None:
        before = told(book_store)

        for _ in range(3):
            assert answer(book, retrying()).kind == "recorded"

        assert waiting(book_store) == [(3, 4), (4, 0), (5, 0), (6, 0)]
        assert told(book_store) == before
        assert lines(book_store) == {str(ADA): b"1"}

    def test_lets_later_events_flow_again(
        self, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        answer(the_book(book_store, when_mended), retrying())

        book.follow(TILL, [msgspec.structs.replace(feed[1], position="7")])

        assert written(book_store) == [2, 3, 4, 5, 6, 7]

    def test_is_done_once_however_often_it_is_sent(
        self, book: Writer, book_store: SQLiteStore
    ) -> None:
        first = answer(the_book(book_store, when_mended), retrying(key="r"))

        assert answer(the_book(book_store, when_mended), retrying(key="r")) == first
        assert written(book_store) == [2, 3, 4, 5, 6]

    def test_among_other_commands_hits_none_of_them(
        self, book: Writer, book_store: SQLiteStore
    ) -> None:
        mended = the_book(book_store, when_mended)

        kinds = [each.kind for each in answers(mended, writing(), retrying(), writing())]

        assert kinds == ["not_yet", "recorded", "recorded"]

    def test_parks_nothing_and_counts_nothing_where_the_database_is_away(
        self, book: Writer, book_store: SQLiteStore
    ) -> None:
        def away(work: UnitOfWork, fact: Any) -> None:
            raise Unreachable("no connection")

        [answered] = the_book(book_store, away).answer([retrying()])

        assert isinstance(answered, Unreachable)
        assert waiting(book_store)[0] == (3, 1)

    def test_records_what_policies_refuse_without_being_refused_itself(
        self, book: Writer, book_store: SQLiteStore
    ) -> None:
        def refusing(work: UnitOfWork, fact: CoinsAdded) -> None:
            page = work.get(Page, Page.create_id(fact.about))
            page.refuse("no_room")
            work.keep(page)

        assert answer(the_book(book_store, refusing), retrying()).kind == "recorded"
        assert [topic for topic, _ in told(book_store)].count("book.LineRefused") == 4

    def test_of_a_case_that_is_not_parked_is_invalid(self, book: Writer) -> None:
        other = mending("retry_parked", case_id=str(Purse.create_id("bea")))

        answered = answer(book, other)

        assert answered.kind == "invalid"
        assert answered.errors == {"payload.case_id": ["expected a case with parked events"]}

    def test_is_for_operators(self, book: Writer, book_store: SQLiteStore) -> None:
        refused = answer(book, mending("retry_parked", CASHIER, case_id=str(ADA)))

        assert (refused.kind, refused.reason) == ("refused", "role_not_entitled")
        assert len(waiting(book_store)) == 4


class TestDiscard:
    @pytest.fixture(autouse=True)
    def may_be_discarded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        topics = frozenset({"till.CoinsAdded"})
        monkeypatch.setattr(operators_commands, "MAY_BE_DISCARDED", topics)

    def test_is_recorded_with_both_persons_the_reason_and_what_it_was(
        self, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        discarded = answer(book, discarding())

        assert discarded.kind == "recorded"
        [row] = book_store.events_after(discarded.position - 1, 1)
        assert row.topic == "book.ParkedEventDiscarded"
        assert msgspec.json.decode(row.state) == {
            "case_id": str(ADA),
            "origin": TILL,
            "position": 3,
            "event_id": str(feed[2].id),
            "event_topic": "till.CoinsAdded",
            "reason": "sent by mistake",
            "discarded_by": OPERATOR.id,
            "seconded_by": COLLEAGUE.id,
        }
        assert f'"caseid":"{ADA}"'.encode() in row.metadata

    def test_leaves_the_later_events_parked_until_they_are_retried(
        self, book: Writer, book_store: SQLiteStore
    ) -> None:
        answer(book, discarding())
        assert waiting(book_store) == [(4, 0), (5, 0), (6, 0)]

        answer(book, retrying())
        assert waiting(book_store) == [(5, 1), (6, 0)]
        answer(book, discarding(5))
        answer(book, retrying())

        assert waiting(book_store) == []
        assert written(book_store) == [2, 4, 6]

    def test_of_the_last_parked_event_ends_the_parking(
        self, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        book = the_book(book_store)
        book.follow(TILL, feed[:3])

        answer(book, discarding())

        assert book_store.documents(CASE) == []
        assert answer(book, writing()).kind == "recorded"

    @pytest.mark.parametrize("second", [None, OPERATOR], ids=["nobody", "the same person"])
    def test_needs_a_second_person(
        self, book: Writer, book_store: SQLiteStore, second: Any
    ) -> None:
        _assert_refused(book, book_store, discarding(second=second), "second_person_missing")

    def test_needs_a_second_person_who_is_an_operator(
        self, book: Writer, book_store: SQLiteStore
    ) -> None:
        refused = discarding(second=CASHIER)
        _assert_refused(book, book_store, refused, "second_actor_not_entitled")

    @pytest.mark.parametrize("scripted", ["by", "second"])
    def test_is_not_for_programs(
        self, book: Writer, book_store: SQLiteStore, scripted: str
    ) -> None:
        program = Actor("P-1", "operator", scripted=True)
        persons = {"by": OPERATOR, "second": COLLEAGUE, scripted: program}
        _assert_refused(book, book_store, discarding(**persons), "scripted_actor")

    def test_takes_the_first_parked_event_only(self, book: Writer, book_store: SQLiteStore) -> None:
        answered = answer(book, discarding(4))

        expected = f"expected the first parked event of the case: {TILL}/3"
        assert answered.errors == {"payload.position": [expected]}
        assert len(waiting(book_store)) == 4

    def test_needs_a_reason(self, book: Writer, book_store: SQLiteStore) -> None:
        message = discarding()
        message["payload"]["reason"] = ""

        assert answer(book, message).errors == {"payload.reason": ["expected 1 to 4000 characters"]}


def test_what_is_not_in_the_closed_list_is_never_discarded_and_the_attempt_is_on_record(
    book: Writer, book_store: SQLiteStore
) -> None:
    _assert_refused(book, book_store, discarding(), "never_discarded")


def test_no_decision_and_no_payment_is_in_the_closed_list() -> None:
    for topic in operators_commands.MAY_BE_DISCARDED:
        assert not _decides_or_pays(FACTS[topic]), topic


def test_the_test_above_knows_decisions_and_payments() -> None:
    for topic in (
        *("eligibility.FoundEligible", "eligibility.FoundIneligible"),
        *("budgeting.GrantApproved", "budgeting.ApplicationRejected", "budgeting.FundsCommitted"),
        *("budgeting.DecisionBecameFinal", "budgeting.FundsEarmarked"),
        *("disbursement.PaymentOrdered", "disbursement.PaymentExecuted"),
    ):
        assert _decides_or_pays(FACTS[topic]), topic


def test_a_read_model_may_be_replayed_and_nothing_of_it_discarded() -> None:
    read_model = Operators(EveryEvent(["till"], when_coins_added), StandingAggregates("book"))

    assert set(read_model.of_a_read_model) == {"retry_parked", "replay_feeds"}
    assert set(read_model.of_a_decider) == {"retry_parked", "discard_parked"}


def _decides_or_pays(fact: type[Fact]) -> bool:
    fields = {field.name for field in msgspec.structs.fields(fact)}
    signs = {"decided_by", "signed_by", "amount_cents", "tranches", "outcome", "order_id", "rule"}
    return bool(fields & signs)


def _assert_refused(
    book: Writer, store: SQLiteStore, message: dict[str, Any], reason: str
) -> Answer:
    before = waiting(store)
    refused = answer(book, message)
    assert (refused.kind, refused.reason) == ("refused", reason)
    assert waiting(store) == before
    [row] = store.events_after(refused.position - 1, 1)
    assert row.topic == "book.AccessRefused"
    return refused
