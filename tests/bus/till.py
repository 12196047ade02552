"""Two small services for the tests of the bus: a till with purses, and a book that follows it.

The till's commands can be told to fail at every awkward moment. No assertions here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from eventsourcing.domain import Aggregate, event
from marshmallow import fields

from grant_bus.actors import Mandate, TokenCheck, issue_token, new_signing_key
from grant_bus.desk import Command, Desk
from grant_bus.operators import Operators
from grant_bus.policies import FactPolicies, Policy
from grant_bus.writer import Writer
from grant_contracts.answers import Answer
from grant_contracts.commands import Strict, command_message
from grant_contracts.envelope import Fact
from grant_store.catalogue import Catalogue
from grant_store.sqlite import SQLiteStore
from grant_store.standing import StandingAggregates
from grant_store.store import Store
from grant_store.work import Reading, UnitOfWork
from grant_values.invalid import Invalid, NotEntitled
from grant_values.shapes import Actor

NOW = datetime(2024, 5, 6, 10, 0, tzinfo=UTC)
KEY = new_signing_key()
TILL = "till/main"
CASHIER = Actor("S-1", "cashier")
SECOND = Actor("S-2", "cashier")
GUEST = Actor("S-3", "guest")
OPERATOR = Actor("S-4", "operator")
COLLEAGUE = Actor("S-5", "operator")


class Purse(Aggregate):
    """Holds at most 100 coins."""

    class PurseOpened(Aggregate.Created):
        TOPIC = "till.PurseOpened"
        owner: str

    class CoinsAdded(Aggregate.Event):
        TOPIC = "till.CoinsAdded"
        coins: int
        note: str

    class CoinsRefused(Aggregate.Event):
        TOPIC = "till.CoinsRefused"
        coins: int
        reason: str

    @staticmethod
    def create_id(owner: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/purses/{owner}")

    @event(PurseOpened)
    def __init__(self, owner: str) -> None:
        self.case_id = Purse.create_id(owner)
        self.coins = 0

    def add(self, coins: int, note: str = "") -> None:
        if self.coins + coins > 100:
            self._refuse(coins, "purse_full")
        else:
            self._add(coins, note)

    @event(CoinsAdded)
    def _add(self, coins: int, note: str) -> None:
        self.coins += coins

    @event(CoinsRefused)
    def _refuse(self, coins: int, reason: str) -> None:
        pass


class OpenPurse(Strict):
    owner = fields.String(required=True)


class AddCoins(OpenPurse):
    coins = fields.Integer(required=True, strict=True)
    note = fields.String(load_default="")


class FailLate(OpenPurse):
    how = fields.String(required=True)


def open_purse(work: UnitOfWork, by: Actor, owner: str) -> None:
    if not work.find(Purse, Purse.create_id(owner)):
        work.keep(Purse(owner=owner))


def add_coins(work: UnitOfWork, by: Actor, owner: str, coins: int, note: str) -> None:
    if coins < 1:
        raise Invalid("coins", "expected at least one coin")
    purse = work.get(Purse, Purse.create_id(owner))
    purse.add(coins, note)
    work.keep(purse)
    work.write_document("last", owner, {"coins": coins})


def fail_late(work: UnitOfWork, by: Actor, owner: str, how: str) -> None:
    """What a careful programmer would not do: fail, or forget, after something has changed."""
    purse = work.get(Purse, Purse.create_id(owner))
    if how == "document":
        work.write_document("last", owner, {"coins": -1})
        raise Invalid("how", "expected no document")
    if how == "forget":
        purse.add(1)
        return
    if how == "late change":
        work.keep(purse)
        purse.add(1)
        return
    purse.add(1)
    work.keep(purse)
    if how == "invalid":
        raise Invalid("how", "expected another way")
    if how == "not entitled":
        raise NotEntitled("same_person")
    raise ZeroDivisionError(how)


CASHIERS = frozenset({"cashier"})
STANDING = StandingAggregates("till")
CATALOGUE = Catalogue([Purse, *STANDING.classes])
COMMANDS = {
    "open_purse": Command(OpenPurse, open_purse, CASHIERS),
    "add_coins": Command(AddCoins, add_coins, CASHIERS),
    "fail_late": Command(FailLate, fail_late, CASHIERS),
}


class CoinsMoved(Fact, frozen=True, kw_only=True):
    """The same news from another upstream."""

    TOPIC = "vault.CoinsAdded"
    coins: int
    note: str


class CoinsAdded(Fact, frozen=True, kw_only=True):
    TOPIC = "till.CoinsAdded"
    coins: int
    note: str


class Page(Aggregate):
    """What the book has heard of one purse."""

    class PageBegun(Aggregate.Created):
        TOPIC = "book.PageBegun"
        case_id: UUID

    class LineWritten(Aggregate.Event):
        TOPIC = "book.LineWritten"
        coins: int
        position: int

    class LineRefused(Aggregate.Event):
        TOPIC = "book.LineRefused"
        reason: str

    @staticmethod
    def create_id(case_id: UUID) -> UUID:
        return uuid5(case_id, "page")

    @event(PageBegun)
    def __init__(self, case_id: UUID) -> None:
        self.case_id = case_id
        self.sum = 0

    @event(LineWritten)
    def write(self, coins: int, position: int) -> None:
        self.sum += coins

    @event(LineRefused)
    def refuse(self, reason: str) -> None:
        pass


def when_coins_added(work: UnitOfWork, fact: CoinsAdded | CoinsMoved) -> None:
    page = work.find(Page, Page.create_id(fact.about)) or Page(case_id=fact.about)
    page.write(fact.coins, fact.received.at)
    work.keep(page)
    seen = work.document("lines", str(fact.about)) or 0
    work.write_document("lines", str(fact.about), seen + 1)
    if fact.note == "broken":
        raise LookupError("the book has no such line")


def when_mended(work: UnitOfWork, fact: CoinsAdded | CoinsMoved) -> None:
    """What a later release does: it knows the line that was unknown."""
    mended = msgspec.structs.replace(fact, note="")
    when_coins_added(work, mended)


class WritePage(OpenPurse):
    """A person writes into the book."""


def write_page(work: UnitOfWork, by: Actor, owner: str) -> None:
    page = work.get(Page, Page.create_id(Purse.create_id(owner)))
    page.write(0, 0)
    work.keep(page)


BOOK_STANDING = StandingAggregates("book")
BOOK_COMMANDS = {"write_page": Command(WritePage, write_page, CASHIERS)}


def open_till(folder: Path) -> SQLiteStore:
    return _migrated(SQLiteStore(folder / "till.sqlite3", "till"))


def open_book(folder: Path) -> SQLiteStore:
    return _migrated(SQLiteStore(folder / "book.sqlite3", "book"))


def in_memory(service: str) -> SQLiteStore:
    return _migrated(SQLiteStore(Path(":memory:"), service))


@contextmanager
def closing(*stores: SQLiteStore) -> Iterator[SQLiteStore]:
    """The first of these stores; all of them are closed afterwards."""
    try:
        yield stores[0]
    finally:
        for store in stores:
            store.close()


def a_desk() -> Desk:
    return Desk("till", COMMANDS, STANDING, TokenCheck(KEY, lambda: NOW), lambda: NOW)


def the_till(store: Store) -> Writer:
    """The till's writer with an empty memory, as after a start."""
    return Writer(store, CATALOGUE, a_desk(), FactPolicies({}))


def the_book(
    store: Store,
    when: Policy = when_coins_added,
    reads: Mapping[type[Fact], Callable[[Any], Reading]] | None = None,
) -> Writer:
    """The book's writer with an empty memory. It follows the till and, if there is one, a vault."""
    policies = FactPolicies({CoinsAdded: when, CoinsMoved: when}, reads)
    mending = Operators(policies, BOOK_STANDING).of_a_decider
    tokens = TokenCheck(KEY, lambda: NOW)
    desk = Desk("book", {**BOOK_COMMANDS, **mending}, BOOK_STANDING, tokens, lambda: NOW)
    catalogue = Catalogue([Page, *BOOK_STANDING.classes])
    return Writer(store, catalogue, desk, policies, clock=lambda: NOW)


def a_token(
    actor: Actor = CASHIER,
    starts_on: date = date(2024, 1, 1),
    ends_on: date = date(2024, 12, 31),
    issued_at: datetime = NOW,
    valid_for: timedelta = timedelta(hours=1),
) -> str:
    mandate = Mandate(actor, "signed-token", starts_on, ends_on)
    return issue_token(KEY, mandate, issued_at, issued_at + valid_for)


TOKEN = a_token()
_numbers = count()


def opening(owner: str = "ada", key: str = "") -> dict[str, Any]:
    return _message("open_purse", key, {"owner": owner})


def adding(coins: int, owner: str = "ada", key: str = "", note: str = "") -> dict[str, Any]:
    return _message("add_coins", key, {"owner": owner, "coins": coins, "note": note})


def failing(how: str, owner: str = "ada", key: str = "") -> dict[str, Any]:
    return _message("fail_late", key, {"owner": owner, "how": how})


def mending(
    name: str, by: Actor = OPERATOR, second: Actor | None = None, key: str = "", /, **payload: Any
) -> dict[str, Any]:
    """An operator's command to the book."""
    further = {"second_actor_token": a_token(second)} if second else {}
    number = key or f"key-{next(_numbers)}"
    return command_message(f"book.{name}", number, a_token(by), payload, **further)


def writing(owner: str = "ada", key: str = "") -> dict[str, Any]:
    number = key or f"key-{next(_numbers)}"
    return command_message("book.write_page", number, TOKEN, {"owner": owner})


def _message(name: str, key: str, payload: dict[str, Any]) -> dict[str, Any]:
    return command_message(f"till.{name}", key or f"key-{next(_numbers)}", TOKEN, payload)


def answers(writer: Writer, *messages: object) -> list[Answer]:
    """The answers; a fault of the program is raised."""
    found = []
    for answer in writer.answer(messages):
        if isinstance(answer, Exception):
            raise answer
        found.append(answer)
    return found


def answer(writer: Writer, message: object) -> Answer:
    return answers(writer, message)[0]


def told(store: Store) -> list[tuple[str, bytes]]:
    """What a ledger says, without ids and instants, which differ from run to run."""
    return [(row.topic, row.state) for row in store.events_after(0, 100_000)]


def lines(store: Store) -> dict[str, bytes | None]:
    """The book's working data."""
    return {document.key: document.body for document in store.documents("lines")}


def _migrated(store: SQLiteStore) -> SQLiteStore:
    store.migrate()
    return store
