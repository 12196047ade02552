"""Fields of what crosses a service's border as JSON: amounts, rates, dates, instants, accounts.

Responsible for turning text into values and back, for errors that say what was expected, and for
the hints from which JSON Schema is generated. Must not know any schema or command.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any, ClassVar, TypeVar

from marshmallow import ValidationError, fields

from grant_values import bank_accounts, money
from grant_values.periods import require_date

Value = TypeVar("Value")

DATE_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
INSTANT_PATTERN = (
    DATE_PATTERN + r"T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


class WireText(fields.Field[Value], ABC):
    """A value that crosses the border as text. JSON numbers are refused, whatever they hold."""

    expected: ClassVar[str]
    pattern: ClassVar[str]
    description: ClassVar[str]

    def __init__(self, **options: Any) -> None:
        hints = {
            "type": "string",
            "pattern": f"^{self.pattern}$",
            "description": self.description,
        }
        options["metadata"] = hints | dict(options.get("metadata") or {})
        super().__init__(**options)

    @abstractmethod
    def read(self, text: str) -> Value:
        """The value of `text`; ValueError with the expectation where it has none."""

    @abstractmethod
    def write(self, value: Value) -> str:
        """The text that crosses the border for `value`."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Value:
        if not isinstance(value, str):
            raise ValidationError(self.expected)
        try:
            return self.read(value)
        except ValueError as refusal:
            raise ValidationError(str(refusal)) from refusal

    def _serialize(
        self, value: Value | None, attr: str | None, obj: Any, **kwargs: Any
    ) -> str | None:
        return None if value is None else self.write(value)


class Euro(WireText[int]):
    """An amount: text in euros on the wire, int cents inside."""

    expected = money.EURO_EXPECTED
    pattern = money.EURO_PATTERN
    description = "Amount in euros as text with exactly two decimals."

    def read(self, text: str) -> int:
        return money.parse_euro(text)

    def write(self, value: int) -> str:
        return money.format_euro(value)


class Rate(WireText[Fraction]):
    """An exact rate from 0 to 1: decimal or fraction on the wire, Fraction inside."""

    expected = money.RATE_EXPECTED
    pattern = money.RATE_PATTERN
    description = 'Rate from 0 to 1 as text, a decimal ("0.5") or a fraction ("1/3").'

    def read(self, text: str) -> Fraction:
        return money.parse_rate(text)

    def write(self, value: Fraction) -> str:
        return money.format_rate(value)


class LegalDate(WireText[date]):
    """A calendar date in the legal time of Germany, without a time of day."""

    expected = 'expected a date as text in the form YYYY-MM-DD, such as "2019-03-01"'
    pattern = DATE_PATTERN
    description = "Calendar date (ISO 8601, YYYY-MM-DD) in Europe/Berlin."

    def read(self, text: str) -> date:
        # The standard library also reads week dates and dates without hyphens.
        if re.fullmatch(self.pattern, text) is None:
            raise ValueError(self.expected)
        try:
            return date.fromisoformat(text)
        except ValueError as no_such_day:
            raise ValueError(self.expected) from no_such_day

    def write(self, value: date) -> str:
        return require_date(value, "date").isoformat()


class Instant(WireText[datetime]):
    """A point in time with its offset; UTC inside and on the way out."""

    expected = 'expected a date-time with its offset as text, such as "2019-02-28T23:30:00Z"'
    pattern = INSTANT_PATTERN
    description = "Date-time (ISO 8601) with its offset from UTC."

    def read(self, text: str) -> datetime:
        if re.fullmatch(self.pattern, text) is None:
            raise ValueError(self.expected)
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError) as no_such_instant:
            raise ValueError(self.expected) from no_such_instant

    def write(self, value: datetime) -> str:
        if value.utcoffset() is None:
            raise ValueError("expected a date-time with its time zone, not a naive one")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Iban(WireText[str]):
    """An IBAN; inside in capitals and without spaces."""

    expected = bank_accounts.IBAN_EXPECTED
    pattern = bank_accounts.IBAN_PATTERN
    description = "IBAN (ISO 13616) with valid check digits; spaces between groups are allowed."

    def read(self, text: str) -> str:
        return bank_accounts.parse_iban(text)

    def write(self, value: str) -> str:
        return value


class Bic(WireText[str]):
    """A BIC; inside in capitals."""

    expected = bank_accounts.BIC_EXPECTED
    pattern = bank_accounts.BIC_PATTERN
    description = "BIC (ISO 9362) of 8 or 11 characters."

    def read(self, text: str) -> str:
        return bank_accounts.parse_bic(text)

    def write(self, value: str) -> str:
        return value
