"""The border of the system: commands with personal data in clear become commands with sealed ones.

It stands where a person or a program of ours hands a command over, before that goes anywhere. What
is no such command passes as it is; what is unfit is answered here, and names no content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, TypeGuard
from uuid import UUID

import msgspec
from marshmallow import ValidationError

from grant_bus.answering import invalid
from grant_bus.desk import flat_errors
from grant_contracts.answers import Answer
from grant_contracts.personal import IN_CLEAR
from grant_store.personal.vault import KeyDestroyed, Vault
from grant_values.cases import case_id_of
from grant_values.fields import LegalDate
from grant_values.participants import age_on
from grant_values.personal import PARTICIPANT_RECORDS, Place, Sealed, place_of

Message = dict[str, Any]
_SCHEMAS = {kind: form() for kind, form in IN_CLEAR.items()}
_BESIDE = "invented"
"""What says nothing about a person, and stays beside a sealed account of an application."""


@dataclass(frozen=True)
class _Slot:
    """One record in clear within a payload: where it stands, and where it belongs."""

    field: str
    place: Place
    content: dict[str, Any]
    put: Callable[[dict[str, Any]], None]


class Border:
    """Seals with the keys of one vault."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def seal(self, messages: Sequence[Message]) -> list[Message | Answer]:
        """Each message as it may travel, or the answer that it has earned. The keys that all of
        them need are made in one transaction."""
        taken = [self._slots(message) for message in messages]
        try:
            self._fill([slot for _, slots in taken for slot in slots])
        except KeyDestroyed:
            return [self._alone(message, slots) for message, slots in taken]
        return [message for message, _ in taken]

    def _alone(self, message: Message | Answer, slots: list[_Slot]) -> Message | Answer:
        """One message by itself, so that a destroyed key is the trouble of that one alone."""
        if isinstance(message, Answer):
            return message
        try:
            self._fill(slots)
        except KeyDestroyed:
            expected = ["expected a person whose key was not destroyed"]
            errors = {f"payload.{slots[0].field}": expected}
            return invalid(message["command"], message.get("key"), "wrong_field", errors)
        return message

    def _fill(self, slots: list[_Slot]) -> None:
        sealed = self._vault.seal_all([(slot.place, slot.content) for slot in slots])
        for slot, each in zip(slots, sealed, strict=True):
            slot.put(_on_the_wire(each))

    def _slots(self, message: Message) -> tuple[Message | Answer, list[_Slot]]:
        """The message, made over so that it can be filled, with all places to be filled."""
        payload = message.get("payload")
        find = _FINDING.get(str(message.get("command")))
        if find is None or not isinstance(payload, Mapping):
            return message, []
        reference = payload.get("reference")
        if not isinstance(reference, str):
            return message, []
        made_over = dict(payload)
        try:
            slots = find(made_over, case_id_of(reference))
        except ValidationError as error:
            errors = flat_errors({"payload": error.messages})
            return invalid(message["command"], message.get("key"), "wrong_field", errors), []
        return {**message, "payload": made_over}, slots


def _in_application(payload: dict[str, Any], case_id: UUID) -> list[_Slot]:
    slots = []
    payee = payload.get("payee")
    if _is_clear(payee):
        slots.append(
            _slot("payee", "account", place_of(case_id, "account"), payee, payload, "payee")
        )
    contacts = payload.get("contacts")
    if isinstance(contacts, list):
        payload["contacts"] = contacts = list(contacts)
        for index, contact in enumerate(contacts):
            if _is_clear(contact):
                place = place_of(case_id, "contact_person", index + 1)
                field = f"contacts.{index}"
                slots.append(_slot(field, "contact_person", place, contact, contacts, index))
    return slots


def _in_records(payload: dict[str, Any], case_id: UUID) -> list[_Slot]:
    slots: list[_Slot] = []
    records = payload.get("records")
    if not isinstance(records, list):
        return slots
    payload["records"] = records = list(records)
    for index, record in enumerate(records):
        if not _is_clear(record) or record.get("kind") not in IN_CLEAR:
            continue
        number = record.get("number")
        if not isinstance(number, int) or number < 1:
            raise ValidationError({"records": {index: {"number": ["expected 1 or more"]}}})
        kind = record["kind"]
        bare = {name: value for name, value in record.items() if name not in ("kind", "number")}
        place = place_of(case_id, kind, number)
        further = {"number": number}
        slots.append(_slot(f"records.{index}", kind, place, bare, records, index, further))
    return slots


def _in_enrolment(payload: dict[str, Any], case_id: UUID) -> list[_Slot]:
    slots: list[_Slot] = []
    number = payload.get("number")
    if not isinstance(number, int) or number < 1:
        raise ValidationError({"number": ["expected 1 or more"]})
    if payload.get("identity") is None:
        raise ValidationError({"identity": ["expected a value"]})
    _put_age(payload)
    for purpose, kind in PARTICIPANT_RECORDS.items():
        record = payload.get(purpose)
        if _is_clear(record):
            place = place_of(case_id, kind, number)
            slots.append(_slot(purpose, kind, place, record, payload, purpose))
    return slots


def _put_age(payload: dict[str, Any]) -> None:
    """The age at entry is counted, and the date of birth is not: it stays with the identity."""
    identity, asked = payload.get("identity"), payload.get("characteristics")
    if not _is_clear(identity) or not _is_clear(asked):
        return
    entered_on, born_on = _day(payload, "entered_on"), _day(identity, "date_of_birth")
    if entered_on is None or born_on is None:
        return  # Whoever checks these fields says that it is none.
    age = age_on(entered_on, born_on)
    if asked.get("age", age) != age:
        expected = "expected the age on the day of entry by the date of birth, or none"
        raise ValidationError({"characteristics": {"age": [expected]}})
    payload["characteristics"] = {**asked, "age": age}


def _day(record: Mapping[str, Any], field: str) -> date | None:
    text = record.get(field)
    try:
        return LegalDate().read(text) if isinstance(text, str) else None
    except ValueError:
        return None


_FINDING: Mapping[str, Callable[[dict[str, Any], UUID], list[_Slot]]] = {
    "intake.submit_application": _in_application,
    "intake.record_personal_data": _in_records,
    "intake.enrol_participant": _in_enrolment,
}
"""Which commands carry personal data, and where."""


def _is_clear(record: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(record, Mapping) and "sealed" not in record


def _slot(
    field: str,
    kind: str,
    place: Place,
    record: Mapping[str, Any],
    holder: Any,
    at: Any,
    further: Mapping[str, Any] | None = None,
) -> _Slot:
    """Check a record in clear. What is put in its place has what is no personal data beside it."""
    try:
        content = dict(_SCHEMAS[kind].load(record))
    except ValidationError as error:
        raise ValidationError(_nested(field, error.messages)) from None
    beside = {_BESIDE: content.pop(_BESIDE)} if _BESIDE in content else {}
    if further is not None:
        beside = dict(further)

    def put(sealed: dict[str, Any]) -> None:
        holder[at] = sealed | beside

    return _Slot(field, place, content, put)


def _nested(field: str, messages: Any) -> dict[str, Any]:
    for part in reversed(field.split(".")):
        messages = {part: messages}
    return dict(messages)


def _on_the_wire(sealed: Sealed) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(asdict(sealed))
    return plain
