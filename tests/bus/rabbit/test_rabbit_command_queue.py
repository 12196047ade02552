"""What the queue of commands does by itself: refuse, return, let expire, and lay aside."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from bus.rabbit.parties import waiting
from bus.rabbit.post import DEAD, DEADLINE_SECONDS, Sender, Till, laid_aside
from bus.till import opening
from grant_bus.rabbit import COMMANDS, JSON, command_queue_name, connect
from grant_bus.rabbit_confirms import Confirms


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
