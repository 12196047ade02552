"""What no honest sender sends is answered or laid aside, and stops nobody else."""

from __future__ import annotations

import time
import zlib
from typing import Any

import pytest

from bus.rabbit.parties import waiting
from bus.rabbit.post import DEAD, DEADLINE_SECONDS, UNREADABLE, Sender, Till, laid_aside
from bus.till import opening
from grant_bus.rabbit import is_passing
from grant_bus.rabbit_hearing import UnreadableMessage
from grant_contracts.commands import MOST_BYTES

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


@pytest.mark.parametrize("properties", UNREADABLE, ids=[next(iter(each)) for each in UNREADABLE])
def test_a_message_that_the_library_itself_cannot_read_is_laid_aside_at_once(
    till: Till, sender: Sender, amqp_url: str, properties: dict[str, Any]
) -> None:
    """It comes between two others, and takes neither of them with it."""
    before, after = opening("ada"), opening("bea")
    sender.send(before)
    lane = till.store.lane.encode()
    if "routing_key" in properties:
        properties = {"routing_key": b"till." + lane + b"." + properties["routing_key"]}
    sender.post(b"poison", **properties)
    sender.send(after)

    with pytest.raises(UnreadableMessage) as stopped:
        for _ in range(5):
            till.turn(1.0)
    assert is_passing(stopped.value), "the service takes commands again over a new connection"
    till.die()
    till.open()
    answers = sender.wait_for(2, till)

    assert {answer.kind for answer in answers} == {"recorded"}
    # Our own library cannot read it there either.
    deadline = time.monotonic() + DEADLINE_SECONDS
    while waiting(amqp_url, DEAD) == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert waiting(amqp_url, DEAD) == 1
