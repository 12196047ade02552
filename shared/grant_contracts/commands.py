"""The message that carries a command, the same for RPC, queue, command line and embedded runner."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

COMMAND_NAME = validate.Regexp(
    r"^[a-z]+\.[a-z_]+$",
    error='expected "<service>.<command>", such as "intake.submit_application"',
)
KEY = validate.Length(min=1, max=200, error="expected 1 to 200 characters")


class Strict(Schema):
    """A schema that refuses unknown fields, so that a misspelt one cannot pass unseen."""

    class Meta:
        unknown = "raise"


class Flag(fields.Boolean):
    """True or false as JSON has them; "yes", 1 and the like are refused."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("expected true or false")
        return value


class CommandMessage(Strict):
    """A command: who sends it under which key, on whose authority, and what it asks for.

    The same `key` of the same actor is the same command: sent again, it gets the recorded answer.
    """

    command = fields.String(required=True, validate=COMMAND_NAME)
    key = fields.String(required=True, validate=KEY)
    actor_token = fields.String(required=True)
    second_actor_token = fields.String()
    correlation_id = fields.String(load_default="", validate=validate.Length(max=200))
    payload = fields.Dict(keys=fields.String(), required=True)


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
