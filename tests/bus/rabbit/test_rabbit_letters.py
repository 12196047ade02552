"""What lies in the memory of whoever takes letters has bounds, whatever is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bus.rabbit.parties import put
from bus.rabbit.post import DEADLINE_SECONDS
from grant_bus.rabbit import JSON, command_queue, connect, question_queue
from grant_bus.rabbit_letters import BYTES_AT_ONCE, LetterBox
from grant_contracts.commands import MOST_BYTES

MakesQueue = Callable[[str], Any]


@pytest.fixture
def connection(amqp_url: str) -> Iterator[Any]:
    opened = connect(amqp_url)
    yield opened
    opened.release()


@pytest.mark.parametrize("queue", [command_queue, question_queue])
def test_of_bodies_that_are_too_large_nothing_but_the_complaint_stays_in_memory(
    connection: Any, amqp_url: str, lane: str, queue: MakesQueue
) -> None:
    box = a_box(connection, lane, queue)
    put(amqp_url, queue(f"till/{lane}").name, *[b"x" * 8_000_000] * 5, content_type=JSON)

    letters = []
    while len(letters) < 5:
        box.gather(DEADLINE_SECONDS)
        assert box.bytes_here == 0
        taken = box.take()
        assert taken, "nothing more came"
        letters += taken

    assert [letter.complaint and list(letter.complaint.errors) for letter in letters] == [
        ["message"]
    ] * 5


@pytest.mark.parametrize("queue", [command_queue, question_queue])
def test_no_more_is_gathered_than_a_bound_on_bytes_and_the_rest_is_taken_later(
    connection: Any, amqp_url: str, lane: str, queue: MakesQueue
) -> None:
    box = a_box(connection, lane, queue)
    put(amqp_url, queue(f"till/{lane}").name, *[b"x" * 3_000_000] * 9, content_type=JSON)

    count = 0
    while count < 9:
        box.gather(DEADLINE_SECONDS)
        assert box.bytes_here < BYTES_AT_ONCE + MOST_BYTES
        taken = len(box.take())
        assert taken, "nothing more came"
        count += taken

    assert box.bytes_here == 0


def a_box(connection: Any, lane: str, queue: MakesQueue) -> LetterBox:
    origin = f"till/{lane}"
    return LetterBox(connection, queue(origin), origin, names="command")
