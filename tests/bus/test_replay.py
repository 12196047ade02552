"""A read model is dropped in the transaction that records who wanted it so, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from bus.till import (
    BOOK_STANDING,
    KEY,
    NOW,
    TILL,
    adding,
    answer,
    answers,
    in_memory,
    mending,
    opening,
    the_till,
)
from grant_bus.actors import TokenCheck
from grant_bus.desk import Desk
from grant_bus.feed import pack, unpack
from grant_bus.operators import Operators
from grant_bus.parked import COUNTER, parked_events
from grant_bus.policies import EveryEvent
from grant_bus.writer import Writer
from grant_contracts.envelope import CloudEvent
from grant_store.catalogue import Catalogue
from grant_store.errors import NotNow
from grant_store.opening import open_store
from grant_store.rows import Append, Appended
from grant_store.store import Store
from grant_store.work import UnitOfWork


@pytest.fixture(scope="module")
def feed() -> Sequence[CloudEvent]:
    """1 opened, 2 fine, 3 broken: all of one purse."""
    with closing(in_memory("till")) as store:
        answers(the_till(store), opening(), adding(2), adding(3, note="broken"))
        return unpack(pack(TILL, store.events_after(0, 100)))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    on_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}" if on_file else request.getfixturevalue("postgres_database")
    with closing(open_store(url, "book")) as store:
        store.migrate()
        yield store


@pytest.fixture
def index(store: Store, feed: Sequence[CloudEvent]) -> Writer:
    """It has counted two events of a case, and parked the third."""
    index = an_index(store)
    index.follow(TILL, feed)
    return index


def an_index(store: Store) -> Writer:
    """A writer of a service that has nothing but what it followed."""
    policies = EveryEvent(["till"], count_events)
    commands = Operators(policies, BOOK_STANDING).of_a_read_model
    desk = Desk("book", commands, BOOK_STANDING, TokenCheck(KEY, lambda: NOW), lambda: NOW)
    return Writer(store, Catalogue([*BOOK_STANDING.classes]), desk, policies, clock=lambda: NOW)


def count_events(work: UnitOfWork, event: CloudEvent) -> None:
    if b"broken" in bytes(event.data):
        raise LookupError("no such line")
    counted = work.document("events", str(event.caseid)) or 0
    work.write_document("events", str(event.caseid), counted + 1)


def contents(store: Store) -> tuple[object, ...]:
    followed = (store.tracked(TILL), store.tracked(COUNTER))
    return (store.documents("events"), parked_events(store), *followed, store.head())


def test_a_replay_drops_the_read_model_with_what_is_parked_and_the_feed_brings_it_again(
    index: Writer, store: Store, feed: Sequence[CloudEvent]
) -> None:
    before, counter = store.documents("events"), store.tracked(COUNTER).position

    assert answer(index, mending("replay_feeds", from_position=0)).kind == "recorded"

    assert (store.documents("events"), parked_events(store)) == ([], [])
    assert store.tracked(TILL).position == 0
    assert store.tracked(COUNTER).position == counter + 1
    index.follow(TILL, feed)
    assert store.documents("events") == before


def test_a_replay_that_cannot_be_recorded_drops_nothing(
    index: Writer, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(store)
    monkeypatch.setattr(store, "append", refuse)

    [failed] = index.answer([mending("replay_feeds", from_position=0)])

    assert isinstance(failed, NotNow)
    assert contents(store) == before


def test_who_parks_something_meanwhile_lets_the_replay_be_decided_again(
    index: Writer, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rival, append = an_index(store), store.append
    retry = mending("retry_parked", case_id=str(parked_events(store)[0].case_id))

    def overtaken(wanted: Append) -> Appended:
        monkeypatch.setattr(store, "append", append)
        answer(rival, retry)
        return append(wanted)

    monkeypatch.setattr(store, "append", overtaken)

    assert answer(index, mending("replay_feeds", from_position=0)).kind == "recorded"

    assert contents(store)[:2] == ([], [])


def refuse(wanted: Append) -> Appended:
    raise NotNow("the disk is full; nothing was written")
