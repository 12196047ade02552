"""Commands and questions by message in the AsyncAPI document: what a foreign sender needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from grant_bus import rabbit
from grant_contracts.answer_codes import ANSWER_CODES
from grant_contracts.questions import QUESTIONS
from grant_contracts.standing import SERVICES
from pruefpfad.published.asyncapi_parts import (
    JSON,
    LANE,
    Part,
    a_channel,
    a_message,
    an_object,
    an_operation,
    command_schema_path,
    from_queue,
    message_schema_path,
    routed_by,
)
from pruefpfad.published.kinds import TakenCommand


def command_payload(command: TakenCommand) -> Part:
    """The message of one command: the common form, with this name and this payload."""
    own = {
        "command": {"const": command.full_name},
        "payload": {"$ref": f"./{command_schema_path(command)}"},
    }
    return {
        "allOf": [
            {"$ref": f"./{message_schema_path('command_message')}"},
            {"type": "object", "properties": own},
        ]
    }


# Messages.
def messages(commands: list[TakenCommand]) -> dict[str, Part]:
    question = {"$ref": f"./{message_schema_path('question_message')}"}
    answer = {"$ref": f"./{message_schema_path('answer')}"}
    return {
        **{
            f"post.{command.full_name}": a_message(
                f"post.{command.full_name}",
                command.meaning.partition("\n")[0],
                JSON,
                command_payload(command),
            )
            for command in commands
        },
        "post.question": a_message("post.question", "A question by message.", JSON, question),
        "post.answer": a_message("post.answer", "The answer to a command.", JSON, answer),
        "post.found": a_message("post.found", "The answer to a question.", JSON, _found()),
    }


def _found() -> Part:
    """Only `kind` is always there: `value` where something was found, `code` everywhere else."""
    texts = {"type": "array", "items": {"type": "string"}}
    positions = {"type": "object", "additionalProperties": {"type": "integer"}}
    optional = {
        "value": {"description": "What was asked for; null where there is none."},
        "computed_from": {
            "type": "object",
            "description": "Where axes were given: the positions, day and instant of the answer.",
        },
        "code": {"enum": list(ANSWER_CODES)},
        "errors": {"type": "object", "additionalProperties": texts},
        "followed": {**positions, "description": "How far each upstream was followed."},
        "retry_after_seconds": {"type": "number"},
        "reason": {"type": "string"},
    }
    form = an_object(kind={"enum": ["found", "invalid", "not_yet", "unknown"]})
    return {**form, "properties": {**form["properties"], **optional}}


# Channels.
def channels(commands: list[TakenCommand]) -> dict[str, Part]:
    return {
        **{
            f"post.{command.full_name}": a_channel(
                _routing_key(command.full_name),
                "A command of whoever speaks AMQP.",
                [f"post.{command.full_name}"],
                routed_by(rabbit.COMMANDS),
            )
            for command in commands
        },
        **{
            f"post.{question}": a_channel(
                _routing_key(question),
                "A question of whoever speaks AMQP.",
                ["post.question"],
                routed_by(rabbit.QUERIES),
            )
            for question in QUESTIONS
        },
        **dict(_queues(commands)),
        "post.answers": a_channel(
            None, "Answers, on the queue that the sender named.", ["post.answer", "post.found"]
        ),
    }


def _queues(commands: list[TakenCommand]) -> Iterator[tuple[str, Part]]:
    every = [f"post.{command.full_name}" for command in commands]
    for service in SERVICES:
        origin = f"{service}/{LANE}"
        own = [name for name in every if name.startswith(f"post.{service}.")]
        if own:
            text = f"The commands that {service} takes."
            yield f"post.commands.{service}", _queue(rabbit.command_queue(origin), text, own)
        text = f"The questions that {service} answers."
        asked = _queue(rabbit.question_queue(origin), text, ["post.question"])
        yield f"post.questions.{service}", asked
    text = "What could be neither carried out nor answered."
    yield "post.dead", _queue(rabbit.dead_command_queue(), text, every)


def _queue(queue: Any, text: str, names: list[str]) -> Part:
    channel = a_channel(queue.name, text, names, from_queue(queue))
    return {**channel, "x-queue-arguments": queue.queue_arguments}


# Operations, as the services do them.
def operations(commands: list[TakenCommand]) -> dict[str, Part]:
    names = [*(command.full_name for command in commands), *QUESTIONS]
    return {
        f"receive.{name}": {
            **an_operation("receive", f"post.{name}"),
            "reply": {
                "address": {"location": "$message.header#/reply_to"},
                "channel": {"$ref": "#/channels/post.answers"},
            },
        }
        for name in names
    }


def _routing_key(name: str) -> str:
    """ "intake.main.submit_application" for "intake.submit_application"."""
    service, _, last = name.partition(".")
    return f"{service}.{LANE}.{last}"
