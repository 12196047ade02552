"""A caller keeps what it still waits for, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from grant_bus.rabbit import JSON, RPC, connect, rpc_queue
from grant_bus.rabbit_rpc import NoAnswer, RpcClient


@pytest.fixture
def service(amqp_url: str, lane: str) -> Iterator[Any]:
    """The queue of calls to a service that takes its time."""
    connection = connect(amqp_url)
    queue = rpc_queue(lane)(connection.channel())
    queue.declare()
    yield queue
    queue.delete()
    connection.release()


def test_a_reply_that_comes_too_late_is_dropped(amqp_url: str, lane: str, service: Any) -> None:
    with RpcClient(amqp_url, timeout_seconds=0.2) as client:
        for _ in range(2):
            with pytest.raises(NoAnswer, match="did not answer in time"):
                client.ask(lane, "head")
            reply_to(service)
        with pytest.raises(NoAnswer):
            client.ask(lane, "head")

        assert not client._replies


def test_a_question_that_reached_nobody_is_forgotten_with_its_answer(amqp_url: str) -> None:
    with RpcClient(amqp_url) as client:
        with pytest.raises(NoAnswer, match="There is no service"):
            client.ask("nobody", "head")

        assert not client._unroutable


def reply_to(service: Any) -> None:
    call = service.get(no_ack=True)
    reply = service.channel.prepare_message(
        b'{"result": 7, "error": null}',
        content_type=JSON,
        properties={"correlation_id": call.properties["correlation_id"]},
    )
    service.channel.basic_publish(reply, exchange=RPC.name, routing_key=call.properties["reply_to"])
