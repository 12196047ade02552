"""Exchanges, queues, bindings and rights in the form in which RabbitMQ imports definitions.

It translates what `rabbit.py` declares and `rabbit_rights.py` allows. Must not know services.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grant_bus.rabbit_rights import Rights

VIRTUAL_HOST = "pruefpfad"
Definition = dict[str, Any]


def definitions(
    exchanges: Sequence[Any], queues: Sequence[Any], users: Mapping[str, Rights]
) -> Definition:
    """All of one virtual host. In place of each user's password hash stands the name of its
    variable, `${RABBITMQ_…_PASSWORD}`: a broker refuses the file until they are filled in."""
    return {
        "vhosts": [{"name": VIRTUAL_HOST}],
        "users": [_user(name) for name in users],
        "permissions": [_permission(name, rights) for name, rights in users.items()],
        "topic_permissions": [
            _topic_permission(name, exchange, rights)
            for name, rights in users.items()
            for exchange in rights.topics
        ],
        "exchanges": [_exchange(exchange) for exchange in exchanges],
        "queues": [_queue(queue) for queue in queues],
        "bindings": [binding for queue in queues for binding in _bindings(queue)],
    }


def password_variable(user: str) -> str:
    """ "RABBITMQ_INTAKE_RELAY_PASSWORD" for the user "intake-relay"."""
    return f"RABBITMQ_{user.upper().replace('-', '_')}_PASSWORD"


def _user(name: str) -> Definition:
    return {
        "name": name,
        "password_hash": f"${{{password_variable(name)}}}",
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": [],
    }


def _permission(user: str, rights: Rights) -> Definition:
    return {
        "user": user,
        "vhost": VIRTUAL_HOST,
        "configure": rights.configure,
        "write": rights.write,
        "read": rights.read,
    }


def _topic_permission(user: str, exchange: str, rights: Rights) -> Definition:
    keys = rights.topics[exchange]
    named = {"user": user, "vhost": VIRTUAL_HOST, "exchange": exchange}
    return {**named, "write": keys.write, "read": keys.read}


def _exchange(exchange: Any) -> Definition:
    return {
        "name": exchange.name,
        "vhost": VIRTUAL_HOST,
        "type": exchange.type,
        "durable": exchange.durable,
        "auto_delete": exchange.auto_delete,
        "internal": False,
        "arguments": exchange.arguments or {},
    }


def _queue(queue: Any) -> Definition:
    return {
        "name": queue.name,
        "vhost": VIRTUAL_HOST,
        "durable": queue.durable,
        "auto_delete": queue.auto_delete,
        "arguments": queue.queue_arguments or {},
    }


def _bindings(queue: Any) -> list[Definition]:
    if queue.bindings:
        pairs = sorted((each.exchange.name, each.routing_key) for each in queue.bindings)
    else:
        pairs = [(queue.exchange.name, queue.routing_key)]
    return [_binding(queue.name, exchange, key) for exchange, key in pairs]


def _binding(queue: str, exchange: str, key: str) -> Definition:
    return {
        "source": exchange,
        "vhost": VIRTUAL_HOST,
        "destination": queue,
        "destination_type": "queue",
        "routing_key": key,
        "arguments": {},
    }
