"""A command by message is carried out once and answered, whatever is sent and whatever breaks."""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.rabbit.parties import waiting
from bus.rabbit.post import DEAD, DEADLINE_SECONDS, Sender, Till, laid_aside
from bus.till import adding, opening
from grant_bus import rabbit_commands
from grant_bus.rabbit import COMMANDS, JSON, command_queue_name, connect, is_passing
from grant_bus.rabbit_commands import Decide
from grant_bus.rabbit_confirms import Confirms
from grant_contracts.answers import Answer
from grant_contracts.commands import MOST_BYTES
from grant_store.errors import NotNow, OutcomeUnknown, Unreachable

REPLY_TO = "amq.rabbitmq.reply-to"
"""RabbitMQ's "direct reply-to": an address that needs no queue."""


@pytest.fixture
def till(tmp_path: Path, amqp_url: str, lane: str, parties: ExitStack) -> Till:
    made = Till(tmp_path, amqp_url, lane)
    parties.callback(made.die)
    # The queue of dead commands is one for all lanes, and so for all tests.
    made.connection.channel().queue_purge(DEAD)
    return made


@pytest.fixture
def sender(till: Till, amqp_url: str, lane: str, parties: ExitStack) -> Sender:
    made = Sender(amqp_url, lane)
    parties.callback(made.close)
    return made


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


class TestDatabase:
    """While the database is away commands wait; nothing is lost, and nobody is told a lie."""

    @pytest.mark.parametrize("fault", [Unreachable("away"), NotNow("read-only")])
    def test_commands_wait_with_growing_pauses_until_it_is_back(
        self, till: Till, sender: Sender, amqp_url: str, fault: Exception
    ) -> None:
        def away(decide: Decide) -> Decide:
            return lambda messages: [fault] * len(messages)

        till.meddle = away
        sender.send(opening("ada"), adding(5))
        for _ in range(3):
            till.turn(1.0)
        sender.listen(0.1)
        assert sender.answers == []
        assert len(till.batches) <= 3, "it is not asked in a hot loop"

        till.meddle = lambda decide: decide
        answers = sender.wait_for(2, till)

        assert [answer.kind for answer in answers] == ["recorded", "recorded"]
        assert waiting(amqp_url, DEAD) == 0

    def test_what_cannot_be_said_is_answered_as_unknown_and_settled_by_the_key(
        self, till: Till, sender: Sender
    ) -> None:
        def lost_reply(decide: Decide) -> Decide:
            def commit_and_lose(messages: Sequence[object]) -> Sequence[Answer | Exception]:
                decide(messages)
                return [OutcomeUnknown("the connection broke")] * len(messages)

            return commit_and_lose

        till.meddle = lost_reply
        sender.send(opening("ada", key="k-1"))
        [answer] = sender.wait_for(1, till)
        assert (answer.kind, answer.key) == ("unknown", "k-1")

        till.meddle = lambda decide: decide
        sender.send(opening("ada", key="k-1"))
        _, settled = sender.wait_for(2, till)

        assert (settled.kind, settled.position) == ("recorded", 1)
        assert till.store.head().position == 1

    def test_a_command_that_expires_while_it_waits_is_answered_and_not_carried_out(
        self, till: Till, sender: Sender
    ) -> None:
        """The till's clock stands in 2024: every deadline that is counted from now is far away."""
        till.meddle = lambda decide: lambda messages: [Unreachable("away")] * len(messages)
        sender.send(opening("ada"), expiration="60000")
        sender.send({**opening("bea"), "deadline": "2024-05-06T09:00:00Z"}, expiration="60000")
        till.turn(5.0)

        till.meddle = deadlines_passed
        expired, own = sender.wait_for(2, till)

        assert (expired.kind, expired.code) == ("invalid", "expired")
        assert (own.kind, own.code) == ("invalid", "expired")
        assert till.store.head().position == 0

    def test_commands_are_handed_back_before_the_broker_loses_patience(
        self, till: Till, sender: Sender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rabbit_commands, "HOLD_AT_MOST_SECONDS", 0.0)
        till.meddle = lambda decide: lambda messages: [Unreachable("away")] * len(messages)
        sender.send(opening("ada"))
        till.turn(5.0)

        with pytest.raises(Unreachable, match="handed back") as stopped:
            till.turn(5.0)
        assert is_passing(stopped.value), "the service takes commands again over a new connection"
        till.die()
        till.meddle = lambda decide: decide
        till.open()

        assert sender.wait_for(1, till)[0].kind == "recorded"

    def test_a_command_without_sender_is_tried_again_until_it_is_known_what_became_of_it(
        self, till: Till, sender: Sender, amqp_url: str
    ) -> None:
        asked: list[int] = []

        def lost_reply(decide: Decide) -> Decide:
            def commit_and_lose(messages: Sequence[object]) -> Sequence[Answer | Exception]:
                asked.append(len(messages))
                answers = decide(messages)
                return [OutcomeUnknown("broken")] * len(answers) if len(asked) == 1 else answers

            return commit_and_lose

        till.meddle = lost_reply
        sender.send(opening("ada", key="k-1"), reply_to=None)
        till.turn(5.0)
        till.turn(5.0)

        assert asked == [1, 1]
        assert till.store.head().position == 1
        assert waiting(amqp_url, DEAD) == 0


def deadlines_passed(decide: Decide) -> Decide:
    """Decide as if the clock stood behind every deadline that the messages name."""

    def decide_late(messages: Sequence[Any]) -> Sequence[Answer | Exception]:
        assert all("deadline" in message for message in messages)
        return decide([{**message, "deadline": "2024-05-06T10:00:00Z"} for message in messages])

    return decide_late


POISON: list[tuple[str, bytes, str]] = [
    ("no JSON", b"{", "message"),
    ("nothing", b"", "message"),
    ("no UTF-8", b'{"command": "\xff\xfe"}', "message"),
    ("a list", b"[]", "message"),
    ("too long", b'"' + b"x" * MOST_BYTES + b'"', "message"),
    ("too deep", b"[" * 10_000 + b"]" * 10_000, "message"),
    ("another command", b'{"command": "till.open_purse"}', "command"),
]


@pytest.mark.parametrize(
    ("body", "field"), [each[1:] for each in POISON], ids=[p[0] for p in POISON]
)
def test_what_is_no_command_is_answered_with_the_field_and_the_next_one_is_carried_out(
    till: Till, sender: Sender, amqp_url: str, body: bytes, field: str
) -> None:
    sender.post(body, correlation_id="c-1")
    sender.send(opening("ada"))

    poisoned, proper = sender.wait_for(2, till)

    assert (poisoned.kind, list(poisoned.errors)) == ("invalid", [field])
    assert poisoned.command == "till.add_coins"
    assert sender.answers[0][0] == "c-1"
    assert proper.kind == "recorded"
    assert waiting(amqp_url, DEAD) == 0


@pytest.mark.parametrize(
    ("body", "field"), [each[1:] for each in POISON], ids=[p[0] for p in POISON]
)
def test_what_is_no_command_and_has_no_sender_is_laid_aside(
    till: Till, sender: Sender, amqp_url: str, body: bytes, field: str
) -> None:
    sender.post(body, reply_to=None)
    sender.send(opening("ada"))

    [answer] = sender.wait_for(1, till)

    assert answer.kind == "recorded"
    assert laid_aside(amqp_url) == [body]


def test_a_body_of_20_megabytes_is_answered_and_does_not_stop_the_others(
    till: Till, sender: Sender
) -> None:
    sender.post(b"[" + b" " * 20_000_000 + b"]")
    sender.send(opening("ada"))

    huge, proper = sender.wait_for(2, till)

    assert huge.errors == {"message": [f"expected at most {MOST_BYTES} bytes"]}
    assert proper.kind == "recorded"


def test_a_compressed_body_is_not_unpacked(till: Till, sender: Sender) -> None:
    """A few kilobytes could become gigabytes before any limit was checked."""
    body = zlib.compress(b"[" + b" " * 10_000_000 + b"]")
    sender.post(body, headers={"compression": "application/x-gzip"})

    [answer] = sender.wait_for(1, till)

    assert list(answer.errors) == ["message"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-python-serialize"])
def test_another_content_type_is_answered(till: Till, sender: Sender, content_type: str) -> None:
    sender.post(b"{}", content_type=content_type)

    [answer] = sender.wait_for(1, till)

    assert list(answer.errors) == ["content_type"]


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


@pytest.mark.parametrize("address", ["feed.audit.intake.main", "rpc-intake", "reply. x"])
def test_nobody_can_have_an_answer_written_into_a_queue_of_ours(
    till: Till, sender: Sender, amqp_url: str, address: str
) -> None:
    till.connection.channel().queue_declare(address, durable=True, auto_delete=False)
    sender.send(opening("ada"), reply_to=address)
    sender.send(opening("bea"))

    [answer] = sender.wait_for(1, till)

    assert (answer.position, till.store.head().position) == (1, 1)
    assert len(laid_aside(amqp_url)) == 1


def test_a_command_that_expired_in_the_queue_is_laid_aside_and_not_carried_out(
    till: Till, sender: Sender, amqp_url: str
) -> None:
    till.die()
    sender.send(opening("ada", key="k-1"), expiration="1")
    assert len(laid_aside(amqp_url)) == 1

    till.open()
    sender.send(opening("bea"))
    [answer] = sender.wait_for(1, till)

    assert (answer.position, till.store.outcome("S-1", "k-1")) == (1, None)


def test_a_command_that_ends_each_process_that_takes_it_is_laid_aside_in_the_end(
    tmp_path: Path,
    amqp_url: str,
    lane: str,
    parties: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("grant_bus.rabbit.DELIVERIES", 2)
    till, sender = Till(tmp_path, amqp_url, lane), Sender(amqp_url, lane)
    parties.callback(sender.close)
    till.connection.channel().queue_purge(DEAD)
    sender.send(opening("ada"))
    for _ in range(3):
        till.queue._box.gather(5.0)
        till.die()
        till.open()

    parties.callback(till.die)
    assert len(laid_aside(amqp_url)) == 1
    assert till.turn(0.2) == 0


def test_an_answer_goes_to_the_pseudo_queue_of_the_broker_too(
    till: Till, sender: Sender, amqp_url: str, lane: str
) -> None:
    """RabbitMQ's "direct reply-to": an address that needs no queue."""
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


def test_a_full_queue_refuses_and_the_confirm_tells_the_sender(
    tmp_path: Path,
    amqp_url: str,
    lane: str,
    parties: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("grant_bus.rabbit.COMMAND_MESSAGES", 5)
    Till(tmp_path, amqp_url, lane).die()
    connection = connect(amqp_url)
    parties.callback(connection.release)
    confirms = Confirms(connection)

    taken, refused = 0, 0
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not refused and time.monotonic() < deadline:
        confirms.send(b"{}", JSON, COMMANDS.name, f"till.{lane}.add_coins", mandatory=True)
        refused = confirms.wait()
        taken += 1 - refused

    assert refused == 1
    assert waiting(amqp_url, command_queue_name(f"till/{lane}")) == taken


def test_a_command_that_no_service_takes_comes_back_to_its_sender(
    till: Till, amqp_url: str, parties: ExitStack
) -> None:
    connection = connect(amqp_url)
    parties.callback(connection.release)
    confirms, returned = Confirms(connection), []
    confirms.channel.events["basic_return"].add(lambda *given: returned.append(given[2]))

    confirms.send(b"{}", JSON, COMMANDS.name, "nobody.main.do_it", mandatory=True)
    confirms.wait()

    assert returned == ["nobody.main.do_it"]
