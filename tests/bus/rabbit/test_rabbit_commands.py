"""A command by message is carried out once and answered, in its order and under its key."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import msgspec
import pytest

from bus.rabbit.parties import waiting
from bus.rabbit.post import DEAD, DEADLINE_SECONDS, Sender, Till
from bus.till import adding, opening
from grant_bus.rabbit import COMMANDS, JSON
from grant_bus.rabbit_commands import Decide
from grant_contracts.answers import Answer

REPLY_TO = "amq.rabbitmq.reply-to"
"""RabbitMQ's "direct reply-to": an address that needs no queue."""


def test_a_command_is_carried_out_and_its_answer_bears_the_correlation_id(
    till: Till, sender: Sender
) -> None:
    sender.send(opening("ada", key="k-1"), correlation_id="my-number-7")

    [answer] = sender.wait_for(1, till)

    assert (answer.kind, answer.command, answer.key) == ("recorded", "till.open_purse", "k-1")
    assert sender.answers[0][0] == "my-number-7"
    [row] = till.store.events_after(0, 10)
    assert (answer.position, answer.event_ids) == (row.position, (row.event_id,))


def test_a_refusal_and_a_field_and_an_unknown_case_are_answered_as_such(
    till: Till, sender: Sender
) -> None:
    sender.send(opening("ada"), adding(101), adding(0), adding(1, "nobody"))

    answers = sender.wait_for(4, till)

    assert [answer.kind for answer in answers] == ["recorded", "refused", "invalid", "not_yet"]
    assert answers[1].reason == "purse_full"
    assert list(answers[2].errors) == ["payload.coins"]


def test_a_thousand_commands_under_way_at_once_are_each_answered_once_and_in_order(
    till: Till, sender: Sender
) -> None:
    sender.send(opening("ada"))
    sender.wait_for(1, till)
    messages = [adding(1, note=str(number)) for number in range(1_000)]

    sender.send(*messages)
    sender.wait_for(1_001, till)
    sender.listen(0.2)

    assert [key for key, _ in sender.answers[1:]] == [message["key"] for message in messages]
    kinds = [answer.kind for _, answer in sender.answers]
    assert kinds == ["recorded"] * 101 + ["refused"] * 900
    assert [answer.position for _, answer in sender.answers] == list(range(1, 1_002))
    assert max(till.batches) == 100, "they are committed together"


def test_two_senders_are_each_answered_in_their_order(
    till: Till, sender: Sender, amqp_url: str, lane: str, parties: ExitStack
) -> None:
    other = Sender(amqp_url, lane)
    parties.callback(other.close)
    sender.send(opening("ada"), opening("bea"))
    sender.wait_for(2, till)
    for number in range(50):
        sender.send(adding(1, "ada", key=f"ada-{number}"))
        other.send(adding(1, "bea", key=f"bea-{number}"))

    sender.wait_for(52, till)
    other.wait_for(50, till)

    assert [key for key, _ in sender.answers[2:]] == [f"ada-{number}" for number in range(50)]
    assert [key for key, _ in other.answers] == [f"bea-{number}" for number in range(50)]


class TestIdempotency:
    """A key of a sender is one command, however often and whenever it comes."""

    def test_sent_again_it_gets_the_recorded_answer(self, till: Till, sender: Sender) -> None:
        message = opening("ada", key="k-1")
        sender.send(message, message)
        sender.wait_for(2, till)
        sender.send(message)

        first, second, third = sender.wait_for(3, till)

        assert first == second == third
        assert till.store.head().position == 1

    def test_another_body_under_the_same_key_is_an_error_that_says_so(
        self, till: Till, sender: Sender
    ) -> None:
        sender.send(opening("ada", key="k-1"), opening("bea", key="k-1"))

        first, second = sender.wait_for(2, till)

        assert first.kind == "recorded"
        assert second.errors == {
            "key": ["expected a new key: this one was used for another command"]
        }
        assert till.store.head().position == 1

    def test_it_holds_after_the_process_was_started_again(self, till: Till, sender: Sender) -> None:
        sender.send(opening("ada", key="k-1"))
        [first] = sender.wait_for(1, till)
        till.die()
        till.open()

        sender.send(opening("ada", key="k-1"), opening("bea", key="k-1"))
        _, again, other = sender.wait_for(3, till)

        assert again == first
        assert list(other.errors) == ["key"]

    def test_a_process_that_ends_between_commit_and_answer_answers_after_its_restart(
        self, till: Till, sender: Sender
    ) -> None:
        class Killed(BaseException):
            """Nothing in the process may catch this, as nothing catches kill -9."""

        def die_after_commit(decide: Decide) -> Decide:
            def decide_and_die(messages: Sequence[object]) -> Sequence[Answer | Exception]:
                decide(messages)
                raise Killed

            return decide_and_die

        sender.send(opening("ada"), *[adding(1) for _ in range(20)])
        till.meddle = die_after_commit
        with pytest.raises(Killed):
            till.turn(5.0)
        assert till.store.head().position > 0
        till.die()
        assert sender.answers == []

        till.meddle = lambda decide: decide
        till.open()
        answers = sender.wait_for(21, till)

        assert [answer.position for answer in answers] == list(range(1, 22))
        assert till.store.head().position == 21


def test_a_command_without_reply_address_is_carried_out(
    till: Till, sender: Sender, amqp_url: str
) -> None:
    sender.send(opening("ada", key="k-1"), reply_to=None)
    sender.send(opening("ada", key="k-1"))

    [answer] = sender.wait_for(1, till)

    assert (answer.kind, answer.position) == ("recorded", 1)
    assert waiting(amqp_url, DEAD) == 0


def test_an_answer_to_a_queue_that_is_gone_does_not_stop_the_others(
    till: Till, sender: Sender
) -> None:
    sender.send(opening("ada", key="k-1"), reply_to="reply.gone")
    sender.send(opening("bea"))

    [answer] = sender.wait_for(1, till)

    assert answer.position == 2
    assert till.store.outcome("S-1", "k-1") is not None


def test_an_answer_goes_to_the_pseudo_queue_of_the_broker_too(
    till: Till, sender: Sender, amqp_url: str, lane: str
) -> None:
    found: list[Any] = []
    channel = till.connection.channel()
    channel.basic_consume(REPLY_TO, no_ack=True, callback=found.append)
    message = channel.prepare_message(
        msgspec.json.encode(opening("ada")), content_type=JSON, properties={"reply_to": REPLY_TO}
    )
    channel.basic_publish(message, exchange=COMMANDS.name, routing_key=f"till.{lane}.open_purse")

    deadline = time.monotonic() + DEADLINE_SECONDS
    while not found and time.monotonic() < deadline:
        till.turn()

    assert msgspec.json.decode(found[0].body, type=Answer).kind == "recorded"


def test_a_command_that_does_not_say_its_content_type_is_read_as_json(
    till: Till, sender: Sender
) -> None:
    message = opening("ada")
    sender.post(
        msgspec.json.encode(message), f"{till.store.origin.replace('/', '.')}.open_purse", None
    )

    [answer] = sender.wait_for(1, till)

    assert answer.kind == "recorded"
