"""Who is whom: the form of an actor's id, whether two ids mean one person, and the rule of two.

Pure text and values. It must not know what the two persons decide.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from grant_values.invalid import NotEntitled
from grant_values.shapes import Actor

ACTOR_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,99}\Z"
"""No spaces, no control characters, and no letters that look like others: what differs to a machine
differs to whoever reads it."""
EXPECTED_ACTOR_ID: Final = (
    "expected 1 to 100 of the letters A to Z, digits and . _ : @ / + -, the first a letter or digit"
)


def check_actor_id(text: str) -> None:
    """`ValueError` unless a token may be issued to this id."""
    if not re.match(ACTOR_ID, text):
        raise ValueError(f"{EXPECTED_ACTOR_ID}, not {text!r}")


def same_person(one: str, other: str) -> bool:
    """Whether two ids mean one person: "S-1701", "s-1701" and "S-1701 " do.

    Every rule of two persons asks here. What tokens of older releases said is on record with spaces
    and letters of any width, so that the form of today's ids is not relied upon.
    """
    return _folded(one) == _folded(other)


def is_among(one: str, others: tuple[str, ...] | frozenset[str]) -> bool:
    """Whether this person is one of several."""
    return any(same_person(one, other) for other in others)


def second_person(by: Actor, second: Actor | None, *, demonstration: bool) -> Actor:
    """The second of four eyes: another person, and a program plays neither outside of a
    demonstration. `NotEntitled` otherwise."""
    if second is None or same_person(second.id, by.id):
        raise NotEntitled("second_person_missing")
    if (by.scripted or second.scripted) and not demonstration:
        raise NotEntitled("scripted_actor")
    return second


def _folded(text: str) -> str:
    """NFKC after case folding, because folding may undo it; without what cannot be seen."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(each for each in folded if unicodedata.category(each)[0] not in "ZC")
