"""Bank accounts: IBAN and BIC, checked before anything is paid to them.

Responsible for form only: country, length, check digits. Must not know whose account it is.
No error repeats the number, because an account of a natural person is personal data.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from schwifty import BIC, IBAN
from schwifty.exceptions import (
    InvalidChecksumDigits,
    InvalidCountryCode,
    InvalidLength,
    SchwiftyException,
)

IBAN_EXPECTED = 'expected an IBAN as text, such as "DE89 3704 0044 0532 0130 00"'
BIC_EXPECTED = 'expected a BIC of 8 or 11 letters and digits as text, such as "COBADEFFXXX"'
IBAN_PATTERN = r"[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 ]{1,60}"
BIC_PATTERN = r"[A-Za-z0-9]{4}[A-Za-z]{2}[A-Za-z0-9]{2}(?:[A-Za-z0-9]{3})?"
_CAUSES: dict[type[SchwiftyException], str] = {
    InvalidCountryCode: "beginning with a country of the IBAN register",
    InvalidLength: "of the length that its country sets",
    InvalidChecksumDigits: "with check digits that fit its other digits (mod 97)",
}


def parse_iban(text: str) -> str:
    """The IBAN in capitals without spaces. Spaces between groups and small letters are taken."""
    # The library would turn "ß" into "SS"; only plain characters may reach it.
    if not isinstance(text, str) or re.fullmatch(IBAN_PATTERN, text) is None:
        raise ValueError(IBAN_EXPECTED)
    return _checked_iban(text)


@lru_cache(maxsize=2_000)  # An account is weighed at every step of a payment.
def _checked_iban(text: str) -> str:
    try:
        iban = IBAN(text)
    except SchwiftyException as refusal:
        cause = _CAUSES.get(type(refusal))
        raise ValueError(f"{IBAN_EXPECTED}, {cause}" if cause else IBAN_EXPECTED) from None
    if iban.is_aspirational:
        raise ValueError(f"{IBAN_EXPECTED}, {_CAUSES[InvalidCountryCode]}")
    return str(iban)


def parse_bic(text: str) -> str:
    """The BIC in capitals, 8 or 11 characters (ISO 9362)."""
    if not isinstance(text, str) or re.fullmatch(BIC_PATTERN, text) is None:
        raise ValueError(BIC_EXPECTED)
    return _checked_bic(text)


@lru_cache(maxsize=2_000)
def _checked_bic(text: str) -> str:
    try:
        return str(BIC(text))
    except InvalidCountryCode:
        raise ValueError(f"{BIC_EXPECTED}, with a country of ISO 3166") from None
    except SchwiftyException:
        raise ValueError(BIC_EXPECTED) from None


@dataclass(frozen=True)
class BankAccount:
    """An account that money can be sent to. The BIC is None where the bank is found by IBAN."""

    # Not in the representation, so that a log line does not disclose the account.
    iban: str = field(repr=False)
    bic: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "iban", _named("iban", parse_iban, self.iban))
        if self.bic is not None:
            object.__setattr__(self, "bic", _named("bic", parse_bic, self.bic))

    @property
    def is_domestic(self) -> bool:
        """Whether the account is held in Germany (VV 7.4 zu § 44 LHO NRW)."""
        return self.iban.startswith("DE")

    def masked(self) -> str:
        """Enough to recognise the account, too little to use it: "DE89 **** **** 3000"."""
        return f"{self.iban[:4]} **** **** {self.iban[-4:]}"


def _named(name: str, parse: Callable[[str], str], text: str) -> str:
    try:
        return parse(text)
    except ValueError as refusal:
        raise ValueError(f"{name}: {refusal}") from None
