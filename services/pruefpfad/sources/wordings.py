"""Reads figures out of German wordings: amounts, funds, the end of a term, the seat in a Land.

Each reader takes a wording only as a whole: what it does not understand to the last word has no
value. Must not know records, programmes or files.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from grant_values.money import EURO_DIGITS, format_euro

_NUMBER_WORDS = (
    *("null", "ein", "zwei", "drei", "vier", "fünf", "sechs"),
    *("sieben", "acht", "neun", "zehn", "elf", "zwölf"),
)
_NUMBERS = {word: number for number, word in enumerate(_NUMBER_WORDS) if number} | {"eine": 1}
_MONTH_NAMES = (
    *("januar jan.", "februar feb.", "märz", "april apr.", "mai", "juni", "juli", "august aug."),
    *("september sept.", "oktober okt.", "november nov.", "dezember dez."),
)
_MONTHS = {
    name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()
}
_UNITS = {
    **dict.fromkeys(("tsd.", "tausend"), 10**3),
    **dict.fromkeys(("mio.", "mio", "million", "millionen"), 10**6),
    **dict.fromkeys(("mrd.", "mrd", "milliarde", "milliarden"), 10**9),
}
_FUNDS = {"esf": "ESF", "land": "Land", "landes": "Land", "bund": "Bund", "bundes": "Bund"}
# ISO 3166-2, the code that a seat has everywhere in the product.
_LAENDER = {
    "Baden-Württemberg": "DE-BW",
    "Bayern": "DE-BY",
    "Berlin": "DE-BE",
    "Brandenburg": "DE-BB",
    "Bremen": "DE-HB",
    "Hamburg": "DE-HH",
    "Hessen": "DE-HE",
    "Mecklenburg-Vorpommern": "DE-MV",
    "Niedersachsen": "DE-NI",
    "Nordrhein-Westfalen": "DE-NW",
    "Rheinland-Pfalz": "DE-RP",
    "Saarland": "DE-SL",
    "Sachsen": "DE-SN",
    "Sachsen-Anhalt": "DE-ST",
    "Schleswig-Holstein": "DE-SH",
    "Thüringen": "DE-TH",
}
_AMOUNT = re.compile(
    r"(?P<about>(?:rd\.|rund|ca\.|circa|etwa)\s*)?"
    r"(?P<number>[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?|[0-9]+(?:,[0-9]+)?|[a-zäöü]+)\s*"
    rf"(?P<unit>{'|'.join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))})?\s*"
    r"(?:euro|eur|€)"
    r"(?:\s*(?:jährlich|pro jahr|p\.\s?a\.))?"
    r"(?:\s*\((?P<funds>[^()]*)mittel\))?",
)
_END = re.compile(
    r"(?P<expected>(?:vor\.|voraussichtlich)\s*)?(?:bis\s+)?(?:ende\s+)?"
    r"(?:(?P<day>[0-9]{1,2})\.\s*)?(?P<month>[a-zä]+\.?|[0-9]{1,2}\.)\s*(?P<year>[0-9]{4})",
)


@dataclass(frozen=True)
class Reading:
    """What was read: the value as text, how certain the wording is of it, and whose money it is."""

    value: str
    certainty: str = "stated"
    funds: tuple[str, ...] = ()


UNREAD = Reading("")


def read_amount(wording: str) -> Reading:
    """The euros of „rd. vier Mio. Euro jährlich (ESF- und Landesmittel)“.

    That is 4000000.00, approximate, of ESF and Land.
    """
    found = _AMOUNT.fullmatch(wording.strip().lower())
    if found is None:
        return UNREAD
    number = _number(found["number"])
    cents = number * _UNITS.get(found["unit"], 1) * 100 if number is not None else Fraction(1, 2)
    if cents.denominator != 1 or cents >= 10 ** (EURO_DIGITS + 2):
        return UNREAD
    certainty = "approximate" if found["about"] else "stated"
    return Reading(format_euro(cents.numerator), certainty, _funds(found["funds"] or ""))


def read_end(wording: str) -> Reading:
    """The last day of „vor. Dezember 2024“: 2024-12-31, expected.

    „vor.“ is short for "voraussichtlich"; „vor“ without the point would mean "before".
    """
    found = _END.fullmatch(wording.strip().lower())
    if found is None:
        return UNREAD
    month, year = _month(found["month"]), int(found["year"])
    if month is None or year == 0:
        return UNREAD
    last_day = monthrange(year, month)[1]
    day = int(found["day"]) if found["day"] else last_day
    if not 1 <= day <= last_day:
        return UNREAD
    return Reading(
        date(year, month, day).isoformat(), "expected" if found["expected"] else "stated"
    )


def read_seat(wording: str) -> Reading:
    """The Land of „… mit Sitz in Nordrhein-Westfalen …“ as its code of ISO 3166-2: DE-NW."""
    seats = re.findall(r"\bmit Sitz in ([A-ZÄÖÜ][\wäöüß]*(?:-[A-ZÄÖÜ][\wäöüß]*)*)", wording)
    codes = {_LAENDER.get(seat, "") for seat in seats}
    return Reading(codes.pop()) if len(codes) == 1 else UNREAD


def _number(word: str) -> Fraction | None:
    if word[0].isdigit():
        return Fraction(word.replace(".", "").replace(",", "."))
    return Fraction(_NUMBERS[word]) if word in _NUMBERS else None


def _month(word: str) -> int | None:
    if word[0].isdigit():
        number = int(word.rstrip("."))
        return number if 1 <= number <= 12 else None
    return _MONTHS.get(word)


def _funds(wording: str) -> tuple[str, ...]:
    """The funds of „ESF- und Landes“; none where one of them is not known."""
    words = [word.strip(" -") for word in re.split(r"\bund\b|,|/", wording)]
    known = [_FUNDS[word] for word in words if word in _FUNDS]
    return tuple(known) if len(known) == len(words) else ()
