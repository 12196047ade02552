"""JSON Schema of what crosses a border: facts from msgspec, commands from marshmallow.

Each schema stands on its own: what it refers to is in its `$defs`.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import msgspec
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema
from marshmallow.fields import Field, Nested, Tuple

from grant_contracts.answer_codes import ANSWER_CODES
from grant_contracts.answers import Answer
from grant_contracts.commands import CommandMessage
from grant_contracts.envelope import CloudEvent
from grant_contracts.intake_commands import Definition
from grant_contracts.personal import SealedRecord
from grant_contracts.programme import ProgrammeDefinition
from grant_contracts.questions import QuestionMessage
from grant_contracts.reasons import ANSWER_KINDS
from pruefpfad.published.kinds import PublishedEvent, TakenCommand

JsonSchema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DEFS = "#/$defs/"
_COMPONENTS = "#/components/schemas/"
# One JSON type per struct: the instant of an envelope is an RFC 3339 date-time.
_INSTANT = {"type": "string", "format": "date-time"}


def event_schema(event: PublishedEvent) -> JsonSchema:
    """The `data` of one event. Closed: a further field would be a further version."""
    schema, shapes = _of_struct(event.fact)
    schema["properties"].pop("envelope")
    shapes.pop(CloudEvent.__name__)
    for field, codes in event.codes.items():
        schema["properties"][field]["enum"] = list(codes)
    for part in (schema, *shapes.values()):
        part["additionalProperties"] = False
    name = f"urn:pruefpfad:event:{event.topic}:v{event.fact.VERSION}"
    return _document(name, event.topic, event.meaning, schema, shapes)


def command_schema(command: TakenCommand) -> JsonSchema:
    """The payload of one command."""
    schema, shapes = _of_marshmallow(command.command.schema)
    name = f"urn:pruefpfad:command:{command.full_name}"
    return _document(name, command.full_name, command.meaning, schema, shapes)


def message_schemas() -> dict[str, JsonSchema]:
    """The forms around the contents: the envelopes of events and commands, and the answer."""
    envelope, _ = _of_struct(CloudEvent)
    envelope["properties"] |= {"time": _INSTANT, "data": {"type": "object"}}
    envelope["properties"]["datacontenttype"] = {"const": "application/json"}
    answer, _ = _of_struct(Answer)
    answer["properties"]["kind"]["enum"] = list(ANSWER_KINDS)
    answer["properties"]["code"]["enum"] = ["", *ANSWER_CODES]
    message, shapes = _of_marshmallow(CommandMessage)
    question, _ = _of_marshmallow(QuestionMessage)
    parts: Mapping[str, tuple[type[Any], JsonSchema, dict[str, JsonSchema]]] = {
        "cloud_event": (CloudEvent, envelope, {}),
        "answer": (Answer, answer, {}),
        "command_message": (CommandMessage, message, shapes),
        "question_message": (QuestionMessage, question, {}),
    }
    return {
        name: _document(
            f"urn:pruefpfad:{name}", kind.__name__, inspect.getdoc(kind) or "", schema, inner
        )
        for name, (kind, schema, inner) in parts.items()
    }


def _document(
    name: str, title: str, meaning: str, schema: JsonSchema, shapes: dict[str, JsonSchema]
) -> JsonSchema:
    head = {"$schema": DIALECT, "$id": name, "title": title, "description": meaning}
    body = {key: part for key, part in schema.items() if key not in head}
    return head | body | ({"$defs": shapes} if shapes else {})


def _of_struct(struct: type[msgspec.Struct]) -> tuple[JsonSchema, dict[str, JsonSchema]]:
    _, shapes = msgspec.json.schema_components([struct], ref_template=_DEFS + "{name}")
    for shape in shapes.values():
        shape["description"] = inspect.cleandoc(shape["description"])
    return shapes.pop(struct.__name__), shapes


def _of_marshmallow(schema: type[Schema]) -> tuple[JsonSchema, dict[str, JsonSchema]]:
    plugin = MarshmallowPlugin()
    spec = APISpec("commands", "1", openapi_version="3.1.0", plugins=[plugin])
    if plugin.converter is None:
        raise RuntimeError("The plugin was not set up by the specification.")
    for attributes in (_whole_definition, _of_tuple, _sealed_or_enclosed):
        plugin.converter.add_attribute_function(attributes)  # type: ignore[no-untyped-call]
    spec.components.schema(schema.__name__, schema=schema)
    shapes = _with_own_references(spec.to_dict()["components"]["schemas"])
    return shapes.pop(schema.__name__), shapes


def _whole_definition(converter: Any, field: Field[Any], **_: Any) -> JsonSchema:
    """A programme definition is a dictionary to Python, and a schema of its own to readers."""
    if not isinstance(field, Definition):
        return {}
    reference: JsonSchema = converter.resolve_nested_schema(ProgrammeDefinition)
    return {"allOf": [reference]}


def _of_tuple(converter: Any, field: Field[Any], **_: Any) -> JsonSchema:
    """The library knows no tuples: a list of fixed length with a type for each place."""
    if not isinstance(field, Tuple):
        return {}
    places = [converter.field2property(place) for place in field.tuple_fields]
    length = len(places)
    return {"type": "array", "prefixItems": places, "minItems": length, "maxItems": length}


def _sealed_or_enclosed(
    converter: Any, field: Field[Any], ret: JsonSchema | None = None, **_: Any
) -> JsonSchema:
    """A sealed record may come in an envelope instead."""
    if not isinstance(field, Nested) or not isinstance(field.schema, SealedRecord):
        return {}
    if ret is not None:
        ret.pop("$ref", None)
    forms = (field.schema, field.schema.ENCLOSED)
    return {"anyOf": [converter.resolve_nested_schema(form) for form in forms]}


def _with_own_references(part: Any) -> Any:
    """References of OpenAPI as references within the schema, in an order that does not vary."""
    if isinstance(part, dict):
        return {key: _with_own_references(inner) for key, inner in part.items()}
    if isinstance(part, list | tuple):
        return [_with_own_references(inner) for inner in part]
    if isinstance(part, str) and part.startswith(_COMPONENTS):
        return _DEFS + part.removeprefix(_COMPONENTS)
    return part
