"""What cannot be applied waits with its case for an operator, and everything else goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from bus.till import (
    COLLEAGUE,
    NOW,
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
    when_mended,
    writing,
)
from grant_bus import writer as writing_module
from grant_bus.feed import message_of, pack, unpack
from grant_bus.parked import CASE, parked_events
from grant_bus.writer import CannotApply, Writer
from grant_contracts.envelope import CloudEvent
from grant_store.catalogue import UnknownTopic
from grant_store.errors import AppendConflict, HeadMoved, OutcomeUnknown, StoreError, Unreachable
from grant_store.rows import Append, Appended, NewEvent
from grant_store.sqlite import SQLiteStore
from grant_store.work import Reading, UnitOfWork

VAULT = "vault/main"
ADA, BEA = Purse.create_id("ada"), Purse.create_id("bea")


@pytest.fixture(scope="module")
def feed() -> Sequence[CloudEvent]:
    """1, 2: purses opened; 3 ada, 4 ada (broken), 5 bea, 6 ada, 7 bea: coins added."""
    store = in_memory("till")
    with closing(store):
        answers(
            the_till(store),
            *(opening(), opening("bea"), adding(3), adding(4, note="broken"), adding(5, "bea")),
            *(adding(6), adding(7, "bea")),
        )
        return unpack(pack(TILL, store.events_after(0, 100)))


@pytest.fixture
def book_store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with closing(open_book(tmp_path)) as store:
        yield store


@pytest.fixture
def book(book_store: SQLiteStore) -> Writer:
    return the_book(book_store)


def written(store: SQLiteStore, case_id: UUID | None = None) -> list[int]:
    """The positions that stand in the book, of one case or of all, in the order of writing."""
    page = Page.create_id(case_id) if case_id else None
    return [
        msgspec.json.decode(row.state)["position"]
        for row in store.events_after(0, 1_000)
        if row.topic == "book.LineWritten" and page in (None, row.originator_id)
    ]


def waiting(store: SQLiteStore) -> list[tuple[str, int]]:
    parked = [each.cloud_event for each in parked_events(store)]
    return [(event.origin, event.at) for event in parked]


def of_the_vault(event: CloudEvent, position: int) -> CloudEvent:
    return msgspec.structs.replace(
        event,
        source=f"/pruefpfad/{VAULT}",
        type="pruefpfad.vault.CoinsAdded",
        position=str(position),
    )


def with_data(event: CloudEvent, **data: Any) -> CloudEvent:
    return msgspec.structs.replace(event, data=msgspec.Raw(msgspec.json.encode(data)))


class TestWhatIsParked:
    def test_a_failed_event_waits_with_the_later_ones_of_its_case_and_the_others_go_on(
        self, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        book.follow(TILL, feed)

        assert waiting(book_store) == [(TILL, 4), (TILL, 6)]
        assert written(book_store) == [3, 5, 7]
        assert book_store.tracked(TILL).position == 7

    def test_the_event_that_failed_leaves_nothing_else_behind(
        self, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        book.follow(TILL, feed)

        assert lines(book_store) == {str(ADA): b"1", str(BEA): b"2"}

    def test_it_is_kept_whole_with_the_error_the_instant_and_the_attempt(
        self, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        book.follow(TILL, feed)

        failed, behind = parked_events(book_store)
        assert bytes(failed.event) == message_of(feed[3])
        assert failed.cloud_event.leafhash == feed[3].leafhash
        assert failed.error == "LookupError: the book has no such line"
        assert (failed.parked_at, failed.attempts) == (NOW, 1)
        assert bytes(behind.event) == message_of(feed[5])
        assert (behind.error, behind.attempts) == ("", 0)

    def test_events_that_come_in_later_deliveries_wait_too(
        self, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        for event in feed:
            book.follow(TILL, [event])

        assert waiting(book_store) == [(TILL, 4), (TILL, 6)]
        assert written(book_store) == [3, 5, 7]

    def test_events_of_the_case_from_another_upstream_wait_in_the_order_of_their_coming(
        self, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        book.follow(TILL, feed[:4])
        book.follow(VAULT, [of_the_vault(feed[2], 1), of_the_vault(feed[4], 2)])
        book.follow(TILL, feed[4:])

        assert waiting(book_store) == [(TILL, 4), (VAULT, 1), (TILL, 6)]
        assert book_store.tracked(VAULT).position == 2

    def test_a_higher_version_than_is_known_waits(
        self, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        newer = msgspec.structs.replace(feed[2], schemaversion="2")

        book.follow(TILL, [*feed[:2], newer])

        [parked] = parked_events(book_store)
        assert parked.error == "ValueError: till.CoinsAdded has version 2; 1 is known."

    @pytest.mark.parametrize("data", [b'{"coins":"five","note":""}', b"{}", b"[]", b"null"])
    def test_a_fact_that_breaks_its_contract_waits(
        self, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent], data: bytes
    ) -> None:
        broken = msgspec.structs.replace(feed[2], data=msgspec.Raw(data))

        book.follow(TILL, [*feed[:2], broken])

        [parked] = parked_events(book_store)
        assert parked.error.startswith("ValidationError: ")
        assert bytes(parked.cloud_event.data) == data

    def test_types_that_nobody_asked_for_do_not_wait_even_in_a_parked_case(
        self, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        book.follow(TILL, feed[:4])
        book.follow(TILL, [msgspec.structs.replace(feed[0], position="5")])

        assert waiting(book_store) == [(TILL, 4)]
        assert book_store.tracked(TILL).position == 5

    def test_an_aggregate_that_cannot_be_read_parks_its_case(
        self, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        def when(work: UnitOfWork, fact: Any) -> None:
            raise UnknownTopic("book.PageTorn at position 1 is not in the catalogue.")

        the_book(book_store, when).follow(TILL, feed[:3])

        assert waiting(book_store) == [(TILL, 3)]

    def test_an_aggregate_that_cannot_be_read_is_the_trouble_of_its_case_alone(
        self, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        torn = NewEvent(uuid4(), ADA, 1, "book.PageTorn", 1, b"{}", b"{}")
        book_store.append(Append(events=[torn]))

        def when(work: UnitOfWork, fact: Any) -> None:
            work.find(Page, fact.about)

        the_book(book_store, when).follow(TILL, feed)

        assert waiting(book_store) == [(TILL, 3), (TILL, 4), (TILL, 6)]
        assert book_store.tracked(TILL).position == 7

    def test_an_event_that_nobody_can_read_ahead_for_is_the_trouble_of_its_case_alone(
        self, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        def reading(fact: CoinsAdded) -> Reading:
            if fact.note == "broken":
                raise LookupError("no such line to read ahead")
            return Reading()

        book = the_book(book_store, reads={CoinsAdded: reading})

        book.follow(TILL, feed)

        assert waiting(book_store) == [(TILL, 4), (TILL, 6)]
        assert written(book_store) == [3, 5, 7]


class TestWhatStopsTheFeed:
    def test_an_event_without_a_case_stops_it_after_what_came_before(
        self, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        nobodys = msgspec.structs.replace(feed[3], caseid=None)

        for _ in range(2):
            position = book_store.tracked(TILL).position
            with pytest.raises(CannotApply, match=r"till\.CoinsAdded at till/main/4"):
                book.follow(TILL, [*feed[position:3], nobodys, *feed[4:]])

        assert book_store.tracked(TILL).position == 3
        assert waiting(book_store) == []
        assert written(book_store) == [3]

    def test_too_many_parked_cases_stop_it_because_then_it_is_not_the_events(
        self,
        book: Writer,
        book_store: SQLiteStore,
        feed: Sequence[CloudEvent],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(writing_module, "MOST_PARKED_CASES", 1)
        book.follow(TILL, feed[:4])
        broken = with_data(feed[4], coins=5, note="broken")

        with pytest.raises(CannotApply, match="1 cases are parked"):
            book.follow(TILL, [broken, *feed[5:]])

        assert book_store.tracked(TILL).position == 4
        book.follow(TILL, [feed[4], feed[5]])
        assert waiting(book_store) == [(TILL, 4), (TILL, 6)], "behind a parked one is still room"


class Troubled(SQLiteStore):
    """A store that fails in one of the ways in which machines fail."""

    trouble: Exception | None = None
    reading_trouble: Exception | None = None
    after: bool = False

    def append(self, append: Append) -> Appended:
        if self.trouble and not self.after:
            raise self.trouble
        appended = super().append(append)
        if self.trouble:
            raise self.trouble
        return appended

    def document(self, kind: str, key: str) -> bytes | None:
        if self.reading_trouble and kind == "lines":
            raise self.reading_trouble
        return super().document(kind, key)


@pytest.fixture
def troubled(tmp_path: Path, book_store: SQLiteStore) -> Iterator[Troubled]:
    with closing(Troubled(tmp_path / "book.sqlite3", "book")) as store:
        assert isinstance(store, Troubled)
        yield store


class TestAgainLater:
    """The machine fails, not the event: nothing is parked, and the same events come again."""

    @pytest.mark.parametrize(
        "trouble",
        [Unreachable("no connection"), StoreError("no room left"), HeadMoved("overtaken")],
        ids=lambda trouble: type(trouble).__name__,
    )
    def test_a_store_that_takes_nothing_parks_nothing(
        self, troubled: Troubled, feed: Sequence[CloudEvent], trouble: Exception
    ) -> None:
        book = the_book(troubled)
        troubled.trouble = trouble

        with pytest.raises(type(trouble)):
            book.follow(TILL, feed)

        troubled.trouble = None
        assert (troubled.tracked(TILL).position, waiting(troubled)) == (0, [])
        book.follow(TILL, feed)
        assert waiting(troubled) == [(TILL, 4), (TILL, 6)]

    @pytest.mark.parametrize(
        "trouble",
        [Unreachable("no connection"), StoreError("the disk cannot be read"), MemoryError()],
        ids=lambda trouble: type(trouble).__name__,
    )
    def test_a_store_that_cannot_be_read_while_deciding_parks_nothing(
        self, troubled: Troubled, feed: Sequence[CloudEvent], trouble: Exception
    ) -> None:
        troubled.reading_trouble = trouble

        with pytest.raises(type(trouble)):
            the_book(troubled).follow(TILL, feed)

        assert (troubled.tracked(TILL).position, waiting(troubled)) == (0, [])

    def test_whoever_is_overtaken_again_and_again_gives_up_for_now_and_parks_nothing(
        self, troubled: Troubled, feed: Sequence[CloudEvent]
    ) -> None:
        troubled.trouble = HeadMoved("another process is quicker")

        with pytest.raises(AppendConflict):
            the_book(troubled).follow(TILL, feed[:3])

        assert waiting(troubled) == []


class TestUnknown:
    def test_whether_it_was_recorded_is_settled_by_the_store(
        self, troubled: Troubled, feed: Sequence[CloudEvent]
    ) -> None:
        book = the_book(troubled)
        book.follow(TILL, feed[:3])
        troubled.trouble, troubled.after = OutcomeUnknown("no answer"), True
        with pytest.raises(OutcomeUnknown):
            book.follow(TILL, [feed[3]])
        troubled.trouble = None

        followed = troubled.tracked(TILL).position
        book.follow(TILL, feed[followed:])

        assert waiting(troubled) == [(TILL, 4), (TILL, 6)]
        assert written(troubled) == [3, 5, 7]


class TestCommands:
    def test_a_command_on_a_parked_case_is_not_yet_and_one_on_another_goes_through(
        self, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        book.follow(TILL, feed)

        on_ada, on_bea = answers(book, writing("ada", key="k"), writing("bea"))

        assert (on_ada.kind, on_ada.code) == ("not_yet", "parked")
        assert f"Case {ADA} is parked here" in on_ada.reason
        assert on_bea.kind == "recorded"

    def test_its_key_may_be_sent_again_when_the_case_is_mended(
        self, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        book.follow(TILL, feed)
        assert answer(book, writing("ada", key="k")).kind == "not_yet"
        mended = the_book(book_store, when_mended)
        assert answer(mended, mending("retry_parked", case_id=str(ADA))).kind == "recorded"

        assert answer(book, writing("ada", key="k")).kind == "recorded"

    def test_what_was_recorded_before_the_parking_is_still_answered_so(
        self, book: Writer, feed: Sequence[CloudEvent]
    ) -> None:
        book.follow(TILL, feed[:3])
        before = answer(book, writing("ada", key="k"))
        book.follow(TILL, feed[3:])

        assert answer(book, writing("ada", key="k")) == before

    def test_a_case_of_which_nothing_is_known_but_what_waits_is_not_yet(
        self, book: Writer, feed: Sequence[CloudEvent]
    ) -> None:
        broken = with_data(feed[2], coins=3, note="broken")
        book.follow(TILL, [*feed[:2], broken])

        assert answer(book, writing("ada")).kind == "not_yet"


class TestSeveralProcesses:
    @pytest.fixture
    def other(self, tmp_path: Path, book: Writer) -> Iterator[Writer]:
        with closing(open_book(tmp_path)) as store:
            yield the_book(store)

    def test_a_restarted_process_knows_what_is_parked(
        self, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        book.follow(TILL, feed[:4])

        the_book(book_store).follow(TILL, feed[4:])

        assert waiting(book_store) == [(TILL, 4), (TILL, 6)]

    def test_a_process_learns_what_another_one_has_parked_and_what_it_has_retried(
        self, book: Writer, other: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        book.follow(TILL, feed[:3])
        assert answer(other, writing("ada")).kind == "recorded"

        book.follow(TILL, [feed[3]])
        assert answer(other, writing("ada")).kind == "not_yet"

        mended = the_book(other.store, when_mended)
        assert answer(mended, mending("retry_parked", case_id=str(ADA))).kind == "recorded"
        book.follow(TILL, feed[4:])
        assert waiting(book_store) == []
        assert written(book_store, ADA) == [3, 0, 4, 6]

    def test_an_event_that_comes_while_another_process_retries_is_not_lost(
        self, book: Writer, tmp_path: Path, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        """The retry has read what is parked; then one more is parked; then the retry commits."""
        book.follow(TILL, feed[:5])
        with closing(Overtaken(tmp_path / "book.sqlite3", "book")) as store:
            assert isinstance(store, Overtaken)
            mended = the_book(store, when_mended)
            store.quicker = [lambda: book.follow(TILL, feed[5:])]
            assert answer(mended, mending("retry_parked", case_id=str(ADA))).kind == "recorded"

        assert waiting(book_store) == []
        assert written(book_store, ADA) == [3, 4, 6]

    def test_an_event_that_is_parked_while_the_last_one_is_discarded_is_not_lost(
        self, book: Writer, tmp_path: Path, book_store: SQLiteStore, feed: Sequence[CloudEvent]
    ) -> None:
        """Neither records an event, so that the head of the ledger tells nobody of the other."""
        book.follow(TILL, feed[:5])
        with closing(Overtaken(tmp_path / "book.sqlite3", "book")) as store:
            assert isinstance(store, Overtaken)
            ignoring = the_book(store, lambda work, fact: None)
            store.quicker = [lambda: book.follow(TILL, [feed[5]])]
            assert answer(ignoring, mending("retry_parked", case_id=str(ADA))).kind == "recorded"

        assert waiting(book_store) == []
        assert book_store.documents(CASE) == []


class Overtaken(SQLiteStore):
    """A store before whose next append something else is quicker."""

    quicker: list[Any]

    def append(self, append: Append) -> Appended:
        if self.quicker:
            self.quicker.pop(0)()
        return super().append(append)


def test_the_parked_cases_follow_the_store_after_a_conflict(
    tmp_path: Path, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
) -> None:
    """Between the failed attempt and the parking, another process has followed the same event."""
    with closing(Overtaken(tmp_path / "book.sqlite3", "book")) as store:
        assert isinstance(store, Overtaken)
        store.quicker = []
        late = the_book(store)
        late.follow(TILL, feed[:3])
        store.quicker = [lambda: book.follow(TILL, [feed[3]])]
        with pytest.raises(AppendConflict, match="already followed to 4"):
            late.follow(TILL, [feed[3]])

        late.follow(TILL, feed[4:])

    assert waiting(book_store) == [(TILL, 4), (TILL, 6)]


def test_the_end_is_that_of_an_undisturbed_run(
    tmp_path: Path, book: Writer, book_store: SQLiteStore, feed: Sequence[CloudEvent]
) -> None:
    calm = in_memory("book")
    with closing(calm):
        the_book(calm, when_mended).follow(TILL, feed)
        book.follow(TILL, feed[:4])
        for event in feed[4:]:
            book.follow(TILL, [event])
        mended = the_book(book_store, when_mended)
        assert answer(mended, mending("retry_parked", COLLEAGUE, case_id=str(ADA))).kind

        assert sorted(told(book_store)) == sorted(told(calm))
        assert lines(book_store) == lines(calm)
        for case_id in (ADA, BEA):
            assert written(book_store, case_id) == written(calm, case_id)
