"""Two releases side by side on one database and broker: nobody misreads what the other wrote."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest

from bus.till import Page, Purse, adding, answer, mending, opening, the_till
from faults.proxy import PostgresProxy
from faults.releases import CATALOGUE, new_book, new_till, old_book
from faults.systems import a_system
from grant_bus.parked import parked_events
from grant_bus.rabbit import connect
from grant_bus.rabbit_follower import Feeds
from grant_bus.rabbit_relay import RabbitRelay
from grant_bus.rabbit_rpc import ServiceFailed
from grant_bus.writer import Writer
from grant_store.catalogue import UnknownTopic
from grant_store.postgres import PostgresStore
from support.distributed import OwnProcess
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer

OpensLedger = Callable[[str], PostgresStore]
NEWER = r"has version 99, this program knows \d+; run a newer `pruefpfad`"
ADA, BEA = Purse.create_id("ada"), Purse.create_id("bea")


@pytest.fixture
def open_ledger(database: str) -> Iterator[OpensLedger]:
    """One more handle on a ledger of this test's lane, as another process would have it."""
    lane = f"test{uuid4().hex[:12]}"
    with ExitStack() as opened:

        def open_one(service: str) -> PostgresStore:
            store = opened.enter_context(closing(PostgresStore(database, service, lane)))
            store.migrate()
            return store

        yield open_one


def versions(store: PostgresStore) -> list[int]:
    rows = store.events_after(0, 100)
    return [row.schema_version for row in rows if row.topic == "till.CoinsAdded"]


def test_the_new_program_reads_what_the_old_one_wrote_and_writes_its_own_version(
    open_ledger: OpensLedger,
) -> None:
    ledger = open_ledger("till")
    old, new = the_till(ledger), new_till(open_ledger("till"))

    for program, message in ((old, opening()), (old, adding(3)), (new, adding(4))):
        assert answer(program, message).kind == "recorded"

    assert versions(ledger) == [1, 2]
    purse: Any = CATALOGUE.rebuild(ledger.stream(ADA))
    assert purse.coins == {"EUR": 7}


def test_the_old_program_leaves_alone_what_it_cannot_read_and_goes_on_with_the_rest(
    open_ledger: OpensLedger,
) -> None:
    ledger = open_ledger("till")
    old, new = the_till(ledger), new_till(open_ledger("till"))
    for program, message in ((old, opening()), (old, opening("bea")), (new, adding(4))):
        answer(program, message)
    head = ledger.head()

    unread, after = old.answer([adding(5)]), ledger.head()

    assert "has version 2" in str(unread[0]) and isinstance(unread[0], UnknownTopic)
    assert after == head
    assert answer(old, adding(5, "bea")).kind == "recorded"


def test_a_command_of_the_old_form_is_taken_and_its_key_holds_in_both_programs(
    open_ledger: OpensLedger,
) -> None:
    old, new = the_till(open_ledger("till")), new_till(open_ledger("till"))
    told_by_old, told_by_new = opening(), adding(5)

    first, second = answer(old, told_by_old), answer(new, told_by_new)

    assert (first.kind, second.kind) == ("recorded", "recorded")
    assert answer(new, told_by_old) == first
    assert answer(old, told_by_new) == second


class Bus:
    """The relay of a till and whoever follows it, over the broker."""

    def __init__(self, ledger: PostgresStore, amqp_url: str) -> None:
        self._connections = ExitStack()
        self._amqp_url = amqp_url
        self._ledger = ledger
        self._relay = RabbitRelay(ledger, self._connected())

    def bring(self, book: Writer) -> None:
        """Return when the book is at the head of the till."""
        connection = self._connected()
        feeds = Feeds(connection, book, lambda job: job())
        deadline = time.monotonic() + 20
        while book.store.tracked(self._ledger.origin).position < self._ledger.head().position:
            self._relay.turn()
            self._relay.listen(0.001)
            feeds.turn(0.02)
            assert time.monotonic() < deadline, "the book does not come to the head"
        connection.release()

    def close(self) -> None:
        self._connections.close()

    def _connected(self) -> Any:
        connection = connect(self._amqp_url)
        self._connections.callback(connection.release)
        return connection


def test_an_old_follower_parks_the_new_version_and_the_new_one_applies_it_in_order(
    open_ledger: OpensLedger, rabbit_server: RabbitServer
) -> None:
    ledger, book_ledger = open_ledger("till"), open_ledger("book")
    old, new = the_till(ledger), new_till(open_ledger("till"))
    for program, message in (
        *((old, opening()), (old, opening("bea")), (old, adding(1))),
        *((new, adding(2)), (new, adding(3)), (old, adding(4, "bea"))),
    ):
        answer(program, message)
    with closing(Bus(ledger, rabbit_server.amqp_url)) as bus:
        bus.bring(old_book(book_ledger))
        waiting = [(each.case_id, each.cloud_event.at) for each in parked_events(book_ledger)]
        assert waiting == [(ADA, 4), (ADA, 5)]

        upgraded = new_book(open_ledger("book"))
        assert answer(upgraded, mending("retry_parked", case_id=str(ADA))).kind == "recorded"
        answer(new, adding(6, "bea"))
        bus.bring(upgraded)

    assert parked_events(book_ledger) == []
    assert written(book_ledger, ADA) == [1, 2, 3]
    assert written(book_ledger, BEA) == [4, 6]


def written(book: PostgresStore, case_id: UUID) -> list[int]:
    """The coins that stand on the page of a case, in the order in which they were written."""
    rows = book.stream(Page.create_id(case_id))
    return [msgspec.json.decode(row.state)["coins"] for row in rows if "Line" in row.topic]


def test_processes_older_than_the_database_say_so_and_work_when_they_are_replaced(
    postgres_server: PostgresServer,
    rabbit_server: RabbitServer,
    proxy: PostgresProxy,
    tmp_path: Path,
) -> None:
    with (
        a_system(postgres_server, rabbit_server, proxy, tmp_path, ["intake"]) as system,
        psycopg.connect(system.database_url, autocommit=True) as session,
    ):
        service, relay = system.services["intake"], system.relays["intake"]
        [(version,)] = session.execute("SELECT version FROM intake.schema_version").fetchall()
        session.execute("UPDATE intake.schema_version SET version = 99")
        proxy.cut()  # Whoever is connected was so before the migration, and may go on until now.

        with pytest.raises(ServiceFailed, match=NEWER):
            system.client.ask("intake", "head")
        assert relay.wait() == 1
        assert re.search(NEWER, last_line(relay))
        system.kill(service)
        service.start()
        assert service.wait() == 1
        assert re.search(NEWER, last_line(service))

        session.execute("UPDATE intake.schema_version SET version = %s", (version,))
        service.start()
        system.wait_for_service("intake")


def last_line(process: OwnProcess) -> str:
    """What a process said last, with its exception."""
    line = msgspec.json.decode(process.log.splitlines()[-1])
    return f"{line['event']} {line['exception']}"
