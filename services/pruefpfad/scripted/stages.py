"""Commands stage by stage, many in one transaction, with progress told after every chunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from grant_contracts.answers import Answer
from pruefpfad.scripted.script import Authority, Cast, Message, Role, recorded

CHUNK = 2_000

Progress = Callable[[str, int, int], None]


class Stages:
    """Sends the commands of a cast to an authority. `progress(stage, done, total)` is told."""

    def __init__(self, authority: Authority, cast: Cast, progress: Progress) -> None:
        self._authority = authority
        self._cast = cast
        self._progress = progress

    def message(self, role: Role, command: str, key: str, **payload: Any) -> Message:
        return self._cast.message(role, command, key, payload)

    def send(self, stage: str, messages: Sequence[Message]) -> list[Answer]:
        """One answer for each command. Everything has settled when it returns."""
        answers: list[Answer] = []
        remaining = iter(messages)
        while chunk := list(islice(remaining, CHUNK)):
            answers += self._authority.send(chunk)
            self._authority.settle()
            self._progress(stage, len(answers), len(messages))
        return answers

    def record(self, stage: str, messages: Sequence[Message]) -> None:
        """Send commands all of which must be recorded; `Unexpected` names the first other."""
        recorded(self.send(stage, messages))
