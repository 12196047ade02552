"""A broker that is short of memory takes nothing: relays wait, and services go on recording."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from faults.waiting import eventually
from grant_bus.rabbit import BATCH, RESEND, connect
from grant_bus.rabbit_confirms import Confirms
from grant_bus.rabbit_relay import ask_head
from grant_bus.rabbit_rpc import RpcClient
from grant_store.opening import open_store
from grant_store.store import Store
from pruefpfad.scripted import script, story
from pruefpfad.scripted.script import Cast, Message
from support.distributed import DistributedSystem
from support.rabbitmq import RabbitServer

COMMANDS = 8
END_SECONDS = 30.0


@pytest.fixture
def system(
    postgres_database: str, rabbit_virtual_host: str, tmp_path: Path
) -> Iterator[DistributedSystem]:
    with DistributedSystem(
        postgres_database,
        rabbit_virtual_host,
        tmp_path,
        services=["budgeting", "audit"],
        demonstration="A broker that is short of memory",
    ) as started:
        yield started


@pytest.fixture
def store(system: DistributedSystem) -> Iterator[Store]:
    with closing(open_store(system.database_url, "budgeting")) as store:
        yield store


def test_while_the_broker_takes_nothing_services_record_and_the_relay_waits(
    system: DistributedSystem, store: Store, rabbit_server: RabbitServer
) -> None:
    relay, service = system.relays["budgeting"], system.services["budgeting"]
    before = store.head().position

    with ThreadPoolExecutor(COMMANDS) as callers:
        service.signal(signal.SIGSTOP)
        answers = callers.map(lambda number: ask(system, number), range(COMMANDS))
        eventually("the commands are in the queue", lambda: queued(rabbit_server, system))
        with rabbit_server.out_of_memory():
            service.signal(signal.SIGCONT)
            eventually("all is recorded", lambda: store.head().position == before + COMMANDS)
            eventually("the relay knows", lambda: "takes nothing for now" in relay.log)
            relayed = store.relayed()
        assert [answer["kind"] for answer in answers] == ["refused"] * COMMANDS

    eventually("the relay goes on", lambda: store.relayed() == before + COMMANDS)
    audit = open_store(system.database_url, "audit")
    with closing(audit):
        eventually(
            "audit has followed",
            lambda: audit.tracked("budgeting/main").position == before + COMMANDS,
        )
    assert relayed < before + COMMANDS
    assert "relaying again later" not in relay.log
    assert (relay.exit_code, service.exit_code) == (None, None)


def test_a_relay_that_waits_for_the_broker_ends_in_order_when_it_is_asked_to(
    system: DistributedSystem, store: Store, rabbit_server: RabbitServer
) -> None:
    relay = system.relays["budgeting"]

    with rabbit_server.out_of_memory():
        # Its announcements are messages as well, so it meets the alarm by itself.
        eventually("the relay knows", lambda: "takes nothing for now" in relay.log)
        relay.signal(signal.SIGTERM)
        assert relay.wait(10) == 0


def test_a_service_ends_in_order_while_the_broker_takes_no_answers_and_the_next_one_gives_them(
    system: DistributedSystem, store: Store, rabbit_server: RabbitServer
) -> None:
    service = system.services["budgeting"]
    before = store.head().position

    with ThreadPoolExecutor(COMMANDS) as callers:
        service.signal(signal.SIGSTOP)
        answers = callers.map(lambda number: ask(system, number), range(COMMANDS))
        eventually("the commands are in the queue", lambda: queued(rabbit_server, system))
        with rabbit_server.out_of_memory():
            service.signal(signal.SIGCONT)
            eventually("all is recorded", lambda: store.head().position == before + COMMANDS)
            service.signal(signal.SIGTERM)
            assert service.wait(END_SECONDS) == 0
        service.start()
        assert [answer["kind"] for answer in answers] == ["refused"] * COMMANDS

    assert store.head().position == before + COMMANDS


def test_a_blocked_broker_is_waited_for_longer_than_a_silent_one(
    rabbit_server: RabbitServer, rabbit_virtual_host: str
) -> None:
    confirms = Confirms(connect(rabbit_virtual_host), timeout_seconds=0.5)
    with rabbit_server.out_of_memory():
        lifted = Timer(4.0, rabbit_server.ctl, ["set_vm_memory_high_watermark", "0.6"])
        lifted.start()
        for _ in range(3):
            confirms.send(b"[]", BATCH, "", "nowhere")
            assert confirms.wait() == 0
        lifted.join()
    confirms.release()


def test_whoever_is_to_end_does_not_wait_for_a_blocked_broker(
    rabbit_server: RabbitServer, rabbit_virtual_host: str
) -> None:
    confirms = Confirms(connect(rabbit_virtual_host), is_ending=lambda: True)
    with rabbit_server.out_of_memory():
        with pytest.raises(TimeoutError, match="has not confirmed 1 messages"):
            for _ in range(100):
                confirms.send(b"[]", BATCH, "", "nowhere")
                confirms.wait()
        confirms.release()


def test_whoever_asks_a_relay_for_its_head_is_told_in_time_that_there_is_no_answer(
    rabbit_server: RabbitServer, rabbit_virtual_host: str
) -> None:
    connection = connect(rabbit_virtual_host)
    RESEND(connection.channel()).declare()
    connection.release()

    with rabbit_server.out_of_memory(), pytest.raises(TimeoutError):
        # Its answer would be a message as well. That the broker is blocked comes in its place.
        ask_head(rabbit_virtual_host, "budgeting/main", timeout_seconds=1.0)


def queued(server: RabbitServer, system: DistributedSystem) -> bool:
    """Whether every command is in the queue of the service, handed out to it or not."""
    virtual_host = system.amqp_url.rpartition("/")[2]
    listed = server.ctl("list_queues", "--vhost", virtual_host, "name", "messages")
    return f"rpc-budgeting\t{COMMANDS}" in listed


def ask(system: DistributedSystem, number: int) -> Any:
    with RpcClient(system.amqp_url, timeout_seconds=60) as client:
        return client.command(a_command(system, number))


def a_command(system: DistributedSystem, number: int) -> Message:
    """One that is refused for want of authority, and so recorded without anything before it."""
    cast = Cast(system.key, *story.MANDATES)
    payload = {
        "programme": "zusammen-im-quartier",
        "fund": "Land",
        "year": 2030 + number,
        "ceiling": "1000.00",
        "effective_on": "2020-11-03",
    }
    key = f"blocked-{number}"
    return cast.message(script.APPLICANT, "budgeting.open_budget_line", key, payload)
