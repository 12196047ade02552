"""The AsyncAPI 3 document: which messages stand on which exchange, queue and routing key.

Names come from the code that declares them on the broker, contents are references to the JSON
Schemas beside the document. It must not connect to any broker.
"""

from __future__ import annotations

from grant_bus import rabbit
from grant_bus.feed import EVENTS_PER_MESSAGE
from grant_contracts.envelope import SOURCE_PREFIX, SPEC_VERSION, TYPE_PREFIX
from pruefpfad.assembly import SERVICES
from pruefpfad.published import asyncapi_post as post
from pruefpfad.published.asyncapi_parts import (
    JSON,
    LANE,
    Part,
    a_channel,
    a_message,
    an_object,
    an_operation,
    event_schema_path,
    from_queue,
    message_schema_path,
    routed_by,
)
from pruefpfad.published.kinds import PublishedEvent, TakenCommand

FEED_MESSAGES = ("batch", "head")


def asyncapi(events: list[PublishedEvent], commands: list[TakenCommand]) -> Part:
    """The whole document, as plain JSON values in an order that does not vary."""
    messages = {
        **{event.topic: _event_message(event) for event in events},
        **{command.full_name: _command_message(command) for command in commands},
        **_messages_of_the_bus(),
        **post.messages(commands),
    }
    channels = {
        **{f"events.{event.topic}": _event_channel(event) for event in events},
        **_feed_channels(),
        **{f"commands.{command.full_name}": _command_channel(command) for command in commands},
        "answers": a_channel(None, "Answers, on the queue that the sender named.", ["answer"]),
        **post.channels(commands),
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Prüfpfad",
            "version": "1.0.0",
            "description": "The life of a publicly co-financed grant: commands in, events out.",
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": JSON,
        "channels": channels,
        "operations": {**_operations(events, commands), **post.operations(commands)},
        "components": {"messages": messages},
    }


# Messages.
def _event_message(event: PublishedEvent) -> Part:
    return {
        "name": event.topic,
        "title": event.name,
        "summary": event.meaning.partition("\n")[0],
        "contentType": rabbit.EVENT,
        "payload": _of_type(event),
    }


def _of_type(event: PublishedEvent) -> Part:
    """The envelope with this event's type, version and data."""
    own = {
        "specversion": {"const": SPEC_VERSION},
        "source": {"type": "string", "pattern": f"^{SOURCE_PREFIX}{event.service}/[a-z0-9-]+$"},
        "type": {"const": f"{TYPE_PREFIX}{event.topic}"},
        "schemaversion": {"const": str(event.fact.VERSION)},
        "data": {"$ref": f"./{event_schema_path(event)}"},
    }
    return {
        "allOf": [
            {"$ref": f"./{message_schema_path('cloud_event')}"},
            {"type": "object", "properties": own},
        ]
    }


def _command_message(command: TakenCommand) -> Part:
    return {
        "name": command.full_name,
        "title": command.full_name,
        "summary": command.meaning.partition("\n")[0],
        "description": f"Roles entitled: {', '.join(command.roles)}.",
        "contentType": JSON,
        "payload": an_object(
            args={"type": "array", "maxItems": 0},
            kwargs=an_object(message=post.command_payload(command)),
        ),
    }


def _messages_of_the_bus() -> dict[str, Part]:
    envelope = {"$ref": f"./{message_schema_path('cloud_event')}"}
    batch = {"type": "array", "minItems": 1, "maxItems": EVENTS_PER_MESSAGE, "items": envelope}
    text, number = {"type": "string"}, {"type": "integer"}
    fault = {"type": ["object", "null"], "description": "A fault of the service, never a refusal."}
    answer = {"$ref": f"./{message_schema_path('answer')}"}
    return {
        "batch": a_message(
            "batch", "The next events of one origin, in their order.", rabbit.BATCH, batch
        ),
        "head": a_message(
            "head",
            "The last position of an origin and its leaf hash, every second.",
            rabbit.HEAD,
            an_object(origin=text, position=number, leaf_hash=text),
        ),
        "resend": a_message(
            "resend",
            "A follower's request for everything after a position.",
            rabbit.REQUEST,
            an_object(follower=text, after_position=number),
        ),
        "answer": a_message(
            "answer",
            "What a service answers to a command.",
            JSON,
            an_object(result={"anyOf": [answer, {"type": "null"}]}, error=fault),
        ),
    }


# Channels.
def _event_channel(event: PublishedEvent) -> Part:
    text = "Announced one by one to whoever listens; no follower depends on it."
    return a_channel(event.topic, text, [event.topic], routed_by(rabbit.EVENTS))


def _command_channel(command: TakenCommand) -> Part:
    text = f"A command by nameko RPC; the service takes it from the queue rpc-{command.service}."
    return a_channel(command.full_name, text, [command.full_name], routed_by(rabbit.RPC))


def _feed_channels() -> dict[str, Part]:
    channels: dict[str, Part] = {}
    for upstream, followers in _followers().items():
        origin = f"{upstream}/{LANE}"
        key = rabbit.routing_key(origin)
        channels[f"feed.{upstream}"] = a_channel(
            key, f"All of {origin}, for its followers.", FEED_MESSAGES, routed_by(rabbit.FEED)
        )
        channels[f"resend.{upstream}"] = a_channel(
            key, f"Requests to the relay of {origin}.", ["resend"], routed_by(rabbit.RESEND)
        )
        for follower in followers:
            queue = rabbit.feed_queue(follower, origin)
            text = f"{origin} as {follower} reads it."
            channel = a_channel(queue.name, text, FEED_MESSAGES, from_queue(queue))
            channels[f"feed.{upstream}.{follower}"] = {
                **channel,
                "x-queue-arguments": queue.queue_arguments,
            }
    return channels


# Operations, as the services do them.
def _operations(events: list[PublishedEvent], commands: list[TakenCommand]) -> dict[str, Part]:
    operations = {
        f"announce.{event.topic}": an_operation("send", f"events.{event.topic}") for event in events
    }
    for upstream, followers in _followers().items():
        operations[f"relay.{upstream}"] = an_operation("send", f"feed.{upstream}")
        operations[f"serve.{upstream}"] = an_operation("receive", f"resend.{upstream}")
        for follower in followers:
            channel = f"feed.{upstream}.{follower}"
            operations[f"follow.{upstream}.{follower}"] = an_operation("receive", channel)
    for command in commands:
        operations[f"take.{command.full_name}"] = {
            **an_operation("receive", f"commands.{command.full_name}"),
            "reply": {
                "address": {"location": "$message.header#/reply_to"},
                "channel": {"$ref": "#/channels/answers"},
            },
        }
    return operations


def _followers() -> dict[str, list[str]]:
    """Who follows whom, by upstream."""
    followers: dict[str, list[str]] = {}
    for name, service in SERVICES.items():
        for upstream in service.policies.upstreams:
            followers.setdefault(upstream, []).append(name)
    return followers
