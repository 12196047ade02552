"""Mutants of bus and store: what is lost, doubled or out of order must not be believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from grant_bus import follower, parked, writer
from grant_bus.desk import Order
from grant_bus.follower import Follower
from grant_bus.parked import Parking
from grant_bus.relay import EVENTS_PER_ROUND, Relay
from grant_bus.writer import Writer
from grant_contracts.answers import Answer
from grant_contracts.envelope import CloudEvent
from grant_store import sqlite
from grant_store.identity_map import IdentityMap
from grant_store.rows import Append, Appended, StoredOutcome, Tracked
from grant_store.sqlite import SQLiteStore
from grant_store.work import UnitOfWork
from simulation.mutation import Change, always, mutant


def all_in_order(original: Any) -> Callable[..., list[CloudEvent]]:
    def without_gap(events: Mapping[int, CloudEvent], position: int) -> list[CloudEvent]:
        return [events[at] for at in sorted(events)]

    return without_gap


def known_ones_too(original: Any) -> Callable[..., dict[int, CloudEvent]]:
    def by_position(self: Follower, events: Sequence[CloudEvent]) -> dict[int, CloudEvent]:
        return {event.at: event for event in events}

    return by_position


def from_the_first(original: Any) -> Callable[..., list[CloudEvent]]:
    def without_gap(events: Mapping[int, CloudEvent], position: int) -> list[CloudEvent]:
        following: list[CloudEvent] = original(events, min(events, default=1) - 1)
        return following

    return without_gap


def tracking_afterwards(original: Any) -> Callable[..., Appended]:
    def append(self: SQLiteStore, append: Append) -> Appended:
        if not (append.events or append.documents):
            return original(self, append)
        appended: Appended = original(self, replace(append, tracking=()))
        self.append(Append(tracking=append.tracking))
        return appended

    return append


def any_position(original: Any) -> Callable[..., None]:
    def track(self: SQLiteStore, cursor: Any, tracked: Tracked) -> None:
        cursor.execute("INSERT OR REPLACE INTO work_tracking VALUES (?, ?, ?)", tracked[:3])

    return track


def moved_first(original: Any) -> Callable[..., int]:
    def pump(self: Relay) -> int:
        rows = self.store.events_after(self.store.relayed(), EVENTS_PER_ROUND)
        if rows:
            self.store.move_relay(rows[-1].position)
        published: int = original(self)
        return published

    return pump


def on_any_head(original: Any) -> Callable[..., Appended]:
    def append(self: SQLiteStore, append: Append) -> Appended:
        appended: Appended = original(self, replace(append, expected_head=None))
        return appended

    return append


def once(original: Any) -> Callable[..., None]:
    def catch_up(self: IdentityMap, position: int) -> None:
        if self.head is None:
            original(self, position)

    return catch_up


def whatever_the_body(original: Any) -> Callable[..., Answer]:
    def repeated(self: Writer, order: Order, stored: StoredOutcome) -> Answer:
        answer: Answer = original(self, replace(order, body_hash=stored.body_hash), stored)
        return answer

    return repeated


def at_no_instant(original: Any) -> Callable[..., tuple[int, int]]:
    return lambda cursor: (original(cursor)[0], 0)


OF_FEEDS = (
    mutant(
        "gap-check",
        "A follower applies what comes after a gap.",
        Change(follower, "_without_gap", all_in_order),
    ),
    mutant(
        "head-ahead",
        "A follower does not ask for the tail that an announced head shows to be lost.",
        Change(Follower, "_ask_with_patience", always(None)),
    ),
    mutant(
        "head-behind",
        "A follower does not mind that the head of its upstream lies before what it followed.",
        Change(Follower, "_proves_a_loss", always(False)),
    ),
    mutant(
        "leaf-hash",
        "A follower does not compare the leaf at the position that it has followed.",
        Change(Follower, "_compare", always(None)),
    ),
    mutant(
        "duplicates",
        "A follower applies again what it has followed before.",
        Change(Follower, "_by_position", known_ones_too),
        Change(follower, "_without_gap", from_the_first),
    ),
    mutant(
        "duplicates-of-another",
        "Neither writer nor store minds that another process has followed the same events.",
        Change(writer, "_refuse_followed", always(None)),
        Change(SQLiteStore, "_track", any_position),
    ),
    mutant(
        "tracking-forward",
        "The store lets the tracking of an upstream stay or go back.",
        Change(SQLiteStore, "_track", any_position),
    ),
    mutant(
        "tracking-in-the-transaction",
        "What was followed is noted in a second transaction.",
        Change(SQLiteStore, "append", tracking_afterwards),
    ),
    mutant(
        "relay-position",
        "The relay moves its position before it publishes.",
        Change(Relay, "pump", moved_first),
    ),
    mutant(
        "expected-head",
        "The store appends what was decided on another head.",
        Change(SQLiteStore, "append", on_any_head),
    ),
    mutant(
        "eviction",
        "The writer keeps what a failed batch has changed in memory.",
        Change(IdentityMap, "evict", always(None)),
    ),
    mutant(
        "catch-up",
        "The writer decides on what it remembers, whoever has written since.",
        Change(IdentityMap, "catch_up", once),
    ),
    mutant(
        "outcome-lookup",
        "The writer does not look whether a key was used.",
        Change(Writer, "_recorded_already", always({})),
    ),
    mutant(
        "body-hash",
        "A used key answers for another command too.",
        Change(Writer, "_repeated", whatever_the_body),
    ),
    mutant(
        "parking-by-case",
        "The later events of a parked case are applied while the first one waits.",
        Change(Parking, "catch_up", always(None)),
    ),
    mutant(
        "parking-counted",
        "A process does not notice what another one has parked.",
        Change(parked, "_count_on", always(None)),
    ),
    mutant(
        "parked-commands",
        "A command decides on a case of which events are parked.",
        Change(UnitOfWork, "_refuse_parked", always(None)),
    ),
    mutant(
        "instants",
        "A row's instant is the clock's, even if the clock went back.",
        Change(sqlite, "_head_and_instant", at_no_instant),
    ),
)
