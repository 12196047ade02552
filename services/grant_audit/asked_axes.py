"""How a day, an instant and positions are named by whoever asks as of them, in text.

It knows how they are written and what was expected instead. What they mean stands in `as_of`.
"""

from __future__ import annotations

from datetime import date, datetime

from grant_audit.as_of import AsOf
from grant_audit.pages import SECTIONS
from grant_values.invalid import Invalid
from grant_values.places import read_place


def read_as_of(effective: object, recorded: object, position: object, lane: str) -> AsOf:
    """The axes of a question by RPC or message; None where one is not asked for. Positions are one
    text, as answers print them: "intake/33 eligibility/61"."""
    return AsOf(
        effective=None if effective is None else read_day("effective", effective),
        recorded=None if recorded is None else read_instant("recorded", recorded),
        positions={} if position is None else _read_positions(position, lane),
    )


def read_day(field: str, text: object) -> date:
    expected = f"expected a day such as 2024-12-31, not {text!r}"
    if not isinstance(text, str):
        raise Invalid(field, expected)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(field, expected) from error


def read_instant(field: str, text: object) -> datetime:
    expected = f"expected an instant such as 2026-01-31T12:00:00+01:00, not {text!r}"
    if not isinstance(text, str):
        raise Invalid(field, expected)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(field, expected) from error
    if instant.tzinfo is None:
        raise Invalid(field, f"expected an instant with its time zone, not {text!r}")
    return instant


def _read_positions(text: object, lane: str) -> dict[str, int]:
    if not isinstance(text, str) or not text.split():
        raise Invalid("position", f"expected places such as intake/33 budgeting/80, not {text!r}")
    return dict(read_place("position", each, lane, SECTIONS) for each in text.split())
