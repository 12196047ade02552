"""Carries the last signed head of a log into its own history, by a command to the service.

When that is due, and what is worth it. It signs nothing, and never keeps anybody from signing: what
could not be given is given again later.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import structlog

from grant_contracts.answers import Answer
from grant_contracts.commands import command_message
from grant_store.log.proving import ProvingLog
from grant_store.sqlite import utc_now

LOOK_AGAIN_SECONDS = 60
"""After a command that was not recorded, and while nothing was that is worth an anchor."""

_log = structlog.get_logger()


class NotGiven(Exception):
    """The command has not reached the service, or no answer has come back."""


Ask = Callable[[dict[str, Any]], Answer]
"""Gives a command to its service; `NotGiven` where that fails."""


def anchor_of(service: str, proving: ProvingLog) -> dict[str, Any] | None:
    """What the command says that anchors the last head, or None where nothing else was recorded
    since the last anchor."""
    head = proving.log.last_head()
    last = proving.last_event()
    if head is None or last is None or last.topic == f"{service}.HeadAnchored":
        return None
    return {
        "origin": proving.origin,
        "size": head.size,
        "root": head.root.hex(),
        "note_sha256": sha256(head.note).hexdigest(),
    }


class Anchoring:
    """Anchors the heads of one log at an interval, counted from the last anchor on record: who
    starts anew does not anchor at once, nor never."""

    def __init__(
        self,
        proving: ProvingLog,
        ask: Ask,
        actor_token: str,
        seconds: int,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._service = proving.ledger.service
        self._proving = proving
        self._ask = ask
        self._actor_token = actor_token
        self._interval = timedelta(seconds=seconds)
        self._pause = timedelta(seconds=min(seconds, LOOK_AGAIN_SECONDS))
        self._clock = clock
        self._due_at: datetime | None = None

    def anchor_if_due(self) -> Answer | None:
        """The answer of the service, where a command was given and answered."""
        now = self._clock()
        if self._due_at is None:
            self._due_at = self._first_due(now)
        if now < self._due_at:
            return None
        payload = anchor_of(self._service, self._proving)
        answer = self._give(payload) if payload else None
        is_recorded = answer is not None and answer.kind == "recorded"
        self._due_at = now + (self._interval if is_recorded else self._pause)
        return answer

    def _first_due(self, now: datetime) -> datetime:
        anchors = self._proving.ledger.events_of(f"{self._service}.HeadAnchored")
        return anchors[-1].recorded_at + self._interval if anchors else now

    def _give(self, payload: dict[str, Any]) -> Answer | None:
        command = f"{self._service}.anchor_head"
        try:
            answer = self._ask(command_message(command, str(uuid4()), self._actor_token, payload))
        except NotGiven as error:
            _log.warning("the head is anchored later", size=payload["size"], error=str(error))
            return None
        if answer.kind == "recorded":
            _log.info("anchored", size=payload["size"], position=answer.position)
        else:
            said = {"kind": answer.kind, "code": answer.code, "reason": answer.reason}
            _log.warning("the head was not anchored", size=payload["size"], **said)
        return answer
