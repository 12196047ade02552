"""The items of the audit trail (Annex XIII) as dated configuration with its source.

Responsible for reading `annex_xiii.toml` and for what is in force. It knows no case and no store.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from grant_values.dated import DatedTable, DatedValue

CONDITIONS = ("every_case", "awarded", "claimed", "ordered")


@dataclass(frozen=True)
class Item:
    """One item: its text in both languages, and which events evidence it.

    Of each group of `needs` one event must be on record. Without a group only a document will do.
    """

    number: int
    text: Mapping[str, str]
    applies_to: str
    needs: tuple[frozenset[str], ...] = ()
    also: frozenset[str] = field(default_factory=frozenset)
    attachments: bool = False

    @property
    def topics(self) -> frozenset[str]:
        """Every kind of event that belongs to the item."""
        return self.also.union(*self.needs)


@dataclass(frozen=True)
class Annex:
    """The items, the versions of the list, and why an item may not apply."""

    items: tuple[Item, ...]
    versions: DatedTable[str]
    reasons: Mapping[str, Mapping[str, str]]

    def version(self, cci: str) -> DatedValue[str]:
        """The version for a programme; its CCI begins with the first year of its period."""
        year = cci[:4]
        first_day = date(int(year), 1, 1) if year.isdigit() and int(year) else None
        return self.versions.entries[-1] if first_day is None else self.versions.on(first_day)


@cache
def annex() -> Annex:
    """The configuration that is shipped with this version of the program."""
    text = resources.files("grant_audit").joinpath("annex_xiii.toml").read_text(encoding="utf-8")
    return read_annex(tomllib.loads(text))


def read_annex(table: Mapping[str, Any]) -> Annex:
    versions = tuple(
        DatedValue(each["valid_from"], each["name"], each["source"]) for each in table["versions"]
    )
    return Annex(
        items=tuple(_item(each) for each in table["items"]),
        versions=DatedTable("items of the audit trail", versions),
        reasons=table["applies_to"],
    )


def _item(table: Mapping[str, Any]) -> Item:
    if table["applies_to"] not in CONDITIONS:
        raise ValueError(f"applies_to: expected one of {CONDITIONS}, not {table['applies_to']!r}")
    return Item(
        number=table["number"],
        text={"de": table["de"], "en": table["en"]},
        applies_to=table["applies_to"],
        needs=tuple(frozenset(group) for group in table.get("needs", ())),
        also=frozenset(table.get("also", ())),
        attachments=table.get("attachments", False),
    )
