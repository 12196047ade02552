"""Publishing a ledger: our relay against a confirm per message, and against bare kombu."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from time import perf_counter
from typing import Any

from benchmarks.bench import Bench
from benchmarks.results import Measurement, in_turn
from benchmarks.sides import SERVICE, our_events
from grant_bus.feed import cloud_event
from grant_bus.rabbit import EVENT, FEED, connect, feed_queue, routing_key
from grant_bus.rabbit_confirms import PERSISTENT
from grant_bus.rabbit_publisher import RabbitPublisher
from grant_bus.relay import Relay
from grant_store.postgres import PostgresStore
from grant_store.rows import Append
from grant_store.store import Store

UNIT = "events/s"
FOLLOWER = "disbursement"


def confirms(bench: Bench) -> Measurement:
    """All that the relay does, from the ledger to the moved position, against publishing alone."""
    return _against(bench, "relay.confirms", True, "one message and one confirm per event")


def kombu(bench: Bench) -> Measurement:
    """The same against messages that nobody confirms: how near the limit."""
    return _against(bench, "relay.kombu", False, "bare kombu: one message per event, no confirms")


def _against(bench: Bench, name: str, is_confirmed: bool, other_side: str) -> Measurement:
    with ExitStack() as opened:
        store = opened.enter_context(closing(PostgresStore(bench.new_database(), SERVICE)))
        store.migrate()
        for _ in range(0, bench.sizes.relayed_events, 10):
            store.append(Append(events=our_events(10)))
        connection = connect(bench.new_virtual_host())
        opened.callback(connection.release)
        publisher = RabbitPublisher(connection)
        feed_queue(FOLLOWER, store.origin)(connection.channel()).declare()
        bare = _one_by_one(connection, store, is_confirmed)
        return in_turn(
            name,
            UNIT,
            bench.sizes.rounds,
            lambda: _relayed(store, publisher),
            bare,
            other_side,
            bench.say,
        )


class _FromTheStart:
    """A store whose relay has not begun yet; where it comes to is written all the same."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def relayed(self) -> int:
        return 0


def _relayed(store: Store, publisher: RabbitPublisher) -> float:
    relay = Relay(_FromTheStart(store), publisher)
    started = perf_counter()
    sent = 0
    while published := relay.pump():
        sent += published
    return sent / (perf_counter() - started)


def _one_by_one(connection: Any, store: Store, is_confirmed: bool) -> Callable[[], float]:
    channel = connection.channel()
    if is_confirmed:
        # py-amqp's own way of waiting for each confirm.
        channel.confirm_select()
    publish = channel.basic_publish_confirm if is_confirmed else channel.basic_publish

    def rate() -> float:
        started = perf_counter()
        rows = store.events_after(0, store.head().position)
        for row in rows:
            message = channel.prepare_message(
                cloud_event(store.origin, row),
                content_type=EVENT,
                properties={"delivery_mode": PERSISTENT},
            )
            publish(message, exchange=FEED.name, routing_key=routing_key(store.origin))
        return len(rows) / (perf_counter() - started)

    return rate
