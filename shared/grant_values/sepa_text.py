"""Text in the characters that every bank of the SEPA area takes.

Responsible for rewriting names and purposes into the basic Latin set of the European Payments
Council (EPC217-08). Must not shorten: a name that is cut off is another name.
"""

from __future__ import annotations

import string
import unicodedata

from text_unidecode import unidecode  # type: ignore[import-untyped]

SEPA_CHARACTERS = frozenset(string.ascii_letters + string.digits + "/-?:().,'+ ")
NAME_LIMIT = 70
# What the EPC's table sets for a character that has no likeness in the set.
NO_LIKENESS = "."

_UMLAUTS = dict(zip("äöüÄÖÜ", ("ae", "oe", "ue", "Ae", "Oe", "Ue"), strict=True))
_SPELLED_OUT = _UMLAUTS | {
    "ß": "ss",
    "ẞ": "SS",
    "&": "+",
    ";": ",",
    "\\": "/",
    "|": "/",
    "@": "(at)",
    "§": "Par.",
    "%": " Prozent",
    **dict.fromkeys('"„“”‟«»‹›‘’‚‛`´′″', "'"),
    **dict.fromkeys("‐‑‒–—―−_•·", "-"),
    **dict.fromkeys("[{", "("),
    **dict.fromkeys("]}", ")"),
}


def sepa_latin(text: str) -> str:
    """`text` in SEPA characters: umlauts as "ae", other accents dropped, spaces single."""
    # Composed first, because an umlaut may come as a letter and a separate diaeresis.
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(_latin(character) for character in composed).split())


def sepa_name(text: str, limit: int = NAME_LIMIT) -> str:
    """A party's name in SEPA characters. Refused, never shortened, beyond `limit` characters."""
    name = sepa_latin(text)
    if not any(character.isalnum() for character in name):
        raise ValueError("name: expected at least one letter or digit that SEPA can carry")
    if len(name) > limit:
        raise ValueError(
            f"name: expected at most {limit} characters in SEPA spelling, not {len(name)}"
        )
    return name


def _latin(character: str) -> str:
    if character in SEPA_CHARACTERS:
        return character
    if character in _SPELLED_OUT:
        return _SPELLED_OUT[character]
    if character.isspace():
        return " "
    if unicodedata.category(character) in ("Cc", "Cf"):
        return ""  # Soft hyphens, joiners and control characters have no shape of their own.
    bare = unicodedata.normalize("NFKD", character)
    return "".join(_nearest(part) for part in bare if not unicodedata.combining(part))


def _nearest(character: str) -> str:
    if character in SEPA_CHARACTERS:
        return character
    likeness = "".join(each for each in unidecode(character) if each in SEPA_CHARACTERS)
    return likeness or NO_LIKENESS
