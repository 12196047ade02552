"""Whatever the bus does and wherever a process dies, the end is that of the undisturbed run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.till import (
    adding,
    answers,
    closing,
    in_memory,
    lines,
    open_book,
    open_till,
    opening,
    the_book,
    the_till,
    told,
)
from grant_bus.feed import pack, unpack
from grant_bus.follower import Follower
from grant_bus.in_process import InProcessBus
from grant_bus.relay import Relay
from grant_contracts.envelope import CloudEvent
from grant_store.rows import Append, Appended
from grant_store.sqlite import SQLiteStore

LAST = 40
OWNERS = ("ada", "bea", "cem")
State = tuple[list[tuple[str, bytes]], dict[str, bytes | None], int]


def state(book: SQLiteStore) -> State:
    """Everything the book knows, without ids and instants."""
    return told(book), lines(book), book.tracked("till/main").position


def record(till: SQLiteStore) -> Sequence[CloudEvent]:
    openings = [opening(owner) for owner in OWNERS]
    additions = [adding(number, OWNERS[number % 3]) for number in range(1, LAST - 2)]
    answers(the_till(till), *openings, *additions)
    return unpack(pack(till.origin, till.events_after(0, 100)))


@pytest.fixture(scope="module")
def till() -> Iterator[SQLiteStore]:
    """A till whose feed is over: what did not arrive must be asked for."""
    with closing(in_memory("till")) as store:
        record(store)
        store.move_relay(LAST)
        yield store


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> State:
    folder = tmp_path_factory.mktemp("undisturbed")
    with closing(open_till(folder)) as till, closing(open_book(folder)) as book:
        the_book(book).follow("till/main", record(till))
        return state(book)


deliveries = st.lists(
    st.one_of(
        st.lists(st.integers(0, LAST - 1), max_size=12),
        st.integers(0, LAST - 1).flatmap(
            lambda first: st.integers(first, LAST).map(lambda last: list(range(first, last)))
        ),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=50)
@given(deliveries, st.booleans())
def test_shuffled_repeated_and_lost_deliveries_end_like_the_undisturbed_run(
    till: SQLiteStore, undisturbed: State, deliveries: list[list[int]], is_restarted: bool
) -> None:
    feed = unpack(pack(till.origin, till.events_after(0, LAST)))
    with closing(in_memory("book")) as book:
        bus = InProcessBus()
        bus.attach_relay(Relay(till, bus))
        writer = the_book(book)
        follower = Follower("till/main", writer, bus)
        for delivery in deliveries:
            if is_restarted:
                follower = Follower("till/main", the_book(book), bus)
            before = follower.position
            applied = follower.receive([feed[index] for index in delivery])
            assert follower.position == before + applied
        bus.attach_follower(follower)
        bus.settle()

        assert state(book) == undisturbed


class Crash(BaseException):
    """The process is gone, as by kill -9: nobody may catch this."""


class Fuse:
    """Lets a number of steps pass and then crashes the process."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def burn(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Crash


class FragileStore(SQLiteStore):
    """A store on a file; its process may die before and after each write."""

    def __init__(self, path: Path, service: str, fuse: Fuse) -> None:
        super().__init__(path, service)
        self._fuse = fuse
        self.migrate()

    def append(self, append: Append) -> Appended:
        self._fuse.burn()
        appended = super().append(append)
        self._fuse.burn()
        return appended

    def move_relay(self, position: int) -> None:
        self._fuse.burn()
        super().move_relay(position)
        self._fuse.burn()


class FragileBus(InProcessBus):
    """A bus whose sender may die before the bus has taken a message, or right after."""

    fuse: Fuse

    def publish(self, origin: str, bodies: Sequence[bytes]) -> None:
        self.fuse.burn()
        super().publish(origin, bodies[:1])
        self.fuse.burn()
        super().publish(origin, bodies[1:])
        self.fuse.burn()

    def resend(self, origin: str, follower: str, bodies: Sequence[bytes]) -> None:
        self.fuse.burn()
        super().resend(origin, follower, bodies)


COMMANDS = [
    [
        *(opening(owner, key=f"open {owner}") for owner in OWNERS),
        *(adding(number, OWNERS[number % 3], key=f"add {number}") for number in range(1, 20)),
    ],
    [adding(number, OWNERS[number % 3], key=f"add {number}") for number in range(20, 38)],
]


def run(folder: Path, bus: FragileBus, fuse: Fuse) -> None:
    """One life of all processes: everybody sends what they want done, and it is carried on."""
    with (
        closing(FragileStore(folder / "till.sqlite3", "till", fuse)) as till,
        closing(FragileStore(folder / "book.sqlite3", "book", fuse)) as book,
    ):
        bus.fuse = fuse
        bus.attach_relay(Relay(till, bus))
        bus._followers.clear()
        bus.attach_follower(Follower("till/main", the_book(book), bus))
        writer = the_till(till)
        for batch in COMMANDS:
            assert all(each.kind != "not_yet" for each in answers(writer, *batch))
            bus.settle()


@pytest.mark.parametrize("bus_is_lost_too", [True, False])
def test_a_crash_at_any_step_loses_nothing_and_doubles_nothing(
    tmp_path: Path, undisturbed: State, bus_is_lost_too: bool
) -> None:
    steps = 0
    while True:
        folder = tmp_path / f"{steps}"
        folder.mkdir()
        bus = FragileBus()
        crashed = _crashes(folder, bus, Fuse(steps))
        if bus_is_lost_too:
            bus.wipe()
        run(folder, bus, Fuse(10_000))

        with closing(open_till(folder)) as till, closing(open_book(folder)) as book:
            assert till.head().position == LAST
            assert till.relayed() == LAST
            assert state(book) == undisturbed
        if not crashed:
            break
        steps += 1
    assert steps > 15


def _crashes(folder: Path, bus: FragileBus, fuse: Fuse) -> bool:
    try:
        run(folder, bus, fuse)
    except Crash:
        return True
    return False
