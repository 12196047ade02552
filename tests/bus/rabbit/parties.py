"""An upstream with a relay and services that follow it, over a real broker. No nameko here."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from grant_bus.actors import TokenCheck, new_signing_key
from grant_bus.desk import Desk
from grant_bus.feed import Announcement, pack
from grant_bus.policies import EveryEvent
from grant_bus.rabbit import BATCH, connect, feed_queue_name
from grant_bus.rabbit_follower import Feeds
from grant_bus.rabbit_publisher import RabbitPublisher
from grant_bus.rabbit_relay import RabbitRelay
from grant_bus.writer import Writer
from grant_contracts.envelope import CloudEvent
from grant_store.catalogue import Catalogue
from grant_store.rows import Append, NewEvent
from grant_store.sqlite import SQLiteStore
from grant_store.standing import StandingAggregates
from grant_store.store import Store
from grant_store.work import UnitOfWork

DEADLINE_SECONDS = 20.0
SEEN = "seen"

Policy = Callable[[UnitOfWork, CloudEvent], None]


def write_down(work: UnitOfWork, event: CloudEvent) -> None:
    """The policy of the tests: each event is written under its position, and how often it came."""
    key = f"{event.at:06}"
    work.write_document(SEEN, key, (work.document(SEEN, key) or 0) + 1)


class MakesDownstream(Protocol):
    """One more follower of the upstream of this test."""

    def __call__(self, service: str = "eligibility", policy: Policy = ...) -> Downstream: ...


class Upstream:
    """The ledger of intake and its relay."""

    def __init__(self, folder: Path, amqp_url: str, lane: str) -> None:
        self.store = SQLiteStore(folder / f"intake.{uuid4()}.sqlite3", "intake", lane)
        self.store.migrate()
        self.origin = self.store.origin
        self._amqp_url = amqp_url
        self._connect()

    def _connect(self) -> None:
        self._connection = connect(self._amqp_url)
        self.relay = RabbitRelay(self.store, self._connection)
        self.publisher = RabbitPublisher(self._connection)

    def start_again(self) -> None:
        """A relay that knows nothing but what the store says."""
        self._connection.release()
        self._connect()

    def record(self, count: int) -> None:
        self.store.append(Append(events=[an_event() for _ in range(count)]))

    def turn(self) -> int:
        moved = self.relay.turn()
        self.relay.listen(0.001)
        return moved

    def turn_until_idle(self) -> None:
        while self.turn():
            pass

    def announce(self) -> None:
        self.publisher.announce(self.announcement_of(self.store.head().position))

    def announcement_of(self, position: int) -> Announcement:
        """What the relay announced when the head was at this position."""
        [row] = self.store.events_after(position - 1, 1)
        return Announcement(self.origin, position, row.leaf_hash.hex())

    def body(self, first: int, last: int) -> bytes:
        """A message with the events from one position to another."""
        return pack(self.origin, self.store.events_after(first - 1, last - first + 1))

    def close(self) -> None:
        self._connection.release()
        self.store.close()


class Downstream:
    """A service that follows intake and writes down what it hears."""

    def __init__(
        self, folder: Path, amqp_url: str, lane: str, service: str, policy: Policy = write_down
    ) -> None:
        self.store = SQLiteStore(folder / f"{service}.sqlite3", service, lane)
        self.upstream = f"intake/{lane}"
        self.queue = feed_queue_name(service, self.upstream)
        self.store.migrate()
        self.writer = a_writer(self.store, policy)
        self.amqp_url = amqp_url
        self.connect()

    def connect(self) -> None:
        """Begin to follow, as after a start or a lost connection."""
        self._connection = connect(self.amqp_url)
        self.feeds = Feeds(self._connection, self.writer, lambda job: job())

    def disconnect(self) -> None:
        """As if the process were gone: nothing is acknowledged any more."""
        self._connection.release()

    @property
    def position(self) -> int:
        return self.store.tracked(self.upstream).position

    @property
    def seen(self) -> dict[int, int]:
        """How often each position was applied."""
        return {int(page.key): int(page.body or b"0") for page in self.store.documents(SEEN)}

    def turn(self, seconds: float = 0.02) -> int:
        return self.feeds.turn(seconds)

    def close(self) -> None:
        self.disconnect()
        self.store.close()


def a_writer(store: Store, policy: Policy = write_down) -> Writer:
    """The writer of a service without commands, which follows intake."""
    standing = StandingAggregates(store.service)
    tokens = TokenCheck(new_signing_key(), lambda: datetime.now(UTC))
    desk = Desk(store.service, {}, standing, tokens, lambda: datetime.now(UTC))
    policies = EveryEvent(["intake"], policy)
    return Writer(store, Catalogue(standing.classes), desk, policies)


def each_once(last: int) -> dict[int, int]:
    """What a follower has seen that lost nothing and did nothing twice."""
    return dict.fromkeys(range(1, last + 1), 1)


def turn_until(done: Callable[[], bool], *parties: Upstream | Downstream) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not done():
        for party in parties:
            party.turn()
        assert time.monotonic() < deadline, "nothing more happened"


def put(
    amqp_url: str, queue: str, *bodies: bytes, content_type: str = BATCH, **properties: Any
) -> None:
    """Lay messages into a queue by hand, in this order."""
    connection = connect(amqp_url)
    channel = connection.channel()
    for body in bodies:
        message = channel.prepare_message(body, content_type=content_type, properties=properties)
        channel.basic_publish(message, routing_key=queue)
    connection.release()


def waiting(amqp_url: str, queue: str) -> int:
    """How many messages are ready in a queue."""
    connection = connect(amqp_url)
    count: Any = connection.channel().queue_declare(queue, passive=True).message_count
    connection.release()
    return int(count)


def an_event() -> NewEvent:
    state = b'{"reference":"ZIQ-2020-0001"}'
    topic = "intake.ApplicationSubmitted"
    return NewEvent(uuid4(), uuid4(), 1, topic, 1, state, b'{"actorid":"client:portal"}')
