"""What a command has to look like to leave the border.

Whatever its service would not take may be a person's data in clear: a field too many, a list for an
object, a name that is misspelt. None of that goes on a bus to be refused at its end. It must not
know how something is sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from uuid import UUID

from marshmallow import Schema, ValidationError

from grant_contracts.commands import CommandMessage, Strict, Unfit, check_plain
from grant_values.personal import Sealed
from pruefpfad.border_records import Payload, ReadRecord, Record, carries_records, records_in

_NO_SUCH_FIELD: Final = Strict.error_messages["unknown"]
_OF_A_MESSAGE: Final = frozenset(CommandMessage().fields)
_NO_KEY: Final = UUID(int=0)


def check_form(message: Mapping[str, Any]) -> None:
    """A `ValidationError` unless the command is one, and its payload has its form once the records
    in it are sealed.

    Where no records about persons belong, only names of fields are looked at: what their values are
    for, its service says.
    """
    check_plain(message)
    _check_names("", message, _OF_A_MESSAGE)
    name, payload = message.get("command"), message.get("payload")
    form = _form_of(name)
    if not isinstance(payload, Mapping):
        raise ValidationError({"payload": ["expected an object"]})
    if not carries_records(str(name)):
        _check_names("payload", payload, frozenset(form.fields))
        return
    try:
        form.load(_as_if_sealed(str(name), payload))
    except ValidationError as error:
        raise ValidationError({"payload": error.messages}) from None


def _form_of(name: object) -> Schema:
    forms = _forms()
    if isinstance(name, str) and name in forms:
        return forms[name]
    service = str(name).partition(".")[0]
    known = sorted(each for each in forms if each.startswith(f"{service}."))
    expected = known or ["<service>.<command>"]
    raise Unfit("no_such_command", "command", f"expected one of {', '.join(expected)}")


@cache
def _forms() -> Mapping[str, Schema]:
    # Only here: services are assembled with what seals.
    from pruefpfad.assembly import SERVICES

    return {
        f"{service}.{name}": command.schema()
        for service, each in SERVICES.items()
        for name, command in each.commands.items()
    }


def _check_names(where: str, given: Mapping[str, Any], known: frozenset[str]) -> None:
    if unknown := [name for name in given if name not in known]:
        errors: Any = {str(name): [_NO_SUCH_FIELD] for name in unknown}
        raise ValidationError({where: errors} if where else errors)


def _as_if_sealed(command: str, payload: Mapping[str, Any]) -> Payload:
    """The payload with a stand-in for each record that comes in clear or enclosed. What calls
    itself sealed stays: it has to have that form."""
    made_over, records = records_in(command, payload)
    for each in records:
        if not each.is_sealed:
            ReadRecord(each, {}, each.beside).put(made_over, _stand_in(each))
    return made_over


def _stand_in(record: Record) -> Sealed:
    place = record.place
    return Sealed(place.subject, place.record, place.purpose, place.kind, _NO_KEY, "AAAA")
