"""The border of the system: commands with personal data in clear become commands with sealed ones.

It stands where a person or a program of ours hands a command over, before that goes anywhere. What
does not have the form of a command goes no further; the answer names the field and no content.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError

from grant_bus.answering import invalid
from grant_bus.desk import flat_errors
from grant_contracts.answers import Answer
from grant_contracts.commands import Unfit
from grant_store.personal.vault import Vault
from grant_store.personal.wrapping import KeyDestroyed
from pruefpfad.border_forms import check_form
from pruefpfad.border_records import Payload, ReadRecord, read_all, records_in

Message = dict[str, Any]
KEY_DESTROYED = "expected a person whose key was not destroyed"


class Border:
    """Seals with the keys of one vault."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def seal(self, messages: Sequence[Message]) -> list[Message | Answer]:
        """Each message as it may travel, or the answer that it has earned. The keys that all of
        them need are made in one transaction."""
        taken = [self._read(message) for message in messages]
        try:
            put_sealed(self._vault, taken)
        except KeyDestroyed:
            return [self._alone(each) for each in taken]
        return [message for message, _ in taken]

    def _alone(self, taken: _Taken) -> Message | Answer:
        """One message by itself, so that a destroyed key is the trouble of that one alone."""
        message, records = taken
        if isinstance(message, Answer):
            return message
        try:
            put_sealed(self._vault, [taken])
        except KeyDestroyed:
            errors = {f"payload.{records[0].record.name}": [KEY_DESTROYED]}
            return invalid(message["command"], message.get("key"), "wrong_field", errors)
        return message

    def _read(self, message: Message) -> _Taken:
        """The message, made over so that it can be filled, with all that is in clear in it."""
        try:
            check_form(message)
            made_over, clear = _in_clear(message["command"], message["payload"])
        except ValidationError as error:
            code = error.code if isinstance(error, Unfit) else "wrong_field"
            errors = flat_errors(error.messages)
            return invalid(message.get("command"), message.get("key"), code, errors), []
        return {**message, "payload": made_over}, clear


def _in_clear(command: str, payload: Mapping[str, Any]) -> tuple[Payload, list[ReadRecord]]:
    """The payload, made over, with its records in clear. What is enclosed has only its form."""
    try:
        made_over, records = records_in(command, payload)
        for each in records:
            if each.is_enclosed:
                each.read_envelope()
        in_clear = [(each, each.in_clear) for each in records if each.is_in_clear]
        return made_over, read_all(made_over, in_clear)
    except ValidationError as error:
        raise ValidationError({"payload": error.messages}) from None


_Taken = tuple[Message | Answer, list[ReadRecord]]


def put_sealed(vault: Vault, taken: Sequence[_Taken]) -> None:
    """Seal all records and put each into its payload. `KeyDestroyed`: none was."""
    records = [each for _, found in taken for each in found]
    sealed = iter(vault.seal_all([(each.record.place, each.content) for each in records]))
    for message, found in taken:
        for each in found:
            each.put(_payload_of(message), next(sealed))


def _payload_of(message: Message | Answer) -> Payload:
    if isinstance(message, Answer):
        raise TypeError("An answer carries no records.")
    payload: Payload = message["payload"]
    return payload
