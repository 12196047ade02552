"""The next release of the till and the book of `bus.till`: coins have a currency there.

Both releases run side by side in the tests. Nothing else differs between them, and nothing here
knows the earlier one but by the names of its topics.
"""

from __future__ import annotations

from uuid import UUID

from eventsourcing.domain import Aggregate, event
from marshmallow import fields

from bus import till
from bus.till import CASHIERS, KEY, NOW, OpenPurse, Page, open_purse
from grant_bus.actors import TokenCheck
from grant_bus.desk import Command, Desk
from grant_bus.operators import Operators
from grant_bus.policies import FactPolicies
from grant_bus.writer import Writer
from grant_contracts.envelope import Fact
from grant_contracts.upcasting import State, Upcasters
from grant_store.catalogue import Catalogue
from grant_store.store import Store
from grant_store.work import UnitOfWork
from grant_values.shapes import Actor


class Purse(Aggregate):
    """The purse of the next release."""

    class PurseOpened(Aggregate.Created):
        TOPIC = "till.PurseOpened"
        owner: str

    class CoinsAdded(Aggregate.Event):
        TOPIC = "till.CoinsAdded"
        class_version = 2
        coins: int
        note: str
        currency: str

    @staticmethod
    def create_id(owner: str) -> UUID:
        return till.Purse.create_id(owner)

    @event(PurseOpened)
    def __init__(self, owner: str) -> None:
        self.case_id = Purse.create_id(owner)
        self.coins: dict[str, int] = {}

    @event(CoinsAdded)
    def add(self, coins: int, note: str, currency: str) -> None:
        self.coins[currency] = self.coins.get(currency, 0) + coins


class AddCoins(OpenPurse):
    """A message of the earlier form names no currency, and means what it meant."""

    coins = fields.Integer(required=True, strict=True)
    note = fields.String(load_default="")
    currency = fields.String(load_default="EUR")


def add_coins(
    work: UnitOfWork, by: Actor, owner: str, coins: int, note: str, currency: str
) -> None:
    purse = work.get(Purse, Purse.create_id(owner))
    purse.add(coins, note, currency)
    work.keep(purse)


class CoinsAdded(Fact, frozen=True, kw_only=True):
    """What comes in the earlier version gets the currency that was meant then."""

    TOPIC = "till.CoinsAdded"
    VERSION = 2
    coins: int
    note: str
    currency: str


def in_euros(state: State) -> State:
    """Who named no currency meant euros."""
    return {**state, "currency": "EUR"}


UPCASTERS = Upcasters({("till.CoinsAdded", 1): in_euros})


def when_coins_added(work: UnitOfWork, fact: CoinsAdded) -> None:
    page = work.find(Page, Page.create_id(fact.about)) or Page(case_id=fact.about)
    page.write(fact.coins, fact.received.at)
    work.keep(page)


CATALOGUE = Catalogue([Purse, *till.STANDING.classes], UPCASTERS)
COMMANDS = {
    "open_purse": Command(OpenPurse, open_purse, CASHIERS),
    "add_coins": Command(AddCoins, add_coins, CASHIERS),
}


def new_till(store: Store) -> Writer:
    """The till's writer in the next release."""
    desk = Desk("till", COMMANDS, till.STANDING, TokenCheck(KEY, lambda: NOW), lambda: NOW)
    return Writer(store, CATALOGUE, desk, FactPolicies({}))


def new_book(store: Store) -> Writer:
    """The book's writer in the next release."""
    return _book(store, FactPolicies({CoinsAdded: when_coins_added}, upcasters=UPCASTERS))


def old_book(store: Store) -> Writer:
    """The book's writer in the present release."""
    return _book(store, FactPolicies({till.CoinsAdded: till.when_coins_added}))


def _book(store: Store, policies: FactPolicies) -> Writer:
    mending = Operators(policies, till.BOOK_STANDING).of_a_decider
    tokens = TokenCheck(KEY, lambda: NOW)
    desk = Desk("book", mending, till.BOOK_STANDING, tokens, lambda: NOW)
    catalogue = Catalogue([Page, *till.BOOK_STANDING.classes])
    return Writer(store, catalogue, desk, policies, clock=lambda: NOW)
