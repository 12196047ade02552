"""What a service's class is written with: its writer, what it follows, `command` and `query`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from nameko.extensions import DependencyProvider

from grant_bus.answering import unknown
from grant_bus.nameko import answers
from grant_bus.nameko.calls import call
from grant_bus.nameko.commits import CommitQueue
from grant_bus.nameko.loops import Loop
from grant_bus.question_desk import (
    Plain,
    QuestionDesk,
    found,
    invalid_question,
    not_followed,
    why_not_at_least,
)
from grant_bus.rabbit_commands import CommandQueue
from grant_bus.rabbit_follower import Feeds
from grant_bus.rabbit_hearing import hear
from grant_bus.rabbit_publisher import RabbitPrompts
from grant_bus.rabbit_questions import QuestionQueue
from grant_store.store import Store
from grant_values.invalid import Invalid

LISTEN_SECONDS = 0.5
HEARTBEATS_SECONDS = 0.001
"""Long enough to hear them on a connection over which nothing else comes."""

_log = structlog.get_logger()


class WriterDesk:
    """What a service's methods see of its writer."""

    def __init__(self, commits: CommitQueue) -> None:
        self._commits = commits

    @property
    def store(self) -> Store:
        """For reading only."""
        return self._commits.writer.store

    @property
    def followed(self) -> dict[str, int]:
        """The position up to which each upstream was followed."""
        upstreams = self._commits.writer.policies.upstreams
        origins = [f"{upstream}/{self.store.lane}" for upstream in upstreams]
        return {origin: self.store.tracked(origin).position for origin in origins}

    @property
    def seen(self) -> dict[str, int]:
        """What a reader of this store sees: all that was followed, and its own ledger's head."""
        return {**self.followed, self.store.origin: self.store.head().position}

    def answer(self, name: str, message: object) -> answers.Plain:
        """The answer to the command `name`, as plain values."""
        if not isinstance(message, Mapping) or message.get("command") != name:
            return answers.invalid_command(name, message)
        answer = self._commits.answer(message)
        if isinstance(answer, Exception):
            _log.error("a command has no answer", command=name, exc_info=answer)
            return answers.as_plain(unknown(message, answer))
        return answers.as_plain(answer)


class Writer(DependencyProvider):
    """The service's one writer, behind the queue that commands and followed facts share."""

    commits = CommitQueue()

    def get_dependency(self, worker_ctx: Any) -> WriterDesk:
        return WriterDesk(self.commits)


class Follow(Loop):
    """Follows the upstreams of the service's policies. It goes on where the store says it was."""

    doing = "following"

    def has_work(self) -> bool:
        return bool(self.commits.writer.policies.upstreams)

    def work(self, connection: Any) -> None:
        feeds = Feeds(connection, self.process().writer, self.commits.run)
        while not self.is_ending:
            feeds.turn(LISTEN_SECONDS)
            self.pauses.reset()


class TakeCommands(Loop):
    """Takes the commands that come as messages; each is answered where its sender wants it."""

    doing = "taking commands"

    def work(self, connection: Any) -> None:
        origin = self.process().writer.store.origin
        commands = CommandQueue(
            connection, origin, self.commits.answer_together, lambda: self.is_ending
        )
        while not self.is_ending:
            commands.turn(LISTEN_SECONDS)
            self.pauses.reset()


class Prompt(Loop):
    """Wakes the service's relay when something is recorded, so that it need not look all the time.

    However much was recorded while it was busy, one prompt tells of it.
    """

    doing = "prompting the relay"

    def work(self, connection: Any) -> None:
        prompts = RabbitPrompts(connection.channel(), self.process().writer.store.origin)
        while not self.is_ending:
            if self.commits.has_news(LISTEN_SECONDS):
                prompts.prompt()
                self.pauses.reset()
            hear(connection, HEARTBEATS_SECONDS)


class AnswerQuestions(Loop):
    """Answers questions that come as messages, by the methods that answer them to RPC."""

    doing = "answering questions"

    def work(self, connection: Any) -> None:
        store = self.process().writer.store
        desk = QuestionDesk(store.service, self._ask, self.process().readers, self.commits.answer)
        questions = QuestionQueue(connection, store.origin, desk.answer, lambda: self.is_ending)
        while not self.is_ending:
            questions.turn(LISTEN_SECONDS)
            self.pauses.reset()

    def _ask(self, name: str, at_least: Mapping[str, int], arguments: Mapping[str, str]) -> Plain:
        service = self.container.service_cls()
        service.writer = WriterDesk(self.commits)
        answer: Plain = getattr(service, name)(**{**arguments, "at_least": at_least})
        return answer


def command(name: str) -> Any:
    """An RPC method that takes a command's message and gives the writer's answer to it."""

    def take(service: Any, message: object) -> answers.Plain:
        return service.writer.answer(name, message)  # type: ignore[no-any-return]

    return call(take)


def query(read: Callable[..., object]) -> Any:
    """An RPC method that reads. `at_least` says what must have been followed: {origin: position};
    so a clerk sees their own write. The answer is plain values, a wrong argument included."""
    known = inspect.signature(read)

    def answer(
        service: Any, /, at_least: Mapping[str, int] | None = None, **arguments: object
    ) -> Plain:
        try:
            known.bind(service, **arguments)
        except TypeError as error:
            return invalid_question({"arguments": [f"expected others: {error}"]})
        seen = service.writer.seen if at_least else {}
        errors = why_not_at_least(at_least or {}, seen)
        if errors:
            return invalid_question(errors)
        if any(seen[origin] < least for origin, least in (at_least or {}).items()):
            return not_followed(seen)
        try:
            return found(read(service, **arguments))
        except Invalid as error:
            return invalid_question({error.field: [error.expected]})

    return call(answer)
