"""What was published has been taken by the broker, in order; what was not is an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from bus.rabbit.parties import Upstream
from grant_bus.feed import cloud_event
from grant_bus.rabbit import (
    BATCH,
    EVENT,
    EVENTS,
    FEED,
    RESEND,
    Queue,
    connect,
    feed_queue,
    feed_queue_name,
    routing_key,
)
from grant_bus.rabbit_publisher import NotTaken, RabbitPublisher, RabbitResendRequests
from grant_bus.rabbit_relay import ask_head


@pytest.fixture
def connection(amqp_url: str) -> Iterator[Any]:
    opened = connect(amqp_url)
    yield opened
    opened.release()


def test_when_publish_returns_the_broker_has_everything_in_order(
    upstream: Upstream, connection: Any
) -> None:
    publisher = RabbitPublisher(connection)
    channel = connection.channel()
    queue = Queue("", exchange=FEED, routing_key=routing_key(upstream.origin), exclusive=True)(
        channel
    )
    queue.declare()
    bodies = [f"[{number}]".encode() for number in range(2_000)]

    publisher.publish(upstream.origin, bodies)

    assert channel.queue_declare(queue.name, passive=True).message_count == 2_000
    received = [queue.get(no_ack=True) for _ in bodies]
    assert [bytes(message.body) for message in received] == bodies
    assert {message.content_type for message in received} == {BATCH}
    assert {message.properties["delivery_mode"] for message in received} == {2}


def test_a_message_that_the_broker_refuses_is_an_error_and_not_passed_over(
    upstream: Upstream, connection: Any
) -> None:
    publisher = RabbitPublisher(connection)
    full = Queue(
        "",
        exclusive=True,
        exchange=FEED,
        routing_key=routing_key(upstream.origin),
        queue_arguments={"x-max-length": 1, "x-overflow": "reject-publish"},
    )
    full(connection.channel()).declare()

    with pytest.raises(NotTaken):
        publisher.publish(upstream.origin, [b"[]", b"[]", b"[]"])


def test_publishing_for_nobody_is_no_error(upstream: Upstream, connection: Any) -> None:
    RabbitPublisher(connection).publish(upstream.origin, [b"[]"])


def test_a_resend_reaches_the_one_follower_that_asked(upstream: Upstream, connection: Any) -> None:
    publisher = RabbitPublisher(connection)
    channel = connection.channel()
    for follower in ("eligibility", "audit"):
        feed_queue(follower, upstream.origin)(channel).declare()

    publisher.resend(upstream.origin, "audit", [b"[]", b"[]"])

    counts = [
        channel.queue_declare(
            feed_queue_name(follower, upstream.origin), passive=True
        ).message_count
        for follower in ("eligibility", "audit")
    ]
    assert counts == [0, 2]


def test_single_events_can_be_listened_to_by_topic(upstream: Upstream, connection: Any) -> None:
    channel = connection.channel()
    queue = Queue("", exchange=EVENTS, routing_key="intake.#", exclusive=True)(channel)
    queue.declare()
    upstream.record(3)

    upstream.turn_until_idle()

    received = [queue.get(no_ack=True) for _ in range(3)]
    rows = upstream.store.events_after(0, 3)
    assert [bytes(message.body) for message in received] == [
        cloud_event(upstream.origin, row) for row in rows
    ]
    assert {message.content_type for message in received} == {EVENT}
    assert received[0].delivery_info["routing_key"] == "intake.ApplicationSubmitted"


def test_a_relay_goes_on_after_its_position_when_it_is_started_again(
    upstream: Upstream, connection: Any, amqp_url: str
) -> None:
    channel = connection.channel()
    queue = Queue("", exchange=EVENTS, routing_key="#", exclusive=True)(channel)
    upstream.record(3)
    upstream.turn_until_idle()
    queue.declare()
    upstream.record(2)

    upstream.start_again()
    upstream.turn_until_idle()

    assert channel.queue_declare(queue.name, passive=True).message_count == 2
    assert upstream.store.relayed() == 5


def test_a_request_says_who_asks_and_after_which_position(
    upstream: Upstream, connection: Any
) -> None:
    channel = connection.channel()
    key = routing_key(upstream.origin)
    queue = Queue("", exchange=RESEND, routing_key=key, exclusive=True)(channel)
    queue.declare()

    RabbitResendRequests(channel).ask_resend(upstream.origin, "audit", 7)

    asked = msgspec.json.decode(bytes(queue.get(no_ack=True).body))
    assert asked == {"follower": "audit", "after_position": 7}


def test_silence_of_a_relay_is_noticed_by_whoever_asks_for_its_head(
    upstream: Upstream, amqp_url: str
) -> None:
    # The relay of this test only turns when it is told to.
    with pytest.raises(TimeoutError):
        ask_head(amqp_url, upstream.origin, timeout_seconds=0.2)
