"""The definitions file of the broker: what all services of a lane need there, and who may what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from grant_bus import rabbit
from grant_bus.rabbit_definitions import definitions
from grant_bus.rabbit_rights import (
    Rights,
    operator_rights,
    relay_rights,
    relay_user,
    sender_rights,
    service_rights,
)
from pruefpfad.assembly import SERVICES

EXCHANGES = (
    rabbit.FEED,
    rabbit.RESEND,
    rabbit.EVENTS,
    rabbit.COMMANDS,
    rabbit.DEAD_COMMANDS,
    rabbit.QUERIES,
    rabbit.RPC,
)
OPERATOR = "operator"
SENDER = "sender"


def broker_definitions(lane: str) -> str:
    """The text of the file, one queue, exchange or right a line, so that changes can be read."""
    parts = definitions(EXCHANGES, list(_queues(lane)), users())
    texts = (f" {json.dumps(name)}: [\n{_lines(entries)}\n ]" for name, entries in parts.items())
    return "{\n" + ",\n".join(texts) + "\n}\n"


def users() -> dict[str, Rights]:
    """Every user and its rights: the services, their relays, the operators, and whoever sends."""
    services = {
        name: service_rights(name, service.policies.upstreams) for name, service in SERVICES.items()
    }
    relays = {relay_user(name): relay_rights(name) for name in SERVICES}
    return {**services, **relays, OPERATOR: operator_rights(), SENDER: sender_rights()}


def _queues(lane: str) -> Iterator[Any]:
    yield rabbit.dead_command_queue()
    for name, service in SERVICES.items():
        origin = f"{name}/{lane}"
        yield rabbit.rpc_queue(name)
        yield rabbit.command_queue(origin)
        yield rabbit.question_queue(origin)
        yield rabbit.resend_queue(origin)
        for upstream in service.policies.upstreams:
            yield rabbit.feed_queue(name, f"{upstream}/{lane}")


def _lines(entries: list[dict[str, Any]]) -> str:
    return ",\n".join(f"  {json.dumps(entry)}" for entry in entries)
