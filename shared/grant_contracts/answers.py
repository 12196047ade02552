"""What a service answers to a command. Reasons stand in `reasons`, codes in `answer_codes`."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from grant_contracts.answer_codes import AnswerCode

AnswerKind = Literal["recorded", "refused", "invalid", "not_yet", "unknown"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one command.

    recorded: done, now or when the same key was first sent. refused: lawful, and on record with its
    `reason`. invalid: nothing was recorded; `errors` names each field and what was expected.
    not_yet: nothing was recorded; send the same key again later.
    unknown: a fault came between; sending the same key again settles what became of it.

    The last three say in `code` why; it is empty in the others.
    """

    kind: AnswerKind
    command: str
    key: str
    position: int = 0
    event_ids: tuple[UUID, ...] = ()
    reason: str = ""
    errors: dict[str, list[str]] = msgspec.field(default_factory=dict)
    code: AnswerCode = ""
    retry_after_seconds: float = 0.0
