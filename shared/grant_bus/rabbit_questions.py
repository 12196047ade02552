"""The question queue of a service on RabbitMQ. An answer that is lost is asked for again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from grant_bus.question_desk import Plain, as_question
from grant_bus.rabbit import question_queue
from grant_bus.rabbit_confirms import Confirms
from grant_bus.rabbit_letters import LetterBox, Replies


class QuestionQueue:
    """One service's questions over one connection. When it breaks, make another one.

    `is_ending` lets it give up waiting for a broker that takes no answers.
    """

    def __init__(
        self,
        connection: Any,
        origin: str,
        answer: Callable[[Any], Plain],
        is_ending: Callable[[], bool] = lambda: False,
    ) -> None:
        self._answer = answer
        confirms = Confirms(connection, is_ending)
        self._box = LetterBox(connection, question_queue(origin), origin, names="question")
        self._replies = Replies(confirms)

    def turn(self, seconds: float) -> int:
        """Wait that long for questions at most, and answer what came. Returns how many."""
        self._box.gather(seconds)
        letters = self._box.take()
        for letter in letters:
            # Nobody is told, and nothing would be recorded: such a question need not be asked.
            if letter.reply_to:
                complaint = letter.complaint
                answer = as_question(complaint) if complaint else self._answer(letter.content)
                self._replies.send(letter, msgspec.json.encode(answer))
        self._replies.wait()
        self._box.acknowledge(letters, are_all=True)
        return len(letters)
