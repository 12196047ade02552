"""The one queue in front of a store's writer: commands and feed batches, one after the other.

Nothing else in the process writes the store, and nothing yields to another writer while a batch
is being decided, because there is only this one green thread that decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from eventlet.event import Event
from eventlet.queue import Empty, LightQueue
from nameko.extensions import SharedExtension

from grant_bus.question_desk import Readers
from grant_bus.writer import Writer
from grant_contracts.answers import Answer

COMMANDS_PER_BATCH = 100
R = TypeVar("R")

PROCESS = "process"
"""The key under which a container's configuration holds its `Process`."""


@dataclass(frozen=True)
class Process:
    """What the composition root gives to a service's container."""

    writer: Writer
    amqp_url: str
    readers: Readers


@dataclass
class _Waiting:
    """A command or a job, and the event on which its sender waits."""

    message: object = None
    job: Callable[[], Any] | None = None
    done: Any = field(default_factory=Event)


class CommitQueue(SharedExtension):
    """One per container. It ends last, so that what was accepted is also committed."""

    def setup(self) -> None:
        process: Process = self.container.config[PROCESS]
        self.writer = process.writer
        self._queue: LightQueue = LightQueue()
        self._news: LightQueue = LightQueue(1)
        self._head: int | None = None
        self._thread = self.container.spawn_managed_thread(self._work, identifier="writer")

    def stop(self) -> None:
        self._queue.put(None)
        self._thread.wait()

    def answer(self, message: object) -> Answer | Exception:
        """Decide a command, together with others that wait at the same moment."""
        waiting = _Waiting(message=message)
        self._queue.put(waiting)
        answered: Answer | Exception = waiting.done.wait()
        return answered

    def answer_together(self, messages: Sequence[object]) -> list[Answer | Exception]:
        """Decide these commands, in this order and in one transaction."""
        return self.run(lambda: self._decided(messages))

    def run(self, job: Callable[[], R]) -> R:
        """Run a job while nothing else writes. What it raises is raised here."""
        waiting = _Waiting(job=job)
        self._queue.put(waiting)
        result: R = waiting.done.wait()
        return result

    def has_news(self, seconds: float) -> bool:
        """Wait for something to be recorded since the last call, that long at most."""
        try:
            self._news.get(timeout=seconds)
        except Empty:
            return False
        return True

    def _tell_news(self) -> None:
        if self.writer.head != self._head:
            self._head = self.writer.head
            if self._news.empty():
                self._news.put(None)

    def _work(self) -> None:
        while True:
            waiting = [self._queue.get()]
            while len(waiting) < COMMANDS_PER_BATCH and not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            self._answer([each for each in waiting if each is not None and each.job is None])
            for each in waiting:
                if each is not None and each.job is not None:
                    _run(each, each.job)
            self._tell_news()
            if None in waiting:
                return

    def _answer(self, waiting: Sequence[_Waiting]) -> None:
        if not waiting:
            return
        answers = self._decided([each.message for each in waiting])
        for each, answer in zip(waiting, answers, strict=True):
            each.done.send(answer)

    def _decided(self, messages: Sequence[object]) -> list[Answer | Exception]:
        try:
            return self.writer.answer(messages)
        except Exception as error:  # noqa: BLE001 - handed to everyone who sent one of these.
            return [error] * len(messages)


def _run(waiting: _Waiting, job: Callable[[], Any]) -> None:
    try:
        waiting.done.send(job())
    except Exception as error:  # noqa: BLE001 - raised again in the thread that waits for it.
        waiting.done.send_exception(error)
