"""The questions of other services to the case file, each as it stands or as of some time.

It chooses which pages a question needs: audit's own as they stand, or those folded for it. How the
answer travels, and who may ask, it must not know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from grant_audit import exports, queries
from grant_audit.as_followed import (
    Followed,
    computed_from,
    followed_by_all,
    followed_case,
    followed_without_cases,
)
from grant_audit.as_of import AsOf
from grant_audit.asked_axes import read_as_of, read_day
from grant_audit.pages import CaseFiles
from grant_bus.question_desk import Dated
from grant_values.cases import case_id_of

Read = Callable[[CaseFiles], object]
Fold = Callable[[Followed, AsOf], CaseFiles]
Answered = Any
"""The answer itself; as of some time `Dated`, with that of which it was computed."""


class Questions:
    """What can be asked of audit's store: as it stands where no axis is given."""

    def __init__(
        self,
        store: Followed,
        effective: object = None,
        recorded: object = None,
        position: object = None,
    ) -> None:
        """Raises `Invalid` for an axis that cannot be read; it names the field."""
        self._store = store
        self._as_of = read_as_of(effective, recorded, position, store.lane)

    def cases(self, state: str | None, programme: str | None) -> Answered:
        return self._answer(followed_by_all, lambda pages: queries.cases(pages, state, programme))

    def case(self, reference: str) -> Answered:
        return self._answer(_of(reference), lambda pages: queries.case(pages, reference))

    def case_state(self, reference: str) -> Answered:
        def read(pages: CaseFiles) -> queries.CaseLine:
            return queries.case_line(queries.case(pages, reference))

        return self._answer(_of(reference), read)

    def case_files(self) -> Answered:
        return self._answer(followed_by_all, lambda pages: list(queries.every_case(pages)))

    def runs(self) -> Answered:
        return self._answer(followed_without_cases, queries.runs)

    def history(self, reference: str) -> Answered:
        return self._answer(_of(reference), lambda pages: queries.history(pages, reference))

    def budget(self, programme: str | None) -> Answered:
        return self._answer(_of_lines, lambda pages: queries.budget(pages, programme))

    def operations_csv(self, as_of: object) -> Answered:
        """The list as of a day. The pages as they stand hold the days of all approvals, so that
        nothing need be folded where no other axis is given."""
        day = read_day("as_of", as_of)
        if self._as_of.is_now:
            return exports.operations_list(self._store, day)
        self._as_of = replace(self._as_of, effective=day)
        return self._answer(followed_by_all, lambda pages: exports.operations_list(pages, date.max))

    def _answer(self, fold: Fold, read: Read) -> Answered:
        if self._as_of.is_now:
            return read(self._store)
        pages = fold(self._store, self._as_of)
        return Dated(read(pages), computed_from(pages, self._as_of))


def _of(reference: str) -> Fold:
    return lambda store, as_of: followed_case(store, case_id_of(reference), as_of)


def _of_lines(store: Followed, as_of: AsOf) -> CaseFiles:
    return followed_by_all(store, as_of, ["budgeting"])
