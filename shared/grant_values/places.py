"""How a person names a place in a history: SERVICE/N, or SERVICE/LANE/N as events are printed.

It knows how places are written, and not what is recorded there.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from grant_values.invalid import Invalid

_PLACE = re.compile(r"([a-z0-9]+)/(?:([a-z0-9]+)/)?([0-9]{1,18})", re.ASCII)


def read_place(field: str, text: str, lane: str, services: Collection[str]) -> tuple[str, int]:
    """Service and position. A lane that is named has to be the one in use."""
    found = _PLACE.fullmatch(text)
    if found is None or found[1] not in services:
        names = ", ".join(services)
        raise Invalid(
            field, f"expected SERVICE/N or SERVICE/LANE/N with one of {names}, not {text!r}"
        )
    service, named, number = found.groups()
    if named not in (None, lane):
        raise Invalid(field, f"expected a place in the lane {lane}, the one in use, not {text!r}")
    return service, int(number)
