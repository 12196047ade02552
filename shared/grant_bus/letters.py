"""Commands as letters: what came by AMQP is read here, and its answer is addressed.

It knows the form of a letter, and decides nothing about what is in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from grant_bus.answering import invalid
from grant_bus.rabbit import JSON
from grant_contracts.answer_codes import InvalidCode
from grant_contracts.answers import Answer
from grant_contracts.commands import DEEPEST, MOST_BYTES, legible

REPLY_ADDRESS = re.compile(r"(amq\.rabbitmq\.reply-to\.|amq\.gen-|reply\.)[^\s]{1,230}")
"""Where an answer may go. The name of any queue would do for the broker: a sender who named a
feed's queue would have us write into that feed."""
_ADDRESS_EXPECTED = "expected a queue named by the broker or one whose name begins with 'reply.'"


@dataclass(frozen=True)
class Letter:
    """One command by message: what the desk is to read, or the `complaint` about its form.

    Without `reply_to` nobody waits for an answer.
    """

    tag: int
    routing_key: str
    reply_to: str
    correlation_id: str
    content: object = None
    complaint: Answer | None = None


def read_letter(message: Any, origin: str) -> Letter:
    """The letter in a message of the library, sent to the command queue of `origin`."""
    properties = message.properties
    routing_key = message.delivery_info["routing_key"]
    address = properties.get("reply_to", "")
    is_proper = not address or REPLY_ADDRESS.fullmatch(address)
    content = _content(message, _command_of(routing_key, origin))
    if not is_proper:
        errors = {"reply_to": [_ADDRESS_EXPECTED]}
        content = invalid(_command_of(routing_key, origin), "", "no_reply_queue", errors)
    return Letter(
        tag=message.delivery_tag,
        routing_key=routing_key,
        reply_to=address if is_proper else "",
        correlation_id=properties.get("correlation_id") or properties.get("message_id", ""),
        content=content,
        complaint=content if isinstance(content, Answer) else None,
    )


def _content(message: Any, command: str) -> object:
    """The JSON object in the body, or the answer that the form has earned."""
    if message.properties.get("content_type", JSON) != JSON:
        errors = {"content_type": [f"expected {JSON!r}"]}
        return invalid(command, "", "wrong_content_type", errors)
    if len(message.body) > MOST_BYTES:
        return _unfit(command, "too_large", f"expected at most {MOST_BYTES} bytes")
    try:
        content = msgspec.json.decode(message.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _unfit(command, "not_readable", f"expected JSON: {error}")
    except RecursionError:
        return _unfit(command, "too_deep", f"expected at most {DEEPEST} levels")
    if not isinstance(content, dict):
        return _unfit(command, "not_readable", "expected a JSON object")
    if content.get("command") != command:
        # A broker may let a user send certain keys only: no other command may hide behind one.
        expected = f"expected {legible(command)!r}, because that is the routing key"
        return invalid(command, content.get("key"), "misaddressed", {"command": [expected]})
    return content


def _unfit(command: str, code: InvalidCode, expected: str) -> Answer:
    return invalid(command, "", code, {"message": [expected]})


def _command_of(routing_key: str, origin: str) -> str:
    """ "intake.submit_application" for the routing key "intake.main.submit_application"."""
    service, _, lane = origin.partition("/")
    return f"{service}.{routing_key.removeprefix(f'{service}.{lane}.')}"
