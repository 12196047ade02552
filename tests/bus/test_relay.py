"""The relay publishes in order and may repeat, but never skips; what is lost is sent again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest

from bus.till import (
    CASHIER,
    CATALOGUE,
    Purse,
    adding,
    answers,
    closing,
    in_memory,
    lines,
    open_till,
    opening,
    the_book,
    the_till,
)
from grant_bus.feed import EVENTS_PER_MESSAGE, Announcement, unpack
from grant_bus.follower import Follower
from grant_bus.in_process import InProcessBus, NeverQuiet
from grant_bus.relay import EVENTS_PER_ROUND, Relay
from grant_contracts.envelope import CloudEvent
from grant_store.identity_map import IdentityMap
from grant_store.sqlite import SQLiteStore
from grant_store.work import Batch, Context


class Heard:
    """The whole bus as one listener, who can be out of reach."""

    def __init__(self) -> None:
        self.messages: list[list[int]] = []
        self.topics: list[str] = []
        self.heads: list[Announcement] = []
        self.resent: list[list[int]] = []
        self.is_away = False

    def publish(self, origin: str, bodies: Sequence[bytes]) -> None:
        for body in bodies:
            if self.is_away:
                raise ConnectionError("the broker is away")
            self.messages.append([event.at for event in unpack(body)])

    def publish_single(self, origin: str, events: Sequence[tuple[str, bytes]]) -> None:
        self.topics += [topic for topic, _ in events]

    def announce(self, announcement: Announcement) -> None:
        self.heads.append(announcement)

    def resend(self, origin: str, follower: str, bodies: Sequence[bytes]) -> None:
        self.resent += [[event.at for event in unpack(body)] for body in bodies]


def new_in(messages: Sequence[Sequence[int]]) -> list[int]:
    """The positions in messages, without the one before with which each of them begins."""
    return [at for message in messages for at in (message if message[0] == 1 else message[1:])]


@pytest.fixture
def till_store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with closing(open_till(tmp_path)) as store:
        yield store


def record(store: SQLiteStore, count: int) -> None:
    """That many openings of purses."""
    batch = Batch(IdentityMap(store, CATALOGUE), uuid4)
    work = batch.unit(Context(CASHIER, "c", "w"))
    work.keep(*(Purse(owner=f"{uuid4()}") for _ in range(count)))
    store.append(batch.as_append())


def pump_all(relay: Relay) -> int:
    return sum(iter(relay.pump, 0))


def test_everything_is_published_once_in_order_and_packed(till_store: SQLiteStore) -> None:
    heard = Heard()
    record(till_store, 1_234)

    assert pump_all(Relay(till_store, heard)) == 1_234

    assert new_in(heard.messages) == list(range(1, 1_235))
    assert max(map(len, heard.messages)) == EVENTS_PER_MESSAGE
    assert heard.topics == ["till.PurseOpened"] * 1_234
    assert till_store.relayed() == 1_234


def test_a_relay_that_starts_again_goes_on_where_it_was(till_store: SQLiteStore) -> None:
    heard = Heard()
    record(till_store, 3)
    pump_all(Relay(till_store, heard))
    record(till_store, 2)

    pump_all(Relay(till_store, heard))

    assert heard.messages == [[1, 2, 3], [3, 4, 5]]


def test_each_message_begins_with_the_event_before_so_that_its_history_can_be_told(
    till_store: SQLiteStore,
) -> None:
    heard = Heard()
    record(till_store, 120)
    relay = Relay(till_store, heard)
    pump_all(relay)
    record(till_store, 1)
    pump_all(relay)
    relay.resend("book", 40)

    for messages in (heard.messages, heard.resent):
        for earlier, later in pairwise(messages):
            assert later[0] == earlier[-1]
    assert heard.messages[-1] == [120, 121]
    assert heard.resent[0][0] == 40


def test_what_the_broker_did_not_take_is_published_again(till_store: SQLiteStore) -> None:
    heard = Heard()
    record(till_store, 3)
    relay = Relay(till_store, heard)
    heard.is_away = True
    with pytest.raises(ConnectionError):
        relay.pump()
    assert till_store.relayed() == 0
    heard.is_away = False

    assert pump_all(relay) == 3
    assert heard.messages == [[1, 2, 3]]


def test_the_head_is_announced_with_its_leaf(till_store: SQLiteStore) -> None:
    heard = Heard()
    relay = Relay(till_store, heard)
    relay.announce()
    record(till_store, 2)
    relay.announce()

    leaf = till_store.head().leaf_hash.hex()
    assert heard.heads == [Announcement("till/main", 0, ""), Announcement("till/main", 2, leaf)]


@pytest.mark.parametrize(
    ("after", "first", "last"),
    [(0, 1, EVENTS_PER_ROUND), (100, 101, 1_100), (1_100, 1_101, 1_101), (1_101, 0, 0)],
)
def test_a_resend_is_one_round_from_the_position_asked_for(
    till_store: SQLiteStore, after: int, first: int, last: int
) -> None:
    heard = Heard()
    record(till_store, 1_101)

    count = Relay(till_store, heard).resend("book", after)

    expected = list(range(first, last + 1)) if first else []
    assert (new_in(heard.resent), count) == (expected, len(expected))


def test_whoever_asks_for_what_comes_after_the_head_is_told_the_head(
    till_store: SQLiteStore,
) -> None:
    heard = Heard()
    record(till_store, 3)

    assert Relay(till_store, heard).resend("book", 5) == 0

    leaf = till_store.head().leaf_hash.hex()
    assert heard.heads == [Announcement("till/main", 3, leaf, asked_by="book", asked_after=5)]


class TestInProcess:
    """Till and book with their real relay and follower, connected by queues in memory."""

    @pytest.fixture
    def book_store(self) -> Iterator[SQLiteStore]:
        with closing(in_memory("book")) as store:
            yield store

    @pytest.fixture
    def bus(self, till_store: SQLiteStore, book_store: SQLiteStore) -> InProcessBus:
        return connected(till_store, book_store)

    @pytest.fixture
    def relay(self, bus: InProcessBus) -> Relay:
        return bus._relays["till/main"]

    def test_what_is_recorded_reaches_the_book(
        self, bus: InProcessBus, till_store: SQLiteStore, book_store: SQLiteStore
    ) -> None:
        answers(the_till(till_store), opening(), adding(5), adding(6))

        bus.settle()

        assert list(lines(book_store).values()) == [b"2"]
        assert book_store.tracked("till/main").position == 3

    @pytest.mark.parametrize("count", [1, 999, 1_000, 1_001, 3_500])
    def test_a_bus_that_was_wiped_heals_however_far_behind_the_book_is(
        self,
        bus: InProcessBus,
        relay: Relay,
        till_store: SQLiteStore,
        book_store: SQLiteStore,
        count: int,
    ) -> None:
        record(till_store, count)
        pump_all(relay)
        bus.wipe()

        bus.settle()

        assert book_store.tracked("till/main").position == count

    def test_a_wipe_in_the_middle_of_the_healing_heals_too(
        self, bus: InProcessBus, relay: Relay, till_store: SQLiteStore, book_store: SQLiteStore
    ) -> None:
        record(till_store, 2_500)
        pump_all(relay)
        bus.wipe()
        bus.announce_heads()
        assert bus.turn() > 0
        bus.wipe()
        # The book has asked once and the answer is lost: it must not wait for it for ever.
        bus._followers["till/main"][0].hear(Announcement("till/main", 2_500, ""))
        bus.wipe()

        bus.settle()

        assert book_store.tracked("till/main").position == 2_500

    def test_a_gap_with_a_long_tail_behind_it_is_healed_without_a_flood(
        self, bus: InProcessBus, relay: Relay, till_store: SQLiteStore, book_store: SQLiteStore
    ) -> None:
        record(till_store, 50)
        pump_all(relay)
        bus.wipe()
        record(till_store, 5_000)
        pump_all(relay)

        turns = 0
        while bus.turn():
            turns += 1
        bus.settle()

        assert book_store.tracked("till/main").position == 5_050
        assert turns < 20

    def test_a_quiet_bus_stays_quiet(self, bus: InProcessBus, till_store: SQLiteStore) -> None:
        record(till_store, 10)
        bus.settle()

        assert bus.turn() == 0

    def test_a_restored_upstream_stops_the_book(
        self, bus: InProcessBus, till_store: SQLiteStore, book_store: SQLiteStore
    ) -> None:
        record(till_store, 10)
        bus.settle()
        with closing(in_memory("till")) as restored:
            record(restored, 9)
            other = connected(restored, book_store)

            other.settle()

        assert other.stopped == {
            "book": "till/main announces its head at 9, but book has followed it to 10."
        }
        assert book_store.tracked("till/main").position == 10

    def test_a_restored_upstream_that_has_grown_again_cannot_hide_behind_a_lost_message(
        self, bus: InProcessBus, till_store: SQLiteStore, book_store: SQLiteStore
    ) -> None:
        record(till_store, 10)
        bus.settle()
        with closing(in_memory("till")) as restored:
            other = connected(restored, book_store)
            record(restored, 10)
            pump_all(other._relays["till/main"])
            other.wipe()
            record(restored, 2)

            other.settle()

        assert "another event at 10" in other.stopped["book"]
        assert book_store.tracked("till/main").position == 10

    def test_a_service_that_stands_still_follows_no_other_upstream_either(
        self, bus: InProcessBus, till_store: SQLiteStore, book_store: SQLiteStore
    ) -> None:
        record(till_store, 10)
        bus.settle()
        with closing(in_memory("till")) as restored, closing(in_memory("safe")) as safe:
            other = connected(restored, book_store)
            other.attach_relay(Relay(safe, other))
            other.attach_follower(Follower("safe/main", the_book(book_store), other))
            record(restored, 9)
            other.settle()

            record(safe, 3)
            other.settle()
            assert book_store.tracked("safe/main").position == 0

            other.resume("book")
            other.settle()
            assert set(other.stopped) == {"book"}, "its upstream is still another one"

    def test_old_announcements_that_come_late_stop_nobody(
        self, bus: InProcessBus, relay: Relay, till_store: SQLiteStore, book_store: SQLiteStore
    ) -> None:
        record(till_store, 5)
        for _ in range(5):
            relay.announce()
        late = list(bus._announcements)
        record(till_store, 5)
        bus.settle()
        bus._announcements.extend(late)
        record(till_store, 1)

        bus.settle()

        assert book_store.tracked("till/main").position == 11

    def test_a_follower_that_asks_without_end_is_named_and_hangs_nobody(
        self, bus: InProcessBus, till_store: SQLiteStore, book_store: SQLiteStore
    ) -> None:
        bus.detach("book")
        bus.attach_follower(Insatiable("till/main", the_book(book_store), bus))
        record(till_store, 1)

        with pytest.raises(NeverQuiet, match=r"turns something still moves.* book asks till/main"):
            bus.settle()


class Insatiable(Follower):
    """Takes nothing of what it is sent, and asks for it again."""

    def receive(self, events: Sequence[CloudEvent]) -> int:
        self._ask()
        return 0


def connected(till: SQLiteStore, book: SQLiteStore) -> InProcessBus:
    bus = InProcessBus()
    bus.attach_relay(Relay(till, bus))
    bus.attach_follower(Follower("till/main", the_book(book), bus))
    return bus
