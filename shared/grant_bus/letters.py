"""Commands and questions as letters: what came by AMQP is read, and its answer addressed.

It knows the form of a letter, and decides nothing about what is in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
    """One message: what a desk is to read, or the `complaint` about its form.

    Without `reply_to` nobody waits for an answer. `expires_at` is when its sender wants it no more,
    as far as the message's own `expiration` says so.
    """

    tag: int
    routing_key: str
    reply_to: str
    correlation_id: str
    content: object = None
    complaint: Answer | None = None
    expires_at: datetime | None = None


def read_letter(message: Any, origin: str, names: str) -> Letter:
    """The letter in a message of the library, sent to a queue of `origin`.

    `names` is the field of the body that the routing key has to agree with.
    """
    properties = message.properties
    routing_key = message.delivery_info["routing_key"]
    address = properties.get("reply_to", "")
    is_proper = not address or REPLY_ADDRESS.fullmatch(address)
    content = _content(message, _name_of(routing_key, origin), names)
    if not is_proper:
        errors = {"reply_to": [_ADDRESS_EXPECTED]}
        content = invalid(_name_of(routing_key, origin), "", "no_reply_queue", errors)
    return Letter(
        tag=message.delivery_tag,
        routing_key=routing_key,
        reply_to=address if is_proper else "",
        correlation_id=properties.get("correlation_id") or properties.get("message_id", ""),
        content=content,
        complaint=content if isinstance(content, Answer) else None,
        expires_at=_expiry(properties.get("expiration")),
    )


def _expiry(expiration: str | None) -> datetime | None:
    """The broker counts it down in its queue only; from here on we do. The broker has checked that
    these are milliseconds."""
    return datetime.now(UTC) + timedelta(milliseconds=int(expiration)) if expiration else None


def _content(message: Any, name: str, names: str) -> object:
    """The JSON object in the body, or the answer that the form has earned."""
    if message.properties.get("content_type", JSON) != JSON:
        errors = {"content_type": [f"expected {JSON!r}"]}
        return invalid(name, "", "wrong_content_type", errors)
    if len(message.body) > MOST_BYTES:
        return _unfit(name, "too_large", f"expected at most {MOST_BYTES} bytes")
    try:
        content = msgspec.json.decode(message.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _unfit(name, "not_readable", f"expected JSON: {error}")
    except RecursionError:
        return _unfit(name, "too_deep", f"expected at most {DEEPEST} levels")
    if not isinstance(content, dict):
        return _unfit(name, "not_readable", "expected a JSON object")
    if content.get(names) != name:
        # A broker may let a user send certain keys only: nothing else may hide behind one.
        expected = f"expected {legible(name)!r}, because that is the routing key"
        return invalid(name, content.get("key"), "misaddressed", {names: [expected]})
    return content


def _unfit(name: str, code: InvalidCode, expected: str) -> Answer:
    return invalid(name, "", code, {"message": [expected]})


def _name_of(routing_key: str, origin: str) -> str:
    """ "intake.submit_application" for the routing key "intake.main.submit_application"."""
    service, _, lane = origin.partition("/")
    return f"{service}.{routing_key.removeprefix(f'{service}.{lane}.')}"
