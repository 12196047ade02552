"""What a published list does not say, and what a script reads of the cases it has played."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol

from joserfc.jwk import OKPKey

from pruefpfad.scripted.script import Cast


class CaseRecord(Protocol):
    """What the script reads of a case in the auditor's case file."""

    @property
    def reference(self) -> str: ...
    @property
    def eligibility(self) -> dict[str, Any]: ...
    @property
    def disbursement(self) -> dict[str, Any]: ...
    @property
    def is_awarded(self) -> bool: ...
    @property
    def terms(self) -> dict[str, Any]: ...


class Records(Protocol):
    """The case files, wherever they are kept."""

    def every_case(self, *sections: str) -> Iterator[CaseRecord]:
        """With these sections at least; with all of them if none is named."""

    def orders_of_run(self, run: str) -> Sequence[dict[str, str]]: ...


@dataclass(frozen=True)
class Scenario:
    """What the list does not say: read from a demonstration file, invented and marked so there."""

    definition: dict[str, Any]
    settings: dict[str, Any]

    @classmethod
    def read(cls, definition: dict[str, Any], path: Path) -> Scenario:
        return cls(definition, tomllib.loads(path.read_text(encoding="utf-8")))

    @property
    def programme(self) -> str:
        return str(self.definition["code"])

    @property
    def call(self) -> str:
        return str(self.settings["call"])

    @property
    def years(self) -> range:
        budget = self.settings["budget"]
        return range(budget["first_year"], budget["last_year"] + 1)

    def day(self, step: str, starts_on: str) -> str:
        offset = timedelta(days=self.settings["days"][step])
        return (date.fromisoformat(starts_on) + offset).isoformat()

    def year_end(self, step: str, year: int) -> str:
        return f"{year}-{self.settings['year_end'][step]}"

    def cast(self, key: OKPKey) -> Cast:
        return Cast(
            key,
            date.fromisoformat(self.settings["mandates_from"]),
            date.fromisoformat(self.settings["mandates_until"]),
        )
