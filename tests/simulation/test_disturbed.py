"""The disturbed bus does what its random numbers say, and what it does can be survived."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from bus.till import adding, answers, closing, in_memory, lines, opening, the_book, the_till, told
from grant_bus.feed import Announcement, unpack
from grant_bus.follower import Follower
from grant_bus.relay import Relay
from grant_contracts.envelope import CloudEvent
from grant_store.sqlite import SQLiteStore
from simulation.disturbed import Disturbance, DisturbedBus

COMMANDS = 60
CERTAIN = Disturbance(lost=0.0, doubled=0.0, delayed=0.0, reordered=0.0)


def a_feed(till: SQLiteStore, bus: DisturbedBus) -> Relay:
    relay = Relay(till, bus)
    bus.attach_relay(relay)
    return relay


class Deliveries(Follower):
    """Writes down what is delivered, in which order, and follows it."""

    seen: list[int]
    heads: list[int]

    def receive(self, events: Sequence[CloudEvent]) -> int:
        self.seen += [event.at for event in events]
        return super().receive(events)

    def hear(self, announcement: Announcement) -> None:
        self.heads.append(announcement.position)
        super().hear(announcement)


def lived(seed: int, disturbance: Disturbance | None = None) -> tuple[object, list[int], list[int]]:
    """What the book ends with, what was delivered, and which heads it heard."""
    with closing(in_memory("till")) as till, closing(in_memory("book")) as book:
        bus = DisturbedBus(Random(seed), disturbance)
        relay = a_feed(till, bus)
        follower = Deliveries("till/main", the_book(book), bus)
        follower.seen, follower.heads = [], []
        bus.attach_follower(follower)
        writer = the_till(till)
        answers(writer, opening(key="open"))
        for coins in range(1, COMMANDS):
            answers(writer, adding(coins, key=f"add {coins}"))
            relay.pump()
            if coins % 4 == 0:
                bus.turn()
                bus.announce_heads()
        bus.calm()
        bus.settle()
        return (told(book), lines(book), follower.position), follower.seen, follower.heads


def test_the_same_numbers_disturb_in_the_same_way() -> None:
    assert lived(7) == lived(7)
    assert lived(7)[1] != lived(8)[1]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_disturbed_the_end_is_the_same(seed: int) -> None:
    undisturbed, _, _ = lived(0, CERTAIN)

    assert lived(seed)[0] == undisturbed


@pytest.mark.parametrize("what", ["lost", "doubled", "delayed", "reordered"])
def test_each_kind_of_disturbance_can_be_seen(what: str) -> None:
    _, in_order, heads = lived(0, CERTAIN)
    parts = {"lost": 0.0, "doubled": 0.0, "delayed": 0.0, "reordered": 0.0, what: 0.5}

    end, seen, heard = lived(1, Disturbance(**parts))  # type: ignore[arg-type]

    assert end == lived(0, CERTAIN)[0]
    assert (seen, heard) != (in_order, heads)


def test_what_is_late_arrives_when_it_is_calm() -> None:
    with closing(in_memory("till")) as till, closing(in_memory("book")) as book:
        bus = DisturbedBus(Random(1), Disturbance(0.0, 0.0, delayed=1.0, reordered=0.0))
        relay = a_feed(till, bus)
        bus.attach_follower(Follower("till/main", the_book(book), bus))
        answers(the_till(till), opening(), adding(5))
        relay.pump()
        assert not bus._queues["till/main", "book"]

        bus.calm()

        [body] = bus._queues["till/main", "book"]
        assert [event.at for event in unpack(body)] == [1, 2]
