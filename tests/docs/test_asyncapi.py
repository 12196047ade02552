"""The AsyncAPI document has what version 3.0 of the specification asks for, and is true.

Checked by hand against https://www.asyncapi.com/docs/reference/specification/v3.0.0: required
fields, closed sets of values, and that every reference leads somewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from grant_bus.rabbit import FEED, command_queue, feed_queue_name, routing_key
from grant_contracts.questions import QUESTIONS
from pruefpfad.assembly import SERVICES
from pruefpfad.published.documents import documents
from pruefpfad.published.kinds import published_events, taken_commands

DOCUMENTS = documents()
DOCUMENT = json.loads(DOCUMENTS["asyncapi.json"])
CHANNELS, OPERATIONS = DOCUMENT["channels"], DOCUMENT["operations"]
MESSAGES = DOCUMENT["components"]["messages"]
ROOT_FIELDS = {
    "asyncapi",
    "id",
    "info",
    "servers",
    "defaultContentType",
    "channels",
    "operations",
    "components",
}
CHANNEL_FIELDS = {
    "address",
    "messages",
    "title",
    "summary",
    "description",
    "servers",
    "parameters",
    "tags",
    "externalDocs",
    "bindings",
}
MESSAGE_FIELDS = {"name", "title", "summary", "description", "contentType", "payload", "headers"}
OPERATION_FIELDS = {"action", "channel", "title", "summary", "description", "messages", "reply"}


def _own(part: dict[str, Any]) -> set[str]:
    """The fields of an object without extensions of ours."""
    return {name for name in part if not name.startswith("x-")}


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)


def _found(reference: str) -> Any:
    if reference.startswith("./"):
        return json.loads(DOCUMENTS[reference.removeprefix("./")])
    part = DOCUMENT
    for name in reference.removeprefix("#/").split("/"):
        part = part[name]
    return part


def test_the_root_says_version_title_and_content_type() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert _own(DOCUMENT) <= ROOT_FIELDS
    assert DOCUMENT["info"]["title"]
    assert DOCUMENT["info"]["version"]


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_a_channel_has_an_address_and_messages_of_the_components(name: str) -> None:
    channel = CHANNELS[name]

    assert _own(channel) <= CHANNEL_FIELDS
    assert channel["address"] is None or channel["address"]
    assert channel["messages"]
    for message in channel["messages"].values():
        assert re.fullmatch(r"#/components/messages/[A-Za-z._]+", message["$ref"])


@pytest.mark.parametrize("name", sorted(name for name in CHANNELS if "bindings" in CHANNELS[name]))
def test_a_binding_is_one_of_amqp(name: str) -> None:
    """AMQP channel binding 0.3.0: a routing key of an exchange, or a queue."""
    binding = CHANNELS[name]["bindings"]["amqp"]
    described = {"routingKey": "exchange", "queue": "queue"}[binding["is"]]

    assert set(binding) == {"is", described, "bindingVersion"}
    assert len(binding[described]["name"]) <= 255
    assert isinstance(binding[described]["durable"], bool)
    if described == "exchange":
        assert binding["exchange"]["type"] in {"topic", "direct", "fanout", "default", "headers"}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_sends_or_receives_on_a_channel(name: str) -> None:
    operation = OPERATIONS[name]

    assert _own(operation) <= OPERATION_FIELDS
    assert operation["action"] in {"send", "receive"}
    assert operation["channel"]["$ref"].removeprefix("#/channels/") in CHANNELS


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_has_a_name_a_content_type_and_a_payload(name: str) -> None:
    message = MESSAGES[name]

    assert set(message) <= MESSAGE_FIELDS
    assert message["name"] == name
    assert "/" in message["contentType"]
    assert message["payload"]


def test_every_reference_leads_somewhere() -> None:
    references = set(_references(DOCUMENT))

    assert len(references) > len(MESSAGES)
    assert all(_found(reference) for reference in references)


def test_names_are_such_as_the_specification_takes_for_components() -> None:
    assert all(re.fullmatch(r"[a-zA-Z0-9.\-_]+", name) for name in MESSAGES)


def test_every_event_is_announced_by_its_topic_as_the_type_of_its_envelope() -> None:
    for event in published_events():
        assert CHANNELS[f"events.{event.topic}"]["address"] == event.topic
        envelope, own = MESSAGES[event.topic]["payload"]["allOf"]
        assert envelope["$ref"].endswith("cloud_event.json")
        assert own["properties"]["type"] == {"const": f"pruefpfad.{event.topic}"}


def test_every_command_has_a_channel_and_an_answer() -> None:
    for command in taken_commands():
        assert CHANNELS[f"commands.{command.full_name}"]["address"] == command.full_name
        reply = OPERATIONS[f"take.{command.full_name}"]["reply"]
        assert reply["channel"] == {"$ref": "#/channels/answers"}


def test_every_command_and_question_can_be_posted_by_its_routing_key() -> None:
    names = [*(command.full_name for command in taken_commands()), *QUESTIONS]

    for name in names:
        service, _, last = name.partition(".")
        assert CHANNELS[f"post.{name}"]["address"] == f"{service}.main.{last}"
        reply = OPERATIONS[f"receive.{name}"]["reply"]
        assert reply["channel"] == {"$ref": "#/channels/post.answers"}


def test_the_queues_of_commands_are_as_they_are_declared() -> None:
    for service in ("intake", "eligibility", "budgeting", "disbursement"):
        queue = command_queue(f"{service}/main")
        channel = CHANNELS[f"post.commands.{service}"]
        assert channel["address"] == queue.name
        assert channel["x-queue-arguments"] == queue.queue_arguments


def test_every_follower_has_its_queue_of_the_feed() -> None:
    for name, service in SERVICES.items():
        for upstream in service.policies.upstreams:
            origin = f"{upstream}/main"
            queue = CHANNELS[f"feed.{upstream}.{name}"]
            assert queue["address"] == feed_queue_name(name, origin)
            assert CHANNELS[f"feed.{upstream}"]["address"] == routing_key(origin)
            assert CHANNELS[f"feed.{upstream}"]["bindings"]["amqp"]["exchange"]["name"] == FEED.name
