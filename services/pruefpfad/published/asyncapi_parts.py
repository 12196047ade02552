"""The building blocks of the AsyncAPI document, as the specification names them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pruefpfad.published.kinds import PublishedEvent, TakenCommand

Part = dict[str, Any]

AMQP = {"bindingVersion": "0.3.0"}
JSON = "application/json"
LANE = "main"


def event_schema_path(event: PublishedEvent) -> str:
    return f"schemas/events/{event.topic}.v{event.fact.VERSION}.json"


def command_schema_path(command: TakenCommand) -> str:
    return f"schemas/commands/{command.full_name}.json"


def message_schema_path(name: str) -> str:
    return f"schemas/messages/{name}.json"


def a_message(name: str, summary: str, content_type: str, payload: Part) -> Part:
    return {"name": name, "summary": summary, "contentType": content_type, "payload": payload}


def an_object(**properties: Part) -> Part:
    return {"type": "object", "properties": properties, "required": list(properties)}


def a_channel(
    address: str | None, text: str, messages: Iterable[str], binding: Part | None = None
) -> Part:
    channel = {
        "address": address,
        "description": text,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }
    return {**channel, "bindings": {"amqp": binding}} if binding else channel


def routed_by(exchange: Any) -> Part:
    declared = {
        "name": exchange.name,
        "type": exchange.type,
        "durable": exchange.durable,
        "autoDelete": exchange.auto_delete,
    }
    return {"is": "routingKey", "exchange": declared, **AMQP}


def from_queue(queue: Any) -> Part:
    declared = {
        "name": queue.name,
        "durable": queue.durable,
        "exclusive": queue.exclusive,
        "autoDelete": queue.auto_delete,
    }
    return {"is": "queue", "queue": declared, **AMQP}


def an_operation(action: str, channel: str) -> Part:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}
