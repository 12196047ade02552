"""Where each log ends in a bundle that holds nothing above what enough witnesses have cosigned.

Each log begins at its largest cosigned head. While an event below it follows from one above the
cut of another log, it is lowered to the next cosigned head that does not hold that event. Lowering
never has to be taken back: what is beyond a cut is beyond every lower one. So the result is the
largest cut of all that are consistent and end at cosigned heads.

A log that would have no head left keeps a tail: it ends in front of the first event that follows
from beyond the cut, or at its end, and the reason is told. A cause that lies above the very end of
its ledger is lost, and no reason to lower anything: the verifier must see what names it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from grant_audit.bundle.reach import Reach
from grant_audit.bundle.source import Source, signers_of


class CosignedCut(NamedTuple):
    """The size of each log in the bundle, and for each that goes beyond a cosigned head, why."""

    sizes: Mapping[str, int]
    tails: Mapping[str, str]


@dataclass
class _Heads:
    """The heads of a log that enough witnesses have cosigned."""

    source: Source
    quorum: int
    witnesses: Collection[str]  # Who counts; with none, everybody.
    cosigned: Sequence[int] = field(init=False)

    def __post_init__(self) -> None:
        self.cosigned = self.source.log.cosigned_sizes()

    def up_to(self, limit: int) -> int:
        """The largest one of at most this size; 0 where there is none."""
        at_most = self.cosigned[: bisect_right(self.cosigned, limit)]
        return next((size for size in reversed(at_most) if self._has_enough(size)), 0)

    def _has_enough(self, size: int) -> bool:
        names = signers_of(self.source.log.cosignatures(size))
        counted = names.intersection(self.witnesses) if self.witnesses else names
        return len(counted) >= self.quorum


def cosigned_cut(
    sources: Sequence[Source],
    quorum: int,
    witnesses: Collection[str],
    count: Callable[[int], None],
) -> CosignedCut:
    """Find it. `sources` come in the order of `cut`; `count` is told how many events were read."""
    heads = {each.name: _Heads(each, quorum, witnesses) for each in sources}
    limits = {each.name: each.ledger.head().position for each in sources}
    sizes = {name: heads[name].up_to(limit) or limit for name, limit in limits.items()}
    reaches = {
        each.name: Reach(each.name, each.ledger, sizes[each.name], count) for each in sources
    }
    ends = {each.name: each.ledger.head().position for each in sources}
    lowered = True
    while lowered:
        lowered = False
        for name, reach in reaches.items():
            beyond = reach.first_beyond(sizes, ends)
            if beyond is not None and beyond <= sizes[name]:
                sizes[name] = heads[name].up_to(beyond - 1) or beyond - 1
                lowered = True
    return CosignedCut(sizes, _tails(heads, sizes, limits))


def _tails(
    heads: Mapping[str, _Heads], sizes: Mapping[str, int], limits: Mapping[str, int]
) -> dict[str, str]:
    tails = {}
    for name, size in sizes.items():
        if limits[name] and not heads[name].up_to(size):
            tails[name] = _reason(name, heads[name], limits[name])
    return tails


def _reason(name: str, heads: _Heads, limit: int) -> str:
    if not heads.up_to(limit):
        return f"{name} has no head that enough witnesses ({heads.quorum}) have cosigned"
    return f"every cosigned head of {name} holds events that follow from above those of other logs"
