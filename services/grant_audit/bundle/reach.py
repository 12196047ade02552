"""How far the events of a ledger reach into the logs that they follow, in memory that stays small.

Of each block of positions it keeps the furthest cause of all events up to it, so that the first
event that follows from beyond a cut is found by one search and by reading one block again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping

from grant_audit.bundle.cut import cause_of
from grant_audit.bundle.scope import PAGE
from grant_store.log.store import LedgerView
from grant_store.rows import LedgerEvent

BLOCK = 256


class Reach:
    """The causes of the events of one ledger up to `end`, which names itself `name`.

    A cause in the same log is always within its cut, or it is none, and the verifier says so.
    """

    def __init__(
        self, name: str, ledger: LedgerView, end: int, count: Callable[[int], None]
    ) -> None:
        self._name, self._ledger, self._end = name, ledger, end
        self._furthest: dict[str, list[int]] = {}
        self._blocks = 0
        position = 0
        while position < end:
            page = ledger.events_after(position, min(PAGE, end - position))
            if not page:
                break  # A ledger with a hole at its end: the verifier will name it.
            for row in page:
                self._note(row)
            position = page[-1].position
            count(len(page))

    def first_beyond(self, cuts: Mapping[str, int], ends: Mapping[str, int]) -> int | None:
        """The first event whose cause lies above the cut of its log, though not above its end."""
        blocks = [
            bisect_right(furthest, cuts[log])
            for log, furthest in self._furthest.items()
            if log in cuts and furthest[-1] > cuts[log]
        ]
        for block in range(min(blocks, default=self._blocks), self._blocks):
            for row in self._ledger.events_after(block * BLOCK, BLOCK):
                if row.position <= self._end and self._is_beyond(row, cuts, ends):
                    return row.position
        return None

    def _is_beyond(
        self, row: LedgerEvent, cuts: Mapping[str, int], ends: Mapping[str, int]
    ) -> bool:
        cause = self._cause(row)
        return cause is not None and cuts.get(cause[0], cause[1]) < cause[1] <= ends[cause[0]]

    def _note(self, row: LedgerEvent) -> None:
        self._blocks = (row.position - 1) // BLOCK + 1
        cause = self._cause(row)
        if cause is None:
            return
        furthest = self._furthest.setdefault(cause[0], [])
        before = furthest[-1] if furthest else 0
        furthest += [before] * (self._blocks - len(furthest))
        furthest[-1] = max(before, cause[1])

    def _cause(self, row: LedgerEvent) -> tuple[str, int] | None:
        cause = cause_of(row)
        return None if cause is None or cause[0] == self._name else cause
