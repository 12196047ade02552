"""Commands by message to a service as a process of its own, on real servers, killed on the way."""

from __future__ import annotations

import signal
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bus.rabbit.post import Sender
from grant_contracts.answers import Answer
from journeys.published_list import purpose_of, scenario_of
from pruefpfad.scripted import script
from pruefpfad.scripted.scenario import Scenario
from support.distributed import LANE, DistributedSystem
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer


@pytest.fixture(scope="module")
def system(
    postgres_server: PostgresServer,
    rabbit_server: RabbitServer,
    short_example: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[DistributedSystem]:
    name = f"commands_{uuid4().hex}"
    with DistributedSystem(
        postgres_server.create_database(name),
        rabbit_server.create_virtual_host(name),
        tmp_path_factory.mktemp("commands"),
        services=("intake", "budgeting"),
        demonstration=purpose_of(short_example),
    ) as started:
        open_the_line(started, short_example)
        yield started
    rabbit_server.delete_virtual_host(name)
    postgres_server.drop_database(name)


@pytest.fixture
def sender(system: DistributedSystem) -> Iterator[Sender]:
    made = Sender(system.amqp_url, LANE)
    yield made
    made.close()


def test_a_service_answers_a_command_by_message_as_it_answers_it_by_rpc(
    system: DistributedSystem, sender: Sender, short_example: Path
) -> None:
    [message] = ceilings(system, short_example, "both-ways", 1)
    sender.send(message)

    [answer] = sender.wait_for(1)

    assert answer.kind == "recorded"
    assert system.client.command(message) == {
        "kind": "recorded",
        "command": "budgeting.change_ceiling",
        "key": answer.key,
        "position": answer.position,
        "event_ids": [str(event_id) for event_id in answer.event_ids],
        "reason": "",
        "errors": {},
        "code": "",
        "retry_after_seconds": 0.0,
    }


def test_a_service_killed_over_its_commands_gives_each_of_them_one_outcome(
    system: DistributedSystem, sender: Sender, short_example: Path
) -> None:
    head = system.client.ask("budgeting", "head")["value"]["position"]
    messages = ceilings(system, short_example, "killed", 300)
    budgeting = system.services["budgeting"]

    for start in range(0, 300, 100):
        sender.send(*messages[start : start + 100])
        sender.wait_for(start + 1)
        system.kill(budgeting)
        budgeting.start()
        wait_for_keys(sender, start + 100)
    system.wait_for_service("budgeting")

    answers: dict[str, list[Answer]] = defaultdict(list)
    for key, answer in sender.answers:
        answers[key].append(answer)
    assert {answer.kind for _, answer in sender.answers} == {"recorded"}
    assert all(each == repeats[0] for repeats in answers.values() for each in repeats)
    positions = [answers[message["key"]][0].position for message in messages]
    assert positions == list(range(head + 1, head + 301))


def test_commands_outlive_a_restart_of_the_broker(
    system: DistributedSystem,
    rabbit_server: RabbitServer,
    short_example: Path,
) -> None:
    [message] = ceilings(system, short_example, "outlives", 1)
    budgeting = system.services["budgeting"]
    system.kill(budgeting)
    first = Sender(system.amqp_url, LANE)
    first.send(message, reply_to=None)
    first.close()
    system.forget_client()
    rabbit_server.stop()
    rabbit_server.start()

    budgeting.start()
    system.wait_for_service("budgeting")
    again = Sender(system.amqp_url, LANE)
    again.send(message)
    [answer] = again.wait_for(1)
    again.close()

    assert answer.kind == "recorded"
    outcome = system.client.ask(
        "budgeting", "outcome", sender=script.BUDGET_OFFICER.actor_id, key=message["key"]
    )
    assert outcome["value"]["positions"] == [answer.position, answer.position]


def test_a_service_that_is_asked_to_end_answers_what_it_began_and_leaves_the_rest(
    system: DistributedSystem, sender: Sender, short_example: Path
) -> None:
    messages = ceilings(system, short_example, "drained", 500)
    budgeting = system.services["budgeting"]
    sender.send(*messages)
    sender.wait_for(1)

    budgeting.signal(signal.SIGTERM)
    assert budgeting.wait() == 0
    budgeting.start()
    sender.wait_for(500)
    system.wait_for_service("budgeting")

    assert [key for key, _ in sender.answers] == [message["key"] for message in messages]
    assert {answer.kind for _, answer in sender.answers} == {"recorded"}


def wait_for_keys(sender: Sender, count: int) -> None:
    """Until that many commands have an answer; some have it twice after a kill."""
    while len({key for key, _ in sender.answers}) < count:
        sender.wait_for(len(sender.answers) + 1)


def ceilings(
    system: DistributedSystem, example: Path, name: str, count: int
) -> list[dict[str, Any]]:
    """As many changes of the one budget line."""
    scenario = scenario_of(example)
    cast, line = scenario.cast(system.key), the_line(scenario)
    return [
        cast.message(
            script.BUDGET_OFFICER,
            "budgeting.change_ceiling",
            f"{name}-{number}",
            {**line, "ceiling": f"{1_000 + number}.00", "reason": name},
        )
        for number in range(count)
    ]


def the_line(scenario: Scenario) -> dict[str, Any]:
    return {
        "programme": scenario.programme,
        "fund": "Land",
        "year": 2031,
        "effective_on": "2020-11-03",
    }


def open_the_line(system: DistributedSystem, example: Path) -> None:
    """Register the programme, wait until budgeting has heard of it, and open a budget line."""
    scenario = scenario_of(example)
    cast = scenario.cast(system.key)
    register = cast.message(
        script.MANAGING_AUTHORITY,
        "intake.register_programme",
        "programme",
        {"definition": scenario.definition},
    )
    line = {**the_line(scenario), "ceiling": "1000.00"}
    opening = cast.message(script.BUDGET_OFFICER, "budgeting.open_budget_line", "line", line)
    assert system.client.command(register)["kind"] == "recorded"
    system.settle()
    assert system.client.command(opening)["kind"] == "recorded"
