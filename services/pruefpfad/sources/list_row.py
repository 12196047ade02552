"""One row of a published list: its cells read through the mapping, and the application they make.

Knows no file and no other row. Every error names the column and what was expected in it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

from schwifty import IBAN

from grant_values.legal_time import LEGAL_ZONE
from grant_values.money import RATE_EXPECTED, format_euro, parse_rate, share
from grant_values.sepa_text import sepa_name
from pruefpfad.sources.list_mapping import ApplicantClass, Invented, InventedPayee, ListMapping

_ACCOUNT_DIGITS = 10
_AMOUNT = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,2}))?")
# Outside these years a date of a grant is a slip of the pen.
_FIRST_YEAR, _LAST_YEAR = 1950, 2150


class CellError(ValueError):
    """A cell that cannot be read: its column, and what was expected there."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected


@dataclass(frozen=True)
class Row:
    """The cells of a row by column. Each fact is read when it is asked for."""

    cells: dict[str, str]
    mapping: ListMapping

    @cached_property
    def number(self) -> int:
        column = self.mapping.columns.number
        text, digits = self.cells[column].strip(), self.mapping.digits
        if re.fullmatch(rf"[0-9]{{1,{digits}}}", text) is None or int(text) < 1:
            raise CellError(column, f"expected a whole number from 1, of at most {digits} digits")
        return int(text)

    @cached_property
    def funding_line(self) -> str:
        return self.text("funding_line")

    def text(self, fact: str) -> str:
        return self.cells[getattr(self.mapping.columns, fact)].strip()

    def required(self, fact: str) -> str:
        text = self.text(fact)
        if not text:
            raise CellError(getattr(self.mapping.columns, fact), "expected some text")
        return text

    def day(self, fact: str) -> date:
        form = self.mapping.form.date_format
        column = getattr(self.mapping.columns, fact)
        try:
            day = _read_day(self.text(fact), form)
        except ValueError as error:
            raise CellError(column, f"expected a date in the form {form}") from error
        if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise CellError(column, f"expected a year from {_FIRST_YEAR} to {_LAST_YEAR}")
        return day

    def cents(self, fact: str) -> int:
        found = _AMOUNT.fullmatch(self._plain_number(fact))
        if found is None:
            column, mark = getattr(self.mapping.columns, fact), self.mapping.form.decimal_mark
            expected = f'expected an amount of at most two decimals, such as "1250{mark}00"'
            raise CellError(column, expected)
        return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))

    def rate(self, fact: str) -> Fraction:
        try:
            return parse_rate(self._plain_number(fact))
        except ValueError as error:
            raise CellError(getattr(self.mapping.columns, fact), RATE_EXPECTED) from error

    def _plain_number(self, fact: str) -> str:
        form = self.mapping.form
        text = self.text(fact)
        if form.thousands_mark:
            text = text.replace(form.thousands_mark, "")
        return text.replace(form.decimal_mark, ".") if form.decimal_mark != "." else text

    @cached_property
    def applicant_class(self) -> ApplicantClass:
        classes = self.mapping.applicant_classes
        return classes[self._one_of("applicant_class", classes)]

    @cached_property
    def land(self) -> str:
        return self.mapping.lands[self._one_of("land", self.mapping.lands)]

    def _one_of(self, fact: str, known: dict[str, Any]) -> str:
        text = self.text(fact)
        if text not in known:
            column = getattr(self.mapping.columns, fact)
            names = ", ".join(sorted(known)[:5]) + (", …" if len(known) > 5 else "")
            raise CellError(column, f"expected a value of the mapping ({names}), not {text!r}")
        return text


@lru_cache(maxsize=10_000)
def _read_day(text: str, form: str) -> date:
    return datetime.strptime(text, form).date()  # noqa: DTZ007 - a date has no time zone


def payload_of(row: Row) -> dict[str, Any]:
    """What the row says, and what the mapping makes up for it, as JSON values of the command."""
    invented = row.mapping.invented
    return {
        "received_at": _received_at(row.day("starts_on"), invented),
        "channel": "list",
        "applicant": _applicant(row),
        "operation": _operation(row),
        "plan": _plan(row),
        "payee": _payee(row.required("applicant_key"), row.text("applicant_name"), invented.payee),
        "declarations": dict(invented.declarations),
        "attachments": [],
    }


def _received_at(starts_on: date, invented: Invented) -> str:
    day = starts_on - timedelta(days=invented.days_before_start)
    instant = datetime.combine(day, invented.time_of_day, LEGAL_ZONE).astimezone(UTC)
    return instant.isoformat().replace("+00:00", "Z")


def _applicant(row: Row) -> dict[str, Any]:
    return {
        "key": row.required("applicant_key"),
        "name": row.text("applicant_name") or None,
        **asdict(row.applicant_class),
        "land": row.land,
        "postcode": row.text("postcode"),
        "city": row.text("city"),
    }


def _operation(row: Row) -> dict[str, Any]:
    return {
        "title": row.required("title"),
        "summary": row.text("summary"),
        "funding_line": row.funding_line,
        "module": row.mapping.invented.module,
        "starts_on": row.day("starts_on").isoformat(),
        "ends_on": row.day("ends_on").isoformat(),
        "postcode": row.text("postcode"),
        "city": row.text("city"),
        "category_code": row.text("category_code"),
        "target_groups": list(row.mapping.invented.target_groups),
        "posts": [],
        "number": row.number,
    }


def _plan(row: Row) -> dict[str, str]:
    """The fund's part at the rate of the list (floor). Who bore the rest is unknown: others."""
    eligible_cents = row.cents("eligible")
    requested_cents = share(row.rate("rate"), eligible_cents)
    return {
        "eligible": format_euro(eligible_cents),
        "requested": format_euro(requested_cents),
        "own": format_euro(0),
        "others": format_euro(eligible_cents - requested_cents),
    }


@lru_cache(maxsize=10_000)
def _invented_account(key: str, scheme: InventedPayee) -> str:
    return str(IBAN.generate("DE", scheme.bank_code, _account_number(key, scheme.account_from)))


def _account_number(key: str, account_from: str) -> str:
    if account_from == "hash":
        number = int.from_bytes(hashlib.sha256(key.encode()).digest()) % 10**_ACCOUNT_DIGITS
        return str(number).zfill(_ACCOUNT_DIGITS)
    digits = "".join(character for character in key if character in "0123456789")
    if not 1 <= len(digits) <= _ACCOUNT_DIGITS:
        raise CellError("applicant_key", f"expected 1 to {_ACCOUNT_DIGITS} digits in the key")
    return digits.zfill(_ACCOUNT_DIGITS)


def _payee(key: str, name: str, scheme: InventedPayee) -> dict[str, Any]:
    return {
        "name": _payee_name(key, name, scheme),
        "iban": _invented_account(key, scheme),
        "bic": scheme.bic,
        "invented": True,
    }


def _payee_name(key: str, name: str, scheme: InventedPayee) -> str:
    """The applicant's name, or a visible stand-in where it is withheld or no bank could take it."""
    if not name:
        return scheme.name_when_withheld.replace("{key}", key)
    try:
        sepa_name(name)
    except ValueError:
        return scheme.name_when_too_long.replace("{key}", key)
    return name
