"""A relay that has nothing to do wakes when its service says that something is recorded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bus.rabbit.parties import Upstream, waiting
from grant_bus.rabbit import connect, resend_queue
from grant_bus.rabbit_publisher import RabbitPrompts
from grant_bus.rabbit_relay import PROMPTS_AT_ONCE

LONG_SECONDS = 60.0
SHORT_SECONDS = 2.0
DEADLINE_SECONDS = 20.0


@pytest.fixture
def connection(amqp_url: str) -> Iterator[Any]:
    connection = connect(amqp_url)
    yield connection
    connection.release()


def test_a_prompt_ends_the_wait_of_an_idle_relay(upstream: Upstream, connection: Any) -> None:
    prompts = RabbitPrompts(connection.channel(), upstream.origin)
    with ThreadPoolExecutor(1) as threads:
        wait = threads.submit(upstream.relay.listen, LONG_SECONDS)
        upstream.record(3)
        prompts.prompt()
        wait.result(timeout=DEADLINE_SECONDS)

    assert upstream.turn() == 3


def test_all_prompts_that_wait_are_taken_at_once(
    upstream: Upstream, connection: Any, amqp_url: str
) -> None:
    channel = connection.channel()
    prompts = RabbitPrompts(channel, upstream.origin)
    for _ in range(50):
        prompts.prompt()
    channel.queue_declare(resend_queue(upstream.origin).name, passive=True)  # All have arrived.

    upstream.relay.listen(LONG_SECONDS)
    upstream.relay.listen(0.5)

    assert waiting(amqp_url, resend_queue(upstream.origin).name) == 0


def test_whoever_prompts_without_a_pause_does_not_keep_the_relay_from_its_work(
    upstream: Upstream, connection: Any
) -> None:
    channel = connection.channel()
    prompts = RabbitPrompts(channel, upstream.origin)
    for _ in range(2 * PROMPTS_AT_ONCE):
        prompts.prompt()
    channel.queue_declare(resend_queue(upstream.origin).name, passive=True)  # All have arrived.
    upstream.relay.listen(LONG_SECONDS)

    started_at = time.monotonic()
    upstream.relay.listen(SHORT_SECONDS)

    assert time.monotonic() - started_at < SHORT_SECONDS, "it took no more than its share before"


def test_a_prompt_for_a_relay_that_is_not_there_is_lost_without_harm(connection: Any) -> None:
    channel = connection.channel()

    RabbitPrompts(channel, "intake/nowhere").prompt()

    channel.queue_declare("", exclusive=True)  # The channel is still open.
