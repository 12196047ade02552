"""The age of a participant at entry: counted, where the date of birth stays with the identity.

It is worked out where both are in clear, and nowhere else. It knows no seal.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import ValidationError

from grant_values.fields import LegalDate
from grant_values.participants import age_on

Contents = Mapping[str, Mapping[str, Any]]


def with_age(payload: Mapping[str, Any], clear: Contents) -> Contents:
    """The characteristics with the age put in, if identity and characteristics are among the
    records in clear; nothing otherwise. An age that is another one is a `ValidationError`."""
    identity, asked = clear.get("identity"), clear.get("characteristics")
    if identity is None or asked is None:
        return {}
    entered_on, born_on = _day(payload, "entered_on"), _day(identity, "date_of_birth")
    if entered_on is None or born_on is None:
        return {}  # Whoever checks these fields says that it is none.
    age = age_on(entered_on, born_on)
    if asked.get("age", age) != age:
        expected = "expected the age on the day of entry by the date of birth, or none"
        raise ValidationError({"characteristics": {"age": [expected]}})
    return {"characteristics": {**asked, "age": age}}


def _day(record: Mapping[str, Any], field: str) -> date | None:
    text = record.get(field)
    try:
        return LegalDate().read(text) if isinstance(text, str) else None
    except ValueError:
        return None
