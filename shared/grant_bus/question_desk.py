"""The desk for questions of other services: checks form and authority, asks, and words the answer.

Nothing is decided here about a case: a question that its actor may not ask is answered and logged.
What an auditor asks of audit is put on record by audit's writer first, or it is not answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import uuid4

import msgspec
import structlog
from marshmallow import ValidationError

from grant_bus.actors import Mandate, TokenCheck, TokenRefused
from grant_bus.answering import code_of_fault
from grant_bus.desk import flat_errors
from grant_bus.rates import UNLIMITED, Rates
from grant_contracts.answer_codes import InvalidCode
from grant_contracts.answers import Answer
from grant_contracts.commands import Unfit, check_plain, command_message
from grant_contracts.questions import (
    ASKED_AS_OF,
    AUDITOR,
    AXES,
    QUESTIONS,
    RECORD_ACCESS,
    QuestionMessage,
)
from grant_values.legal_time import legal_date

Plain = dict[str, Any]

_FILES = f"{RECORD_ACCESS.partition('.')[0]}."
_SCOPES = {"reference": "case", "programme": "programme"}
"""What an argument that names a subject asks about."""

_message_schema = QuestionMessage()
_log = structlog.get_logger()


class Ask(Protocol):
    """Asks one question of the service, by its name without the service's."""

    def __call__(
        self, name: str, at_least: Mapping[str, int], arguments: Mapping[str, str]
    ) -> Plain: ...


Record = Callable[[Plain], Answer | Exception]
"""Gives a command to the writer of this service."""


class Readers:
    """Who may read: by token, role, a mandate that runs today, and not too often."""

    def __init__(
        self, tokens: TokenCheck, clock: Callable[[], datetime], rates: Rates = UNLIMITED
    ) -> None:
        self._tokens = tokens
        self._clock = clock
        self._rates = rates

    def mandate(self, token: str) -> Mandate:
        try:
            return self._tokens.mandate(token)
        except TokenRefused as refused:
            raise Unfit("token_refused", "actor_token", str(refused)) from refused

    def pause_for(self, mandate: Mandate) -> float:
        return self._rates.pause_for(mandate.actor.id)

    def why_not(self, question: str, mandate: Mandate, arguments: Mapping[str, str]) -> str:
        """What was expected of the actor instead, or nothing where they may ask this."""
        actor, roles = mandate.actor, QUESTIONS[question]
        if not mandate.is_in_force_on(legal_date(self._clock())):
            return "expected an actor whose mandate runs today"
        if roles is not None and actor.role not in roles:
            return f"expected an actor in one of the roles {', '.join(sorted(roles))}"
        if roles is None and actor.role != AUDITOR and arguments.get("sender") != actor.id:
            return "expected the sender of the command, or an auditor"
        return ""


class QuestionDesk:
    """Reads the question messages of one service."""

    def __init__(self, service: str, ask: Ask, readers: Readers, record: Record) -> None:
        self._service = service
        self._ask = ask
        self._readers = readers
        self._record = record

    def answer(self, message: Mapping[str, Any]) -> Plain:
        """The answer as plain JSON values, a wrong question and a fault included."""
        try:
            return self._answer(message)
        except ValidationError as error:
            code = error.code if isinstance(error, Unfit) else "wrong_field"
            return invalid_question(flat_errors(error.messages), code)
        except Exception as fault:  # noqa: BLE001 - logged, and told to whoever asked.
            _log.error("a question has no answer", exc_info=fault)
            reason = f"{type(fault).__name__}: {fault}"
            return {"kind": "unknown", "code": code_of_fault(fault), "reason": reason}

    def _answer(self, message: Mapping[str, Any]) -> Plain:
        check_plain(message)
        envelope: dict[str, Any] = _message_schema.load(message)
        question, arguments = envelope["question"], envelope["arguments"]
        service, _, name = question.partition(".")
        if service != self._service or question not in QUESTIONS:
            known = ", ".join(sorted(each for each in QUESTIONS if each.startswith(self._service)))
            raise Unfit("no_such_command", "question", f"expected one of {known}")
        _refuse_axes(question, arguments)
        mandate = self._readers.mandate(envelope["actor_token"])
        pause_seconds = self._readers.pause_for(mandate)
        if pause_seconds:
            return too_many_questions(pause_seconds)
        expected = self._readers.why_not(question, mandate, arguments)
        if expected:
            _log.warning("a question was refused", question=question, actor=mandate.actor.id)
            raise Unfit("not_entitled", "actor_token", expected)
        if mandate.actor.role == AUDITOR and question.startswith(_FILES):
            refused = self._put_on_record(envelope)
            if refused:
                return refused
        return self._ask(name, envelope["at_least"], arguments)

    def _put_on_record(self, envelope: Mapping[str, Any]) -> Plain | None:
        """None if an auditor's look is on record; otherwise the answer that they get instead."""
        if not envelope["purpose"].strip():
            return invalid_question({"purpose": ["expected why: it goes on record"]})
        look = {
            "question": envelope["question"],
            **_subject(envelope["arguments"]),
            "purpose": envelope["purpose"],
            "arguments": envelope["arguments"],
        }
        token = envelope["actor_token"]
        answer = self._record(command_message(RECORD_ACCESS, str(uuid4()), token, look))
        if isinstance(answer, Exception):
            raise answer
        if answer.kind == "recorded":
            return None
        return {**as_question(answer), "reason": answer.reason}


def _refuse_axes(question: str, arguments: Mapping[str, str]) -> None:
    for axis in AXES:
        if axis in arguments and question not in ASKED_AS_OF:
            expected = "expected none in a message: of all questions " + ", ".join(ASKED_AS_OF)
            raise Unfit("wrong_field", axis, f"{expected} takes it, the others by RPC")


def _subject(arguments: Mapping[str, str]) -> dict[str, str]:
    """What a question is about, by the first argument that names it."""
    for name, scope in _SCOPES.items():
        if name in arguments:
            return {"scope": scope, "subject": arguments[name]}
    return {"scope": "everything", "subject": ""}


@dataclass(frozen=True)
class Dated:
    """An answer as of some time, with what it was computed from: asked of that again, it is the
    same."""

    value: object
    computed_from: Mapping[str, object]


def found(value: object) -> Plain:
    """The answer to a question: dataclasses, dates and ids become plain values."""
    if isinstance(value, Dated):
        return {**found(value.value), "computed_from": msgspec.to_builtins(value.computed_from)}
    return {"kind": "found", "value": msgspec.to_builtins(value)}


def invalid_question(
    errors: Mapping[str, Sequence[str]], code: InvalidCode = "wrong_field"
) -> Plain:
    listed = {field: list(texts) for field, texts in errors.items()}
    return {"kind": "invalid", "code": code, "errors": listed}


def why_not_at_least(at_least: object, seen: Mapping[str, int]) -> dict[str, list[str]]:
    """What was expected of `at_least` instead, or nothing. An origin that is not followed here
    would be waited for in vain."""
    if not isinstance(at_least, Mapping):
        return {"at_least": ["expected positions by origin"]}
    if not set(at_least) <= set(seen):
        return {"at_least": [f"expected origins of {', '.join(sorted(seen))}"]}
    if not all(type(least) is int for least in at_least.values()):
        return {"at_least": ["expected positions as whole numbers"]}
    return {}


def not_followed(so_far: Mapping[str, int]) -> Plain:
    """The reader wants to see more than was followed; `so_far` says how far that is."""
    return {"kind": "not_yet", "code": "not_followed", "followed": dict(so_far)}


def too_many_questions(retry_after_seconds: float) -> Plain:
    return {
        "kind": "not_yet",
        "code": "too_many_requests",
        "retry_after_seconds": retry_after_seconds,
    }


def as_question(complaint: Answer) -> Plain:
    """What is wrong with the form of a letter, as the answer to a question says it."""
    return {"kind": complaint.kind, "code": complaint.code, "errors": complaint.errors}
