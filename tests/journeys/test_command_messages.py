"""Commands by message to a service as a process of its own, on real servers, killed on the way."""

from __future__ import annotations

import signal
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.rabbit.post import Sender
from grant_contracts.answers import Answer
from journeys.budget_office import ceilings
from pruefpfad.scripted import script
from support.distributed import LANE, DistributedSystem
from support.postgres import PostgresServer
from support.rabbitmq import RabbitServer


@pytest.fixture
def sender(office: DistributedSystem) -> Iterator[Sender]:
    made = Sender(office.amqp_url, LANE)
    yield made
    made.close()


def test_a_service_answers_a_command_by_message_as_it_answers_it_by_rpc(
    office: DistributedSystem, sender: Sender, short_example: Path
) -> None:
    [message] = ceilings(office, short_example, "both-ways", 1)
    sender.send(message)

    [answer] = sender.wait_for(1)

    assert answer.kind == "recorded"
    assert office.client.command(message) == {
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
    office: DistributedSystem, sender: Sender, short_example: Path
) -> None:
    head = office.client.ask("budgeting", "head")["value"]["position"]
    messages = ceilings(office, short_example, "killed", 300)
    budgeting = office.services["budgeting"]

    for start in range(0, 300, 100):
        sender.send(*messages[start : start + 100])
        sender.wait_for(start + 1)
        office.kill(budgeting)
        budgeting.start()
        wait_for_keys(sender, start + 100)
    office.wait_for_service("budgeting")

    answers: dict[str, list[Answer]] = defaultdict(list)
    for key, answer in sender.answers:
        answers[key].append(answer)
    assert {answer.kind for _, answer in sender.answers} == {"recorded"}
    assert all(each == repeats[0] for repeats in answers.values() for each in repeats)
    positions = [answers[message["key"]][0].position for message in messages]
    assert positions == list(range(head + 1, head + 301))


def test_commands_outlive_a_restart_of_the_broker(
    office: DistributedSystem,
    rabbit_server: RabbitServer,
    short_example: Path,
) -> None:
    [message] = ceilings(office, short_example, "outlives", 1)
    budgeting = office.services["budgeting"]
    office.kill(budgeting)
    first = Sender(office.amqp_url, LANE)
    first.send(message, reply_to=None)
    first.close()
    office.forget_client()
    rabbit_server.stop()
    rabbit_server.start()

    budgeting.start()
    office.wait_for_service("budgeting")
    again = Sender(office.amqp_url, LANE)
    again.send(message)
    [answer] = again.wait_for(1)
    again.close()

    assert answer.kind == "recorded"
    outcome = office.client.ask(
        "budgeting", "outcome", sender=script.BUDGET_OFFICER.actor_id, key=message["key"]
    )
    assert outcome["value"]["positions"] == [answer.position, answer.position]


def test_commands_wait_for_a_database_that_is_gone_and_each_has_one_outcome_in_the_end(
    office: DistributedSystem,
    postgres_server: PostgresServer,
    sender: Sender,
    short_example: Path,
) -> None:
    head = office.client.ask("budgeting", "head")["value"]["position"]
    messages = ceilings(office, short_example, "database-gone", 300)
    open_ones = {message["key"]: message for message in messages}
    sender.send(*messages)
    sender.wait_for(1)

    postgres_server.stop("immediate")
    sender.listen(1.0)
    told_meanwhile = [answer for _, answer in sender.answers]
    postgres_server.start()
    heard = 0
    while open_ones:
        answers = sender.wait_for(heard + 1)
        for answer in answers[heard:]:
            if answer.kind == "unknown":
                sender.send(open_ones[answer.key])
            else:
                open_ones.pop(answer.key, None)
        heard = len(answers)

    assert {answer.kind for answer in told_meanwhile} <= {"recorded", "unknown"}
    final = {answer.key: answer for _, answer in sender.answers if answer.kind != "unknown"}
    assert {answer.kind for answer in final.values()} == {"recorded"}
    positions = sorted(answer.position for answer in final.values())
    assert positions == list(range(head + 1, head + 301))


def test_a_service_that_is_asked_to_end_answers_what_it_began_and_leaves_the_rest(
    office: DistributedSystem, sender: Sender, short_example: Path
) -> None:
    messages = ceilings(office, short_example, "drained", 500)
    budgeting = office.services["budgeting"]
    sender.send(*messages)
    sender.wait_for(1)

    budgeting.signal(signal.SIGTERM)
    assert budgeting.wait() == 0
    budgeting.start()
    wait_for_keys(sender, 500)
    office.wait_for_service("budgeting")

    # A busy broker may not have taken the last acknowledgement: then an answer comes again.
    in_order = list(dict.fromkeys(key for key, _ in sender.answers))
    assert in_order == [message["key"] for message in messages]
    assert len({answer.position for _, answer in sender.answers}) == 500
    assert {answer.kind for _, answer in sender.answers} == {"recorded"}


def wait_for_keys(sender: Sender, count: int) -> None:
    """Until that many commands have an answer; some may have it twice."""
    while len({key for key, _ in sender.answers}) < count:
        sender.wait_for(len(sender.answers) + 1)
