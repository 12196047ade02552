"""Which records about persons a command carries, where they stand, and whose they are.

It takes a payload apart so that records can be put into the places of others. It must not know how
something is sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec
from marshmallow import ValidationError

from grant_contracts.personal import IN_CLEAR, Enclosed
from grant_values.cases import case_id_of
from grant_values.personal import PARTICIPANT_RECORDS, Place, Sealed, place_of
from pruefpfad.border_ages import with_age

Payload = dict[str, Any]
_FORMS = {kind: form() for kind, form in IN_CLEAR.items()}
_ENVELOPE = Enclosed()
_BESIDE = "invented"
"""What says nothing about a person, and stays beside a sealed account of an application."""


@dataclass(frozen=True)
class Record:
    """One record within a payload that was made over: its path, its person, its form."""

    path: tuple[str | int, ...]
    reference: str
    kind: str
    number: int
    given: Mapping[str, Any]
    beside: Mapping[str, Any] = field(default_factory=dict)
    """What stands beside it, whatever form it has."""

    @property
    def place(self) -> Place:
        return place_of(case_id_of(self.reference), self.kind, self.number)

    @property
    def name(self) -> str:
        """The path as errors name it."""
        return ".".join(map(str, self.path))

    @property
    def is_sealed(self) -> bool:
        return "sealed" in self.given

    @property
    def is_enclosed(self) -> bool:
        return "envelope" in self.given

    @property
    def is_in_clear(self) -> bool:
        return not self.is_sealed and not self.is_enclosed

    @property
    def in_clear(self) -> Mapping[str, Any]:
        return {name: value for name, value in self.given.items() if name not in self.beside}

    def read(self, clear: Mapping[str, Any]) -> ReadRecord:
        """The content in clear if its form is right; a `ValidationError` names the field."""
        try:
            content = dict(_FORMS[self.kind].load(clear))
        except ValidationError as error:
            raise self.unfit(error.messages) from None
        says_nothing = {_BESIDE: content.pop(_BESIDE)} if _BESIDE in content else {}
        return ReadRecord(self, content, self.beside or says_nothing)

    def read_envelope(self) -> dict[str, Any]:
        """The envelope and what it was made to; a `ValidationError` names the field."""
        try:
            return dict(_ENVELOPE.load(self.in_clear))
        except ValidationError as error:
            raise self.unfit(error.messages) from None

    def unfit(self, messages: Any) -> ValidationError:
        """What was expected of this record instead."""
        for part in reversed(self.path):
            messages = {part: messages}
        return ValidationError(messages)


@dataclass(frozen=True)
class ReadRecord:
    """A record whose content is known, to be put back sealed."""

    record: Record
    content: dict[str, Any]
    beside: Mapping[str, Any]

    def put(self, payload: Payload, sealed: Sealed) -> None:
        """Put the sealed record into its place."""
        *path, last = self.record.path
        holder: Any = payload
        for part in path:
            holder = holder[part]
        holder[last] = {**msgspec.to_builtins(asdict(sealed)), **self.beside}


def records_in(command: str, payload: Mapping[str, Any]) -> tuple[Payload, list[Record]]:
    """The payload, made over so that its records can be replaced, with all that it carries.

    A form that is wholly wrong has no records here: it is for the command's own schema to refuse.
    """
    made_over = dict(payload)
    find, reference = _FINDING.get(command), payload.get("reference")
    if find is None or not isinstance(reference, str):
        return made_over, []
    return made_over, list(find(made_over, reference))


def carries_records(command: str) -> bool:
    """Whether records about persons come with this command."""
    return command in _FINDING


def read_all(
    payload: Mapping[str, Any], clear: Sequence[tuple[Record, Mapping[str, Any]]]
) -> list[ReadRecord]:
    """These records with their contents in clear; a `ValidationError` names the first that is
    unfit. What follows from two of them together is put in or checked."""
    by_name = {record.name: content for record, content in clear}
    aged = with_age(payload, by_name)
    return [record.read(aged.get(record.name, content)) for record, content in clear]


def _in_application(payload: Payload, reference: str) -> Iterator[Record]:
    if isinstance(payload.get("payee"), Mapping):
        yield Record(("payee",), reference, "account", 1, payload["payee"])
    contacts = payload.get("contacts")
    if isinstance(contacts, list):
        payload["contacts"] = list(contacts)
        for index, contact in enumerate(contacts):
            if isinstance(contact, Mapping):
                path = ("contacts", index)
                yield Record(path, reference, "contact_person", index + 1, contact)


def _in_records(payload: Payload, reference: str) -> Iterator[Record]:
    records = payload.get("records")
    if not isinstance(records, list):
        return
    payload["records"] = list(records)
    for index, given in enumerate(records):
        kind = given.get("kind") if isinstance(given, Mapping) else None
        if isinstance(kind, str) and kind in IN_CLEAR:
            yield _numbered(("records", index), reference, given)


def _in_enrolment(payload: Payload, reference: str) -> Iterator[Record]:
    number = payload.get("number")
    if type(number) is not int or number < 1:
        raise ValidationError({"number": ["expected 1 or more"]})
    if payload.get("identity") is None:
        raise ValidationError({"identity": ["expected a value"]})
    for purpose, kind in PARTICIPANT_RECORDS.items():
        if isinstance(payload.get(purpose), Mapping):
            yield Record((purpose,), reference, kind, number, payload[purpose])


def _numbered(path: tuple[str | int, ...], reference: str, given: Mapping[str, Any]) -> Record:
    number, kind = given.get("number"), given["kind"]
    beside = {"kind": kind, "number": number}
    record = Record(path, reference, kind, number if type(number) is int else 0, given, beside)
    if record.number < 1 and not record.is_sealed:
        raise record.unfit({"number": ["expected 1 or more"]})
    return record


_FINDING: Mapping[str, Callable[[Payload, str], Iterator[Record]]] = {
    "intake.submit_application": _in_application,
    "intake.record_personal_data": _in_records,
    "intake.enrol_participant": _in_enrolment,
}
"""Which commands carry personal data, and where."""
