"""What the services publish and take, as their code declares it: the source of every document.

It reads facts, catalogues and commands, and says in plain words of what type a field is. It must
not know any form of document.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from grant_bus.desk import Command
from grant_contracts.envelope import Fact
from grant_contracts.reasons import Codes, codes_of
from grant_contracts.registry import FACTS
from grant_contracts.upcasters import UPCASTERS
from grant_store.catalogue import EventKind
from pruefpfad.assembly import SERVICES

Fields = dict[str, str]

_WORDS: Mapping[Any, str] = {
    str: "text",
    int: "integer",
    bool: "boolean",
    date: "date",
    datetime: "date-time",
    UUID: "UUID",
    NoneType: "null",
    Any: "any JSON value",
}


@dataclass(frozen=True)
class PublishedEvent:
    """One fact as its readers get it, and the event that its service records."""

    service: str
    fact: type[Fact]
    kind: EventKind

    @property
    def topic(self) -> str:
        return self.fact.TOPIC

    @property
    def name(self) -> str:
        return self.topic.partition(".")[2]

    @property
    def meaning(self) -> str:
        return inspect.getdoc(self.fact) or ""

    @property
    def fields(self) -> Fields:
        return {name: in_words(kind) for name, kind in fact_fields(self.fact).items()}

    @property
    def shapes(self) -> dict[str, Fields]:
        return shapes_in(fact_fields(self.fact).values())

    @property
    def codes(self) -> Mapping[str, Codes]:
        return codes_of(self.topic)

    def has_upcaster(self, version: int) -> bool:
        """Whether stored events of this version can be lifted to the next one."""
        return UPCASTERS.leads_on(self.topic, version)


@dataclass(frozen=True)
class TakenCommand:
    """One command of one service."""

    service: str
    name: str
    command: Command

    @property
    def full_name(self) -> str:
        return f"{self.service}.{self.name}"

    @property
    def meaning(self) -> str:
        return inspect.getdoc(self.command.schema) or ""

    @property
    def roles(self) -> list[str]:
        return sorted(self.command.roles)


def published_events() -> list[PublishedEvent]:
    """Every event of every service, in the order in which its code lists them.

    Raises `LookupError` for an event without a published fact.
    """
    return [
        PublishedEvent(name, _fact(kind.topic), kind)
        for name, service in SERVICES.items()
        for kind in service.catalogue.kinds
    ]


def taken_commands() -> list[TakenCommand]:
    """Every command of every service."""
    return [
        TakenCommand(name, command_name, command)
        for name, service in SERVICES.items()
        for command_name, command in service.commands.items()
    ]


def fact_fields(fact: type[Fact]) -> dict[str, Any]:
    """Name and type of each field of a fact, without the envelope, in order."""
    hints = get_type_hints(fact)
    names = [field.name for field in msgspec.structs.fields(fact)]
    return {name: hints[name] for name in names if name != "envelope"}


def shape_fields(shape: type[Any]) -> dict[str, Any]:
    """Name and type of each field of a nested shape, in order."""
    hints = get_type_hints(shape)
    return {field.name: hints[field.name] for field in dataclasses.fields(shape)}


def in_words(kind: Any) -> str:
    """A field's type in plain words: "list of Tranche", "date or null"."""
    if kind in _WORDS:
        return _WORDS[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return " or ".join(in_words(argument) for argument in arguments)
    if origin is tuple:
        return f"list of {in_words(arguments[0])}"
    if origin is dict:
        return "object"
    return str(kind.__name__)


def shapes_in(kinds: Iterable[Any]) -> dict[str, Fields]:
    """The nested shapes that these types are made of, by name, those inside them too."""
    found: dict[str, Fields] = {}
    for kind in kinds:
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            inner = shape_fields(kind)
            found[kind.__name__] = {name: in_words(each) for name, each in inner.items()}
            found.update(shapes_in(inner.values()))
        else:
            found.update(shapes_in(get_args(kind)))
    return found


def _fact(topic: str) -> type[Fact]:
    if topic not in FACTS:
        raise LookupError(f"{topic} is recorded but not published: add its fact to the contracts.")
    return FACTS[topic]
