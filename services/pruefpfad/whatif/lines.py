"""Budget lines twice: as they were promised, and as they would have been, in the recorded order.

A line's ceiling is a person's decision and the same in both. What is committed stays promised here:
only what is free counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from grant_values.shapes import Tranche
from pruefpfad.whatif.courses import NOTHING_TO_PROMISE, PROMISED

LineName = tuple[str, str, int]
"""Programme, fund and budget year."""


@dataclass
class Line:
    """One line: what it may promise, and what it promised and refused in each course."""

    programme: str
    fund: str
    year: int
    ceiling_cents: int
    promised_cents: int = 0
    new_promised_cents: int = 0
    refused: int = 0
    new_refused: int = 0

    @property
    def free_cents(self) -> int:
        return self.ceiling_cents - self.promised_cents

    @property
    def new_free_cents(self) -> int:
        return self.ceiling_cents - self.new_promised_cents


class NewPromises:
    """What each case would be promised from which line, if its tranches were others."""

    def __init__(self) -> None:
        self.lines: dict[LineName, Line] = {}
        self._promised: dict[UUID, Counter[LineName]] = {}

    def earmark(self, case_id: UUID, programme: str, tranches: Iterable[Tranche]) -> str:
        """All tranches or none, as the service does: "promised", or the reason why not."""
        wanted = {(programme, each.fund, each.year): each.amount_cents for each in tranches}
        if not wanted:
            return NOTHING_TO_PROMISE
        if case_id in self._promised:
            return PROMISED
        for name, cents in wanted.items():
            line = self.lines.get(name)
            if line is None:
                return "no_budget_line"
            if cents > line.new_free_cents:
                line.new_refused += 1
                return "ceiling_exceeded"
        self._promised[case_id] = Counter(wanted)
        for name, cents in wanted.items():
            self.lines[name].new_promised_cents += cents
        return PROMISED

    def keep_only(self, case_id: UUID, programme: str, tranches: Iterable[Tranche]) -> None:
        """Give back what goes beyond these tranches; all of it where there are none."""
        kept = Counter({(programme, each.fund, each.year): each.amount_cents for each in tranches})
        promised = self._promised.get(case_id, Counter[LineName]())
        for name, cents in promised.items():
            self.lines[name].new_promised_cents -= cents - min(cents, kept[name])
            promised[name] = min(cents, kept[name])
