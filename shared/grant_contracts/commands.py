"""The message that carries a command, the same for RPC, queue, command line and embedded runner."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from grant_contracts.answer_codes import InvalidCode
from grant_values.fields import Instant


class Form(validate.Regexp):
    """A form that the whole text must have: "$" alone lets a line break at the end pass."""

    def __call__(self, value: Any) -> Any:
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self._format_error(value))
        return value


_COMMAND_NAME = re.compile(r"^[a-z]+\.[a-z_]+$")
COMMAND_NAME = Form(
    _COMMAND_NAME,
    error='expected "<service>.<command>", such as "intake.submit_application"',
)
DEEPEST = 32
MOST_VALUES = 20_000
MOST_CHARACTERS = 250_000
MOST_BYTES = 1_000_000
"""As many as that number of characters may take."""
LONGEST_FIELD_NAME = 200
_NUMBERS_OF_JSON = range(-(2**63), 2**63)
LONGEST_KEY = 200
KEY = validate.Length(min=1, max=LONGEST_KEY, error=f"expected 1 to {LONGEST_KEY} characters")


class Unfit(ValidationError):
    """A message is refused for more than the value of one field; `code` says for what."""

    def __init__(self, code: InvalidCode, field: str, expected: str) -> None:
        super().__init__({field: [expected]})
        self.code = code


class Strict(Schema):
    """A schema that refuses unknown fields, so that a misspelt one cannot pass unseen."""

    class Meta:
        unknown = "raise"

    error_messages = {"unknown": "expected no field of this name"}  # noqa: RUF012

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Say what was expected where the library only says what is missing."""
        expected = {"required": "expected a value", "null": "expected a value, not null"}
        field_obj.error_messages = {**field_obj.error_messages, **expected}


class Flag(fields.Boolean):
    """True or false as JSON has them; "yes", 1 and the like are refused."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("expected true or false")
        return value


class CommandMessage(Strict):
    """A command: who sends it under which key, on whose authority, and what it asks for.

    The same `key` of the same actor is the same command: sent again, it gets the recorded answer.
    What was not decided before `deadline`, by the service's clock, is not carried out any more.
    """

    command = fields.String(required=True, validate=COMMAND_NAME)
    key = fields.String(required=True, validate=KEY)
    actor_token = fields.String(required=True)
    second_actor_token = fields.String()
    correlation_id = fields.String(load_default="", validate=validate.Length(max=200))
    deadline = Instant(load_default=None)
    payload = fields.Dict(keys=fields.String(), required=True)


_schema = CommandMessage()
_SHORT_FORM = frozenset({"command", "key", "actor_token", "payload"})


def read_envelope(message: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a message as `CommandMessage` loads them, or its `ValidationError`.

    Almost all messages have four fields that are fit at first sight: these are taken as they are,
    because the schema would take as long for them as for all of an ordinary payload.
    """
    if message.keys() == _SHORT_FORM and _is_fit(**message):
        return {**message, "correlation_id": "", "deadline": None}
    loaded: dict[str, Any] = _schema.load(message)
    return loaded


def _is_fit(command: object, key: object, actor_token: object, payload: object) -> bool:
    return (
        isinstance(command, str)
        and _COMMAND_NAME.fullmatch(command) is not None
        and isinstance(key, str)
        and 1 <= len(key) <= LONGEST_KEY
        and isinstance(actor_token, str)
        and isinstance(payload, dict)
        and all(isinstance(name, str) for name in payload)
    )


def command_message(
    command: str, key: str, actor_token: str, payload: dict[str, Any], **further: str
) -> dict[str, Any]:
    """A command message as plain JSON values, ready to be sent."""
    return {
        "command": command,
        "key": key,
        "actor_token": actor_token,
        "payload": payload,
        **further,
    }


def check_plain(message: Mapping[Any, Any]) -> None:
    """`Unfit` unless these are JSON values that each of our databases can keep, of a size that a
    person's command may have."""
    if _is_plain_at_sight(message):
        return
    characters = 0
    for count, (path, value) in enumerate(_values(message), 1):
        if isinstance(value, str):
            characters += len(value)
        if count > MOST_VALUES or characters > MOST_CHARACTERS:
            most = f"{MOST_VALUES} values and {MOST_CHARACTERS} characters"
            raise Unfit("too_large", "message", f"expected at most {most}")
        expected = _why_not_plain(value)
        if expected:
            raise Unfit("not_readable", ".".join(path) or "message", expected)


def _is_plain_at_sight(message: object) -> bool:
    """Whether all is well. Where it may not be, the longer walk says what is wrong and where."""
    waiting, count, characters = [(message, 0)], 0, 0
    while waiting:
        value, depth = waiting.pop()
        kind, count = type(value), count + 1
        if depth > DEEPEST or count > MOST_VALUES or characters > MOST_CHARACTERS:
            return False
        if isinstance(value, dict):
            if not all(type(name) is str and name.isascii() and _is_name(name) for name in value):
                return False
            waiting += [(inner, depth + 1) for inner in value.values()]
        elif isinstance(value, list):
            waiting += [(inner, depth + 1) for inner in value]
        elif isinstance(value, str):
            characters += len(value)
            if "\0" in value or not (value.isascii() or _is_unicode(value)):
                return False
        elif not (value is None or kind is bool or (kind is int and value in _NUMBERS_OF_JSON)):
            return False
    return characters <= MOST_CHARACTERS


def legible(text: str) -> str:
    """The text as any encoder takes it, cut off where it is too long to be shown."""
    return text[:LONGEST_FIELD_NAME].encode(errors="replace").decode()


def _values(message: Mapping[Any, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each value inside a message with its path. A loop: recursion could be driven too deep."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), message)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if len(path) > DEEPEST:
            raise Unfit("too_deep", ".".join(path[:3]), f"expected at most {DEEPEST} levels")
        if isinstance(value, Mapping):
            for name, inner in value.items():
                if not _is_name(name):
                    expected = f"expected names of fields, at most {LONGEST_FIELD_NAME} characters"
                    raise Unfit("not_readable", ".".join(path) or "message", expected)
                waiting.append(((*path, name), inner))
        elif isinstance(value, list | tuple):
            waiting.extend(((*path, str(index)), inner) for index, inner in enumerate(value))


def _why_not_plain(value: object) -> str:
    """What was expected instead of this value, or nothing."""
    if isinstance(value, str):
        if "\0" in value or not _is_unicode(value):
            return "expected text without NUL and without half characters"
    elif isinstance(value, int):
        if value not in _NUMBERS_OF_JSON:
            return "expected a number of at most 64 bits"
    elif isinstance(value, float):
        if not math.isfinite(value):
            return "expected a number"
    elif value is not None and not isinstance(value, Mapping | list | tuple):
        return f"expected a value of JSON, not {type(value).__name__}"
    return ""


def _is_name(name: object) -> bool:
    return isinstance(name, str) and len(name) <= LONGEST_FIELD_NAME and not _why_not_plain(name)


def _is_unicode(text: str) -> bool:
    """Not so if half of a surrogate pair stands alone in it, as an escape in JSON can have it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
