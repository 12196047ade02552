"""What today's program makes otherwise than the program that recorded a history did.

New things may come: a new attribute, a new page. What was there must be there and be the same,
unless an amendment says where it is not and why. It knows plain values only.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

SHOWN = 300


class Difference(NamedTuple):
    """One place whose value is not what it was. `now` None: it is gone."""

    place: str
    before: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.place}: was {_short(self.before)}, is {_short(self.now)}"


@dataclass(frozen=True)
class Amendment:
    """A lawful difference: where, as a pattern of places, and because of what."""

    where: str
    because: str

    def allows(self, difference: Difference) -> bool:
        return fnmatchcase(difference.place, self.where)


def differences(before: Any, now: Any, place: str = "") -> Iterator[Difference]:
    """Every place of `before` that is not the same in `now`, as "pages/case/<key>/payee"."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key, value in before.items():
            inner = f"{place}/{key}" if place else key
            if key in now:
                yield from differences(value, now[key], inner)
            else:
                yield Difference(inner, value, None)
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, (was, is_) in enumerate(zip(before, now, strict=True)):
            yield from differences(was, is_, f"{place}/{number}")
    elif before != now:
        yield Difference(place, before, now)


def amendments(path: Path) -> list[Amendment]:
    """The amendments of a recording; none where there is no such file."""
    if not path.exists():
        return []
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Amendment(**each) for each in read["amendment"]]


def unexplained(found: Sequence[Difference], amendments: Sequence[Amendment]) -> list[Difference]:
    """The differences that no amendment allows."""
    return [
        difference
        for difference in found
        if not any(amendment.allows(difference) for amendment in amendments)
    ]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
