"""A follower applies each event of its upstream once and in order, or stops and says why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from bus.till import (
    TILL,
    Page,
    adding,
    answers,
    closing,
    in_memory,
    open_book,
    opening,
    the_book,
    the_till,
    told,
)
from grant_bus.feed import Announcement, pack, unpack
from grant_bus.follower import Follower, UpstreamChanged
from grant_contracts.envelope import CloudEvent
from grant_store.errors import OutcomeUnknown, TrackingConflict, Unreachable
from grant_store.rows import Append, Appended
from grant_store.sqlite import SQLiteStore


class Asked:
    """Writes down what the follower asks for."""

    def __init__(self) -> None:
        self.positions: list[int] = []

    def ask_resend(self, upstream: str, follower: str, after_position: int) -> None:
        assert (upstream, follower) == (TILL, "book")
        self.positions.append(after_position)


@pytest.fixture(scope="module")
def feed() -> Sequence[CloudEvent]:
    """Ten events of the till: an opening and nine additions."""
    store = in_memory("till")
    with closing(store):
        answers(the_till(store), opening(), *(adding(coins) for coins in range(1, 10)))
        return unpack(pack(TILL, store.events_after(0, 100)))


@pytest.fixture
def book_store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with closing(open_book(tmp_path)) as store:
        yield store


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def follower(book_store: SQLiteStore, asked: Asked) -> Follower:
    return Follower(TILL, the_book(book_store), asked)


def at(feed: Sequence[CloudEvent], *positions: int) -> list[CloudEvent]:
    return [feed[position - 1] for position in positions]


def head(event: CloudEvent) -> Announcement:
    return Announcement(event.origin, event.at, event.leafhash)


def written(store: SQLiteStore) -> list[int]:
    """The positions of the till that stand in the book, in the order in which they were written."""
    return [
        msgspec.json.decode(state)["position"]
        for topic, state in told(store)
        if topic == "book.LineWritten"
    ]


def test_events_are_applied_in_one_transaction_with_the_position(
    follower: Follower, feed: Sequence[CloudEvent], book_store: SQLiteStore
) -> None:
    assert follower.receive(feed) == 10

    assert written(book_store) == list(range(2, 11))
    assert len({row.recorded_at for row in book_store.events_after(0, 100)}) == 1
    tracked = book_store.tracked(TILL)
    assert (tracked.position, tracked.leaf_hash.hex()) == (10, feed[9].leafhash)


def take_back_the_tracking(store: SQLiteStore) -> None:
    """As a power cut does with what need not last: it was committed, and not yet on the disk."""
    with store._file.writing() as cursor:
        cursor.execute("DELETE FROM work_tracking")


def test_what_a_power_cut_took_back_is_noticed_at_the_next_event_and_followed_again(
    follower: Follower, feed: Sequence[CloudEvent], book_store: SQLiteStore, asked: Asked
) -> None:
    follower.receive(at(feed, 1))
    take_back_the_tracking(book_store)

    follower.receive(feed[:4])

    assert (follower.position, asked.positions) == (4, [])
    follower.receive(feed)
    assert written(book_store) == list(range(2, 11))


def test_what_a_power_cut_took_back_is_noticed_by_the_head_although_nothing_new_happens(
    follower: Follower, feed: Sequence[CloudEvent], book_store: SQLiteStore, asked: Asked
) -> None:
    follower.receive(at(feed, 1))
    take_back_the_tracking(book_store)

    follower.hear(head(feed[0]))

    assert asked.positions == [0]


def test_types_nobody_asked_for_move_the_position_and_nothing_else(
    follower: Follower, feed: Sequence[CloudEvent], book_store: SQLiteStore
) -> None:
    assert follower.receive(at(feed, 1)) == 1

    assert follower.position == 1
    assert book_store.head().position == 0


def test_what_comes_twice_is_applied_once(
    follower: Follower, feed: Sequence[CloudEvent], book_store: SQLiteStore, asked: Asked
) -> None:
    counts = [follower.receive(feed[:5]), follower.receive(feed[:5]), follower.receive(feed[2:7])]

    assert counts == [5, 0, 2]
    assert written(book_store) == list(range(2, 8))
    assert asked.positions == []


@pytest.mark.parametrize(
    ("delivery", "applied", "asks"),
    [
        ([5, 2, 3], 0, [0]),
        ([1, 3, 3, 4], 1, [1]),
        ([1, 1, 2], 2, []),
        ([3, 2, 1], 3, []),
        ([2, 1, 2, 4], 2, [2]),
        ([10], 0, [0]),
        ([], 0, []),
    ],
)
def test_nothing_is_applied_beyond_a_gap(
    follower: Follower,
    feed: Sequence[CloudEvent],
    book_store: SQLiteStore,
    asked: Asked,
    delivery: list[int],
    applied: int,
    asks: list[int],
) -> None:
    assert follower.receive(at(feed, *delivery)) == applied

    assert written(book_store) == list(range(2, applied + 1))
    assert asked.positions == asks


def test_a_gap_is_asked_for_once_however_much_comes_behind_it(
    follower: Follower, feed: Sequence[CloudEvent], asked: Asked
) -> None:
    for position in range(2, 11):
        follower.receive(at(feed, position))

    assert asked.positions == [0]


def test_a_head_further_on_is_asked_for_and_again_if_no_answer_comes(
    follower: Follower, feed: Sequence[CloudEvent], asked: Asked
) -> None:
    follower.receive(feed[:3])

    for _ in range(5):
        follower.hear(head(feed[9]))

    assert asked.positions == [3, 3, 3]


def test_a_head_that_was_followed_is_quiet(
    follower: Follower, feed: Sequence[CloudEvent], asked: Asked
) -> None:
    follower.receive(feed)

    follower.hear(head(feed[9]))

    assert asked.positions == []


def test_an_empty_upstream_is_quiet(follower: Follower, asked: Asked) -> None:
    follower.hear(Announcement(TILL, 0, ""))

    assert asked.positions == []


def answer(event: CloudEvent, asked_by: str = "book", asked_after: int = 10) -> Announcement:
    """The head as it is told to a follower that has asked for what comes after a position."""
    return Announcement(event.origin, event.at, event.leafhash, asked_by, asked_after)


def test_a_head_behind_us_may_be_old_and_makes_us_ask(
    follower: Follower, feed: Sequence[CloudEvent], asked: Asked
) -> None:
    follower.receive(feed)

    for _ in range(5):
        follower.hear(head(feed[8]))

    assert asked.positions == [10, 10, 10]


def test_a_head_behind_us_in_answer_means_that_the_upstream_was_restored(
    follower: Follower, feed: Sequence[CloudEvent]
) -> None:
    follower.receive(feed)

    with pytest.raises(UpstreamChanged, match="announces its head at 9"):
        follower.hear(answer(feed[8]))


def test_an_answer_that_comes_late_proves_the_same(
    follower: Follower, feed: Sequence[CloudEvent]
) -> None:
    follower.receive(feed)

    with pytest.raises(UpstreamChanged, match="announces its head at 5"):
        follower.hear(answer(feed[4], asked_after=7))


@pytest.mark.parametrize(("asked_by", "asked_after"), [("page", 10), ("book", 4), ("book", 3)])
def test_an_answer_to_somebody_else_or_to_an_older_question_proves_nothing(
    follower: Follower, feed: Sequence[CloudEvent], asked: Asked, asked_by: str, asked_after: int
) -> None:
    follower.receive(feed)

    follower.hear(answer(feed[3], asked_by, asked_after))

    assert asked.positions == [10]


def test_another_leaf_at_the_head_means_that_the_upstream_was_restored(
    follower: Follower, feed: Sequence[CloudEvent]
) -> None:
    follower.receive(feed)

    with pytest.raises(UpstreamChanged, match="another event at 10"):
        follower.hear(Announcement(TILL, 10, "00" * 32))


def test_another_event_at_the_followed_position_is_refused_and_nothing_after_it_applied(
    follower: Follower, feed: Sequence[CloudEvent], book_store: SQLiteStore
) -> None:
    follower.receive(feed[:5])
    other = msgspec.structs.replace(feed[4], leafhash="00" * 32)

    with pytest.raises(UpstreamChanged, match="another event at 5"):
        follower.receive([other, *feed[5:]])

    assert book_store.tracked(TILL).position == 5


def test_two_different_events_at_one_position_are_refused(
    follower: Follower, feed: Sequence[CloudEvent], book_store: SQLiteStore
) -> None:
    other = msgspec.structs.replace(feed[1], id=feed[0].id)

    with pytest.raises(UpstreamChanged, match="two events at 2"):
        follower.receive([*feed[:2], other])

    assert book_store.tracked(TILL).position == 0


def test_events_of_another_origin_are_refused(
    follower: Follower, feed: Sequence[CloudEvent], book_store: SQLiteStore
) -> None:
    foreign = msgspec.structs.replace(feed[1], source="/pruefpfad/till/second")

    with pytest.raises(UpstreamChanged, match="follows till/main, not till/second"):
        follower.receive([feed[0], foreign])

    assert book_store.tracked(TILL).position == 0


def test_a_higher_version_of_a_type_nobody_asked_for_is_ignored(
    follower: Follower, feed: Sequence[CloudEvent]
) -> None:
    newer = msgspec.structs.replace(feed[0], schemaversion="2")

    assert follower.receive([newer]) == 1


def test_a_replica_that_takes_over_goes_on_where_the_other_stopped(
    follower: Follower, feed: Sequence[CloudEvent], tmp_path: Path, asked: Asked
) -> None:
    with closing(open_book(tmp_path)) as same_file:
        standby = Follower(TILL, the_book(same_file), asked)
        follower.receive(feed[:6])

        assert standby.receive(feed) == 4
        assert follower.receive(feed) == 0
        assert written(same_file) == list(range(2, 11))


def test_a_read_model_that_starts_over_is_followed_from_the_beginning(
    follower: Follower, feed: Sequence[CloudEvent], book_store: SQLiteStore, asked: Asked
) -> None:
    follower.receive(feed[:6])
    book_store.append(Append(start_over=[TILL]))

    follower.hear(head(feed[5]))
    assert asked.positions == [0], "the head that was followed is no longer"
    assert follower.receive(feed) == 10


def test_events_that_come_while_a_read_model_starts_over_are_not_applied_beyond_the_gap(
    follower: Follower, feed: Sequence[CloudEvent], book_store: SQLiteStore, asked: Asked
) -> None:
    follower.receive(feed[:6])
    book_store.append(Append(start_over=[TILL]))

    assert follower.receive(feed[5:]) == 0

    assert (asked.positions, book_store.tracked(TILL).position) == ([0], 0)


def test_events_that_may_be_of_another_history_are_asked_for_and_not_applied(
    follower: Follower, feed: Sequence[CloudEvent], asked: Asked
) -> None:
    """The message that had shown it is gone, with the process that stopped at it: what comes next
    follows our position, and says nothing of the event there."""
    follower.receive(feed[:5])

    assert follower.receive(feed[5:8]) == 0

    assert (follower.position, asked.positions) == (5, [5])
    other = msgspec.structs.replace(feed[4], leafhash="00" * 32)
    with pytest.raises(UpstreamChanged):
        follower.receive([other, *feed[5:8]])
    assert follower.receive(feed[4:8]) == 3


def test_a_replica_that_was_overtaken_notices_another_history(
    follower: Follower, feed: Sequence[CloudEvent], tmp_path: Path, asked: Asked
) -> None:
    with closing(open_book(tmp_path)) as same_file:
        standby = Follower(TILL, the_book(same_file), asked)
        follower.receive(feed[:6])
        other = msgspec.structs.replace(feed[5], leafhash="00" * 32)

        with pytest.raises(UpstreamChanged):
            standby.receive([*feed[:5], other])


class Flaky(SQLiteStore):
    """A store whose connection breaks: before an append, or after it was recorded."""

    breaks: str = ""

    def append(self, append: Append) -> Appended:
        if self.breaks == "before":
            raise Unreachable("no connection")
        appended = super().append(append)
        if self.breaks == "after":
            raise OutcomeUnknown("no answer")
        return appended

    def document(self, kind: str, key: str) -> bytes | None:
        if self.breaks == "reading":
            raise Unreachable("no connection")
        return super().document(kind, key)


@pytest.mark.parametrize(("breaks", "kept"), [("before", 0), ("after", 10), ("reading", 0)])
def test_a_lost_database_is_no_fault_of_the_event_and_the_same_events_may_come_again(
    tmp_path: Path, feed: Sequence[CloudEvent], asked: Asked, breaks: str, kept: int
) -> None:
    with closing(open_book(tmp_path)), closing(Flaky(tmp_path / "book.sqlite3", "book")) as store:
        assert isinstance(store, Flaky)
        follower = Follower(TILL, the_book(store), asked)
        store.breaks = breaks
        with pytest.raises((Unreachable, OutcomeUnknown)):
            follower.receive(feed)
        store.breaks = ""

        assert store.tracked(TILL).position == kept
        assert follower.receive(feed) == 10 - kept
        assert written(store) == list(range(2, 11))


def test_the_writer_says_so_when_these_events_were_followed_already(
    follower: Follower, feed: Sequence[CloudEvent], book_store: SQLiteStore
) -> None:
    follower.receive(feed)

    with pytest.raises(TrackingConflict):
        the_book(book_store).follow(TILL, feed[:5])

    assert written(book_store) == list(range(2, 11))


def test_what_follows_from_a_fact_names_its_cause(
    follower: Follower, feed: Sequence[CloudEvent], book_store: SQLiteStore
) -> None:
    follower.receive(feed[:2])

    [begun, _] = book_store.events_after(0, 10)
    attributes = msgspec.json.decode(begun.metadata)
    assert attributes["actorid"] == "system:book"
    assert attributes["causationid"] == "event:till/main/2"
    assert attributes["correlationid"] == feed[1].correlationid
    assert begun.originator_id == Page.create_id(feed[1].caseid or feed[1].id)
