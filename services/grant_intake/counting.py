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


def counted(
    traits: Mapping[UUID, Traits], smallest: int, companies: Sequence[Sequence[UUID]] = ()
) -> Counted:
    """The persons that can be counted together, in their given order.

    Every cell of the group is empty or has at least `smallest` persons. Who stands in a smaller one
    is left out, and others with them, until nobody or `smallest` are: so nobody knows who of them
    it was because of. The same holds of each of the `companies` in which earlier counts have left
    them out, or two counts would show who stays behind.
    """
    together = [[each for each in company if each in traits] for company in (traits, *companies)]
    group = _without_small_cells(traits, list(traits), smallest)
    while (leaving := _next_to_leave(together, group, smallest)) is not None:
        remaining = [subject for subject in group if subject != leaving]
        group = _without_small_cells(traits, remaining, smallest)
    inside = set(group)
    return Counted(
        persons=tuple(group),
        cells=_cells(traits, group),
        left_out=tuple(subject for subject in traits if subject not in inside),
    )


def _next_to_leave(
    together: Sequence[Sequence[UUID]], group: Sequence[UUID], smallest: int
) -> UUID | None:
    """The first in the group whose company has lost some, but too few to be lost among."""
    counted_ones = set(group)
    for company in together:
        inside = [subject for subject in company if subject in counted_ones]
        if inside and 0 < len(company) - len(inside) < smallest:
            return inside[0]
    return None


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
