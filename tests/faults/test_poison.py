"""Messages and events that nobody can read: they stop nothing but themselves, and leave a trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from bus.rabbit.parties import put, waiting
from bus.rabbit.post import UNREADABLE, Sender
from faults.proxy import PostgresProxy
from faults.systems import a_system
from faults.waiting import eventually
from grant_bus.parked import parked_events
from grant_bus.rabbit import command_queue_name, feed_queue_name
from grant_bus.rabbit_rpc import RpcClient
from grant_store.opening import open_store
from grant_store.rows import Append, NewEvent
from grant_store.store import Store
from grant_values.cases import case_id_of
from simulation.clerks import Command
from simulation.journeys import prepare
from simulation.plans import plan_of
from support.authority import person
from support.distributed import LANE, DistributedSystem, OwnProcess
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer

SERVICES = ("intake", "eligibility", "audit")
PLAN = plan_of(11)
NUMBERS = count(1)


@pytest.fixture(scope="module")
def poisoned(
    postgres_server: PostgresServer,
    rabbit_server: RabbitServer,
    proxy: PostgresProxy,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[DistributedSystem]:
    """A system of its own: what is once in a ledger stays there."""
    folder = tmp_path_factory.mktemp("poisoned")
    with a_system(postgres_server, rabbit_server, proxy, folder, SERVICES) as system:
        for command in prepare(PLAN):
            if command.service == "intake":
                assert system.client.command(command.message())["kind"] == "recorded"
        yield system


@pytest.fixture
def eligibility(poisoned: DistributedSystem) -> Iterator[Store]:
    with closing(open_store(poisoned.database_url, "eligibility")) as store:
        yield store


def apply_once_more(system: DistributedSystem, way: str = "nameko-rpc") -> str:
    """One more application; it is recorded, and eligibility hears of it. Returns its reference."""
    command = one_more_application()
    assert outcome_of(system, command, way) == "recorded"
    system.settle()
    return str(command.payload["reference"])


def one_more_application() -> Command:
    number = next(NUMBERS)
    reference = f"POISON-{number:03d}"
    payload = {**PLAN.cases[0].payload, "reference": reference, "fingerprint": f"{number:064x}"}
    return Command(reference, person("applicant"), "intake.submit_application", payload)


def sealed(system: DistributedSystem, command: Command) -> dict[str, Any]:
    """The message of a command as it may travel."""
    [message] = system.border.seal([command.message()])
    assert isinstance(message, dict)
    return message


def outcome_of(system: DistributedSystem, command: Command, way: str) -> str:
    message = sealed(system, command)
    if way == "nameko-rpc":
        return str(system.client.command(message)["kind"])
    with closing(Sender(system.amqp_url, LANE)) as sender:
        sender.send(message)
        return sender.wait_for(1)[0].kind


def test_an_event_that_cannot_be_read_waits_with_its_case_and_the_others_go_on(
    poisoned: DistributedSystem, eligibility: Store
) -> None:
    reference = apply_once_more(poisoned)
    case_id = case_id_of(reference)
    metadata = msgspec.json.encode({"actorid": "client:portal", "caseid": str(case_id)})
    broken = NewEvent(
        uuid4(), uuid4(), 1, "intake.ApplicationSubmitted", 1, b'{"reference":7}', metadata
    )
    with closing(open_store(poisoned.database_url, "intake")) as intake:
        intake.append(Append(events=[broken]))

    apply_once_more(poisoned)

    assert [each.case_id for each in parked_events(eligibility)] == [case_id]
    assert {process.exit_code for process in poisoned.processes} == {None}
    proposal = {"reference": reference, "effective_on": "2020-12-16", "eligible": True}
    command = Command(
        f"{reference} propose",
        person("formal_checker"),
        "eligibility.propose_finding",
        {**proposal, "reasons": "geprüft"},
    )
    assert poisoned.client.command(command.message())["kind"] == "not_yet"


def test_a_message_in_a_feed_that_is_no_batch_ends_its_follower_once_and_nothing_is_lost(
    poisoned: DistributedSystem,
) -> None:
    service = poisoned.services["eligibility"]
    put(poisoned.amqp_url, feed_queue_name("eligibility", f"intake/{LANE}"), b"no batch")

    assert service.wait() == 1
    assert "UnreadableFeed" in service.log.splitlines()[-1]

    service.start()
    poisoned.wait_for_service("eligibility")
    apply_once_more(poisoned)


def test_a_message_in_a_feed_that_the_library_cannot_read_does_not_end_its_follower(
    poisoned: DistributedSystem,
) -> None:
    service = poisoned.services["eligibility"]
    before = laid_aside(service)
    queue = feed_queue_name("eligibility", f"intake/{LANE}")

    put(poisoned.amqp_url, queue, b"[]", correlation_id=b"\xff\xfe")
    eventually("it was laid aside", lambda: laid_aside(service) > before)
    apply_once_more(poisoned)

    assert service.exit_code is None
    assert laid_aside(service) == before + 1


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff no json", "application/json"),
        (b'{"command":"intake.submit_application"', "application/json"),
        (b"[]", "application/json"),
        (b'{"args":[],"kwargs":{}}', "application/json"),
        (b'{"args":7,"kwargs":[]}', "application/json"),
        (b"\x80\x04N.", "application/x-python-serialize"),
    ],
)
@pytest.mark.parametrize("way", ["grants.commands", "nameko-rpc"])
def test_a_command_that_cannot_be_read_does_not_stop_the_others(
    poisoned: DistributedSystem, way: str, body: bytes, content_type: str
) -> None:
    lane = f"{LANE}." if way == "grants.commands" else ""
    post(poisoned.amqp_url, way, f"intake.{lane}submit_application", body, content_type)

    apply_once_more(poisoned, way)

    assert poisoned.services["intake"].exit_code is None


def test_a_command_whose_queue_was_purged_is_sent_again_and_carried_out_once(
    poisoned: DistributedSystem, rabbit_server: RabbitServer
) -> None:
    service, queue = poisoned.services["intake"], command_queue_name(f"intake/{LANE}")
    message = sealed(poisoned, one_more_application())
    with closing(Sender(poisoned.amqp_url, LANE)) as sender:
        poisoned.kill(service)
        sender.send(message)
        eventually("it waits", lambda: waiting(poisoned.amqp_url, queue) == 1)
        assert rabbit_server.purge(queue, poisoned.amqp_url) == 1
        service.start()
        poisoned.wait_for_service("intake")
        assert sender.answers == []

        sender.send(message, message)
        first, second = sender.wait_for(2)

    assert first.kind == "recorded"
    assert (second.kind, second.position) == (first.kind, first.position)


@pytest.mark.parametrize("properties", UNREADABLE, ids=[next(iter(each)) for each in UNREADABLE])
@pytest.mark.parametrize("way", ["grants.commands", "grants.queries", "nameko-rpc"])
def test_a_message_that_the_library_itself_cannot_read_ends_no_service(
    poisoned: DistributedSystem, way: str, properties: dict[str, bytes]
) -> None:
    service = poisoned.services["intake"]
    before = laid_aside(service)
    key = b"intake." if way == "nameko-rpc" else f"intake.{LANE}.".encode()
    others = {name: value for name, value in properties.items() if name != "routing_key"}
    end_of_key = properties.get("routing_key", b"head")

    post(poisoned.amqp_url, way, key + end_of_key, b"poison", "application/json", **others)
    eventually("it was laid aside", lambda: laid_aside(service) > before)
    apply_once_more(poisoned, way)

    assert service.exit_code is None
    assert laid_aside(service) == before + 1


def laid_aside(service: OwnProcess) -> int:
    return service.log.count("an unreadable message was laid aside")


def post(
    amqp_url: str,
    exchange: str,
    key: str | bytes,
    body: bytes,
    content_type: str,
    **properties: bytes,
) -> None:
    with RpcClient(amqp_url) as sender:
        channel: Any = sender._channel
        message = channel.prepare_message(
            body, content_type=content_type, content_encoding="utf-8", properties=properties
        )
        channel.basic_publish(message, exchange=exchange, routing_key=key)
