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

CONDITIONS = (
    "examined",
    "awarded",
    "carried_out",
    "claimed",
    "ordered",
    "real_costs",
    "simplified_costs",
)


@dataclass(frozen=True)
class Item:
    """One item: its text in both languages, and which events evidence it.

    `text` is short, `wording` that of the law; in the languages of `translated` it is no official
    one. `basis` is the provision, by the first year of the programming period. An item applies to a
    case that meets all `conditions`. Of each group of `needs` one event must be on record. Without
    a group only a document will do.
    """

    number: int
    text: Mapping[str, str]
    wording: Mapping[str, str]
    basis: Mapping[int, str]
    responsible: Mapping[str, str]
    conditions: tuple[str, ...] = ()
    translated: tuple[str, ...] = ()
    needs: tuple[frozenset[str], ...] = ()
    also: frozenset[str] = field(default_factory=frozenset)
    attachments: bool = False

    @property
    def topics(self) -> frozenset[str]:
        """Every kind of event that belongs to the item."""
        return self.also.union(*self.needs)


@dataclass(frozen=True)
class Annex:
    """The items, the versions of the list, and why an item may not apply, by condition."""

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
        items=tuple(_item(each, table) for each in table["items"]),
        versions=DatedTable("items of the audit trail", versions),
        reasons=table["reasons"],
    )


def _item(table: Mapping[str, Any], lists: Mapping[str, Any]) -> Item:
    known = lists["applies_to"]
    if table["applies_to"] not in known:
        raise ValueError(f"applies_to: expected one of {list(known)}, not {table['applies_to']!r}")
    conditions = tuple(known[table["applies_to"]])
    if unknown := set(conditions).difference(CONDITIONS):
        raise ValueError(f"applies_to: expected some of {CONDITIONS}, not {sorted(unknown)}")
    return Item(
        number=table["number"],
        text={"de": table["de"], "en": table["en"]},
        wording={"de": table["wording_de"], "en": table["wording_en"]},
        basis={2014: table["basis_2014"], 2021: table["basis_2021"]},
        responsible=lists["responsible"][table["responsible"]],
        conditions=conditions,
        translated=("de",) if table.get("translated") else (),
        needs=tuple(frozenset(group) for group in table.get("needs", ())),
        also=frozenset(table.get("also", ())),
        attachments=table.get("attachments", False),
    )
