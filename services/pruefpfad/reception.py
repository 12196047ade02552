"""Intake's reception: what came in an envelope is opened, and sealed with the vault, before it is
decided upon or kept. The envelope itself goes no further.

An envelope made anew of the same content is the same command: what is sealed is the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from marshmallow import ValidationError

from grant_contracts.personal import EXPECTED_SEALED, IN_CLEAR
from grant_contracts.shapes import REFERENCE
from grant_store.personal.access import away_where_it_fails
from grant_store.personal.border_keys import NoSuchBorderKey
from grant_store.personal.envelope import EnvelopeBroken, bound_to
from grant_store.personal.vault import Vault
from grant_store.personal.wrapping import KeyDestroyed
from pruefpfad.border import KEY_DESTROYED, put_sealed
from pruefpfad.border_records import Record, carries_records, read_all, records_in


class Reception:
    """Opens with the private keys of the border and seals with the keys of persons."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def receive(self, command: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """The payload of a command with all its records sealed, as far as they came enclosed.

        A `ValidationError` names the field, and nothing of what is in it; `VaultAway` passes.
        """
        if not carries_records(command):
            return payload
        made_over, records = records_in(command, payload)
        if not any(each.is_enclosed for each in records):
            return payload
        if in_clear := [each for each in records if each.is_in_clear]:
            raise in_clear[0].unfit([EXPECTED_SEALED])
        _check_reference(payload["reference"])
        with away_where_it_fails():
            enclosed = [each for each in records if each.is_enclosed]
            opened = read_all(made_over, [(each, self._opened(command, each)) for each in enclosed])
            try:
                put_sealed(self._vault, [({"payload": made_over}, opened)])
            except KeyDestroyed:
                raise opened[0].record.unfit([KEY_DESTROYED]) from None
        return made_over

    def _opened(self, command: str, record: Record) -> dict[str, Any]:
        form = record.read_envelope()
        bound = bound_to(command, record.reference, record.kind, record.number)
        try:
            clear = self._vault.border_keys.open(form["to"], bound, form["envelope"])
        except NoSuchBorderKey:
            expected = "expected the id of a key of the border that was not retired"
            raise record.unfit({"to": [expected]}) from None
        except EnvelopeBroken:
            expected = "expected one made to that key for this command, reference, kind and number"
            raise record.unfit({"envelope": [expected]}) from None
        return _content(record, clear)


def _check_reference(reference: str) -> None:
    """Before anything is opened: the reference is a part of what an envelope is bound to."""
    try:
        REFERENCE(reference)
    except ValidationError as error:
        raise ValidationError({"reference": error.messages}) from None


def _content(record: Record, clear: bytes) -> dict[str, Any]:
    """The JSON object in an envelope. Names of fields that it should not have are not repeated: one
    may be the content itself."""
    try:
        content = msgspec.json.decode(clear, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise record.unfit({"envelope": ["expected a JSON object in it"]}) from None
    known = IN_CLEAR[record.kind]().fields
    if not content.keys() <= known.keys():
        expected = f"expected no other fields in it than {', '.join(known)}"
        raise record.unfit({"envelope": [expected]})
    return content
