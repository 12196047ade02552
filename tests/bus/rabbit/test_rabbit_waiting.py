"""While the database is away commands wait; nothing is lost, and nobody is told a lie."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import count
from typing import Any

import msgspec
import pytest

from bus.rabbit.parties import waiting
from bus.rabbit.post import DEAD, DEADLINE_SECONDS, Sender, Till
from bus.till import adding, opening
from grant_bus import rabbit_commands
from grant_bus.rabbit import is_passing
from grant_bus.rabbit_commands import Decide
from grant_contracts.answers import Answer
from grant_store.errors import NotNow, OutcomeUnknown, Unreachable
from grant_store.rows import Standing


@pytest.mark.parametrize("fault", [Unreachable("away"), NotNow("read-only")])
def test_commands_wait_with_growing_pauses_until_it_is_back(
    till: Till, sender: Sender, amqp_url: str, fault: Exception
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


def test_what_waits_is_not_overtaken_by_what_its_sender_sent_later(
    till: Till, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is away for the second question only: when the first command is asked alone."""
    sender.send(opening("ada"))
    sender.wait_for(1, till)
    till.meddle = lambda decide: lambda messages: [Unreachable("away")] * len(messages)
    invalid = {**adding(9), "payload": {}}
    # The key that comes twice lets the commands be taken one by one.
    sender.send(adding(1), invalid, adding(2, key="k-2"), invalid, adding(2, key="k-2"))
    deadline = time.monotonic() + DEADLINE_SECONDS
    while till.batches[-1] < 5:
        till.turn(0.1)
        assert time.monotonic() < deadline
    questions, standing = count(1), till.store.standing

    def briefly_away() -> Standing:
        if next(questions) == 2:
            raise Unreachable("away")
        return standing()

    monkeypatch.setattr(till.store, "standing", briefly_away)
    till.meddle = lambda decide: decide
    sender.wait_for(6, till)

    added = [msgspec.json.decode(row.state)["coins"] for row in till.store.events_after(1, 10)]
    assert added == [1, 2]


def test_what_cannot_be_said_is_answered_as_unknown_and_settled_by_the_key(
    till: Till, sender: Sender
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
    till: Till, sender: Sender
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
    till: Till, sender: Sender, monkeypatch: pytest.MonkeyPatch
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
    till: Till, sender: Sender, amqp_url: str
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
