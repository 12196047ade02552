"""docs/events.md: what each service records and takes, for people. It only writes Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from grant_contracts.answer_codes import CODES_OF_KIND
from grant_contracts.reasons import ANSWER_KINDS, Codes
from pruefpfad.assembly import SERVICES
from pruefpfad.published.asyncapi_parts import command_schema_path, event_schema_path
from pruefpfad.published.kinds import Fields, PublishedEvent, TakenCommand
from pruefpfad.published.schemas import command_schema

_HEAD = """\
# Events and commands

Generated from the contracts by `pruefpfad contracts write`; a test fails when it is stale. The same
as JSON Schema stands in [schemas/](schemas/), as AsyncAPI in [asyncapi.json](asyncapi.json).

An event's topic is its stored name, its routing key and, behind `pruefpfad.`, its CloudEvents type.
All amounts of events are integer cents, those of commands text such as `"1250.00"`.

## Versions of an event

A stored event keeps its bytes, its leaf and the version that it was recorded in for good. Who reads
one of an older version, its own service or one that follows, lifts a copy of it step by step to
today's; one of a later version is parked until the program knows it. To raise a version:

1. If no [recorded history](../tests/histories/README.md) has the version that goes, record one with
   `make histories NAME=2027-01-before-payees`.
2. Change the event in the `domain` of its service, with `class_version = 2`, and its fact in
   `grant_contracts`, with `VERSION = 2`.
3. Add the step from version 1 to `grant_contracts/upcasters.py`: a pure function from the fields as
   they were to the fields as they are. It stays for good.
4. `make docs`, and `pruefpfad contracts write --snapshots`.
5. Where the histories are told otherwise now, say so in their `amendments.toml`; then record one
   that has the new version.

A test fails for each of these that is left out. Services that follow are brought up to date before
the service that records, or they park what they cannot read yet.
"""


def events_page(events: list[PublishedEvent], commands: list[TakenCommand]) -> str:
    """The whole page."""
    lines = [_HEAD, *_answers()]
    for service in SERVICES:
        lines += [f"## {service}", ""]
        for event in events:
            if event.service == service:
                lines += _event(event)
        for command in commands:
            if command.service == service:
                lines += _command(command)
    lines += _shapes(events)
    return "\n".join(lines).rstrip() + "\n"


def _answers() -> Iterator[str]:
    yield from ("## Answers to a command", "")
    yield from _codes(ANSWER_KINDS)
    for kind, codes in CODES_OF_KIND.items():
        yield from (f"`code` of an answer that is {kind}:", "")
        yield from _codes(codes)


def _event(event: PublishedEvent) -> Iterator[str]:
    yield from (f"### {event.topic}", "", _flat(event.meaning), "")
    yield f"Version {event.fact.VERSION}, [JSON Schema]({event_schema_path(event)})."
    yield ""
    if event.fields:
        yield from _table(("Field", "Type"), _rows(event.fields))
    for field, codes in event.codes.items():
        yield from (f"`{field}` is one of:", "")
        yield from _codes(codes)


def _command(command: TakenCommand) -> Iterator[str]:
    yield from (f"### Command {command.full_name}", "", _flat(command.meaning), "")
    second = ", a second actor may bear it too" if command.command.takes_second else ""
    roles = ", ".join(f"`{role}`" for role in command.roles)
    yield f"Roles: {roles}{second}. [JSON Schema]({command_schema_path(command)})."
    yield ""
    schema = command_schema(command)
    required = schema.get("required", ())
    rows = (
        (f"`{name}`", _form(schema["properties"][name]), "yes" if name in required else "")
        for name in schema["properties"]
    )
    yield from _table(("Field", "Form", "Required"), rows)


def _shapes(events: Iterable[PublishedEvent]) -> Iterator[str]:
    shapes: dict[str, Fields] = {}
    for event in events:
        shapes.update(event.shapes)
    yield from ("## Shapes of events", "")
    for name in sorted(shapes):
        yield from (f"### {name}", "")
        yield from _table(("Field", "Type"), _rows(shapes[name]))


def _rows(fields: Fields) -> Iterator[tuple[str, str]]:
    return ((f"`{name}`", kind) for name, kind in fields.items())


def _codes(codes: Codes) -> Iterator[str]:
    yield from (f"- `{code}`: {meaning}" for code, meaning in codes.items())
    yield ""


def _form(schema: Mapping[str, Any]) -> str:
    """A field of a command in a few words."""
    for name in ("description", "$ref"):
        if name in schema:
            return str(schema[name]).removeprefix("#/$defs/")
    if "allOf" in schema:
        return _form(schema["allOf"][0])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"] if value is not None)
    kinds = schema.get("type", "any JSON value")
    words = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    words = words.replace("string", "text")
    if "pattern" in schema:
        return f"{words} that matches `{schema['pattern']}`"
    return (
        f"{words} of {_form(schema['items'])}" if schema.get("items") else words + _limits(schema)
    )


def _limits(schema: Mapping[str, Any]) -> str:
    limits = [
        f"{word} {schema[name]}"
        for name, word in (("minLength", "at least"), ("maxLength", "at most"))
        if name in schema
    ]
    limits += [
        f"{word} {schema[name]}"
        for name, word in (("minimum", "from"), ("maximum", "to"))
        if name in schema
    ]
    return f" ({', '.join(limits)})" if limits else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _row(head)
    yield _row(("---",) * len(head))
    yield from (_row(row) for row in rows)
    yield ""


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _flat(text: str) -> str:
    """A docstring as running text; its paragraphs stay apart."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))
