"""A writer whose ledger does not lead to its last head takes one command, and follows nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.till import (
    BOOK_STANDING,
    COLLEAGUE,
    KEY,
    NOW,
    OPERATOR,
    TILL,
    CoinsAdded,
    Page,
    adding,
    answer,
    answers,
    closing,
    in_memory,
    mending,
    open_book,
    opening,
    the_till,
    told,
    when_coins_added,
)
from grant_bus.actors import TokenCheck
from grant_bus.desk import Desk
from grant_bus.feed import pack, unpack
from grant_bus.follower import Follower
from grant_bus.operators import Operators
from grant_bus.policies import FactPolicies
from grant_bus.straight import NoRequests
from grant_bus.writer import CannotApply, Writer
from grant_store.catalogue import Catalogue
from grant_store.log.broken import BrokenHistory, KnownHead, SignedNotes
from grant_store.log.checkpoint import Checkpoint
from grant_store.rows import Append
from grant_store.sqlite import SQLiteStore
from store.samples import an_event

ROOT = b"r" * 32
LOST = BrokenHistory(KnownHead(1, 9, ROOT, "grants.example/book/main"), 0, b"", "ends before it")


class Continuity:
    """What a look at the ledger finds: broken, until an incident is recorded."""

    def __init__(self, store: SQLiteStore, found: BrokenHistory | None = LOST) -> None:
        self._store = store
        self.found = found
        self.looks = 0

    def __call__(self) -> BrokenHistory | None:
        self.looks += 1
        recorded = any(topic == "book.IncidentRecorded" for topic, _ in told(self._store))
        return None if recorded else self.found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with closing(open_book(tmp_path)) as store:
        yield store


@pytest.fixture
def continuity(store: SQLiteStore) -> Continuity:
    return Continuity(store)


@pytest.fixture
def book(store: SQLiteStore, continuity: Continuity) -> Writer:
    return a_book(store, continuity)


def a_book(store: SQLiteStore, continuity: Continuity, signed: SignedNotes | None = None) -> Writer:
    policies = FactPolicies({CoinsAdded: when_coins_added})
    operators = Operators(policies, BOOK_STANDING)
    commands = {**operators.of_a_decider, **operators.of_every_service}
    desk = Desk("book", commands, BOOK_STANDING, TokenCheck(KEY, lambda: NOW), lambda: NOW)
    catalogue = Catalogue([Page, *BOOK_STANDING.classes])
    return Writer(
        *(store, catalogue, desk, policies),
        clock=lambda: NOW,
        continuity=continuity,
        signed=signed,
    )


@pytest.fixture(scope="module")
def feed() -> Any:
    with closing(in_memory("till")) as store:
        answers(the_till(store), opening(), adding(2))
        return unpack(pack(TILL, store.events_after(0, 100)))


def an_incident(
    size: int = 9, root: bytes = ROOT, key: str = "i-1", second: Any = COLLEAGUE
) -> Any:
    known = {"known_size": size, "known_root": root.hex(), "reason": "restored"}
    return mending("record_incident", OPERATOR, second, key, **known)


def an_anchor(size: int, key: str = "") -> Any:
    head = {"origin": "grants.example/book/main", "size": size, "root": "0" * 64}
    return mending("anchor_head", OPERATOR, None, key, **head, note_sha256="1" * 64)


def test_every_other_command_is_not_yet_and_nothing_is_recorded(
    book: Writer, store: SQLiteStore
) -> None:
    refused = answer(book, an_anchor(1))

    assert (refused.kind, refused.code, refused.reason) == (
        "not_yet",
        "history_broken",
        "ends before it",
    )
    assert store.head().position == 0


def test_nothing_is_followed(book: Writer, store: SQLiteStore, feed: Any) -> None:
    follower = Follower(TILL, book, NoRequests())

    assert follower.receive(feed) == 0
    with pytest.raises(CannotApply, match="ends before it"):
        book.follow(TILL, feed)

    assert store.tracked(TILL).position == 0


def test_after_the_incident_everything_goes_on(book: Writer, store: SQLiteStore, feed: Any) -> None:
    assert answer(book, an_incident()).kind == "recorded"

    assert Follower(TILL, book, NoRequests()).receive(feed) == 2
    [(topic, state), *_] = told(store)
    assert topic == "book.IncidentRecorded"
    assert msgspec.json.decode(state) == {
        "epoch": 2,
        "known_origin": "grants.example/book/main",
        "known_size": 9,
        "known_root": ROOT.hex(),
        "found_size": 0,
        "found_leaf": "",
        "reason": "restored",
        "recorded_by": OPERATOR.id,
        "seconded_by": COLLEAGUE.id,
    }


def test_a_ledger_that_goes_on_is_looked_at_once(
    book: Writer, continuity: Continuity, feed: Any
) -> None:
    continuity.found = None

    for number in range(3):
        answer(book, an_anchor(1, f"a-{number}"))
    Follower(TILL, book, NoRequests()).receive(feed)

    assert continuity.looks == 1


def test_a_ledger_that_becomes_shorter_under_a_running_service_is_looked_at_again(
    book: Writer, store: SQLiteStore, continuity: Continuity, tmp_path: Path
) -> None:
    continuity.found = None
    store.append(Append(events=[an_event(topic="book.Old") for _ in range(3)]))
    assert answer(book, an_anchor(2)).kind == "recorded"
    continuity.found = LOST

    cut_off(tmp_path / "book.sqlite3", 1)

    assert answer(book, an_anchor(1)).code == "history_broken"
    assert continuity.looks == 2


def test_no_incident_is_recorded_twice_or_where_there_is_none(book: Writer) -> None:
    assert answer(book, an_incident(size=8)).kind == "invalid"
    assert answer(book, an_incident(root=b"x" * 32)).kind == "invalid"
    assert answer(book, an_incident(second=OPERATOR)).reason == "second_person_missing"
    assert answer(book, an_incident(key="i-2")).kind == "recorded"
    assert answer(book, an_incident(key="i-3")).kind == "invalid"


def test_only_what_was_recorded_since_the_last_anchor_is_anchored(
    book: Writer, store: SQLiteStore, continuity: Continuity
) -> None:
    continuity.found = None
    store.append(Append(events=[an_event(topic="book.Old")]))

    assert answer(book, an_anchor(2)).errors["payload.size"] == [
        "expected a head of at most 1 events"
    ]
    assert answer(book, an_anchor(1)).kind == "recorded"
    assert answer(book, an_anchor(2)).kind == "invalid"
    store.append(Append(events=[an_event(topic="book.Old")]))
    assert answer(book, an_anchor(1)).kind == "invalid"
    assert answer(book, an_anchor(2)).kind == "recorded"


def test_only_a_head_that_the_log_has_signed_is_anchored(
    store: SQLiteStore, continuity: Continuity
) -> None:
    """An anchor can never be taken back, and a wrong one would look like tampering for ever."""
    continuity.found = None
    store.append(Append(events=[an_event(topic="book.Old")]))
    text = Checkpoint("grants.example/book/main", 1, bytes(32)).text
    notes: dict[int, bytes] = {}
    book = a_book(store, continuity, notes.get)

    not_signed = answer(book, an_anchor(1, "a"))
    notes[1] = Checkpoint("grants.example/book/main", 1, b"r" * 32).text + b"\n"
    another = answer(book, an_anchor(1, "b"))
    notes[1] = text + b"\n"
    other_note = answer(book, an_anchor(1, "c"))

    assert [*not_signed.errors] == ["payload.size"]
    assert [*another.errors] == ["payload.root"]
    assert [*other_note.errors] == ["payload.note_sha256"]
    right = {"origin": "grants.example/book/main", "size": 1, "root": "0" * 64}
    digest = sha256(notes[1]).hexdigest()
    head = mending("anchor_head", OPERATOR, None, "d", **right, note_sha256=digest)
    assert answer(book, head).kind == "recorded"


def cut_off(path: Path, last: int) -> None:
    """What a restore leaves."""
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER ledger_events_remain")
    connection.execute("DELETE FROM ledger_events WHERE position > ?", (last,))
    connection.commit()
    connection.close()
