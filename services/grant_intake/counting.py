"""A group that is counted so that no number tells of a single person. Pure; it opens nothing.

Each participant is counted once, with all characteristics, in one group. So groups may be added up,
and no two counts can be subtracted from each other to learn what is in neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from grant_values.participants import CountedCell, Traits


class Counted(NamedTuple):
    """Who is in the group, what is counted of it, and who is left for a later one."""

    persons: tuple[UUID, ...]
    cells: tuple[CountedCell, ...]
    left_out: tuple[UUID, ...]


def counted(traits: Mapping[UUID, Traits], smallest: int) -> Counted:
    """The persons that can be counted together, in their given order.

    Every cell of the group is empty or has at least `smallest` persons. Who stands in a smaller one
    is left out, and others with them until `smallest` are left out or nobody is: of the rest of a
    known total, too, nothing can be told of fewer. Those given first are left out first, so that
    whoever was left out before does not change the company.
    """
    group = _without_small_cells(traits, list(traits), smallest)
    while group and 0 < len(traits) - len(group) < smallest:
        group = _without_small_cells(traits, group[1:], smallest)
    inside = set(group)
    return Counted(
        persons=tuple(group),
        cells=_cells(traits, group),
        left_out=tuple(subject for subject in traits if subject not in inside),
    )


def _without_small_cells(
    traits: Mapping[UUID, Traits], group: Sequence[UUID], smallest: int
) -> list[UUID]:
    """Taking one person out may make another cell too small: until none is."""
    kept = list(group)
    while True:
        sizes = _sizes(traits, kept)
        small = {cell for cell, size in sizes.items() if size < smallest}
        if not small:
            return kept
        kept = [subject for subject in kept if not traits[subject] & small]


def _sizes(traits: Mapping[UUID, Traits], group: Sequence[UUID]) -> Counter[tuple[str, str, str]]:
    return Counter(cell for subject in group for cell in traits[subject])


def _cells(traits: Mapping[UUID, Traits], group: Sequence[UUID]) -> tuple[CountedCell, ...]:
    return tuple(
        CountedCell(*cell, persons=size) for cell, size in sorted(_sizes(traits, group).items())
    )
