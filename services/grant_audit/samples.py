"""The samples on record, and whether each is drawn again as it was.

The same pages give the same population, the same seed the same items. Which pages those are, the
sample says by its positions; whoever reads them here gets them from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from grant_audit import sampling
from grant_audit.application import selected
from grant_audit.as_of import AsOf, Ledgers
from grant_audit.own_ledger import entries, entries_as_of
from grant_audit.pages import CaseFiles
from grant_audit.population import Population, population
from grant_audit.queries import Entry
from grant_contracts.audit import SampleDrawn
from grant_store.store import Store
from grant_values.invalid import Invalid

DRAWN = "audit.SampleDrawn"


@dataclass(frozen=True)
class SampleOnRecord:
    """A sample and the place of its event."""

    fact: SampleDrawn
    place: str

    @property
    def as_document(self) -> dict[str, Any]:
        """Everything about the sample, as plain values in a fixed order."""
        plain: dict[str, Any] = msgspec.to_builtins(self.fact)
        return {"place": self.place, **{key: plain[key] for key in plain if key != "envelope"}}


def samples(store: Store) -> Iterator[SampleOnRecord]:
    """Every sample on record, in order of position. `store` is audit's own."""
    yield from map(_sample_in, entries(store, {DRAWN}))


def samples_as_of(ledgers: Ledgers, as_of: AsOf) -> tuple[list[SampleOnRecord], int]:
    """The samples that were on record then, and up to which position of audit."""
    found, last = entries_as_of(ledgers, as_of, {DRAWN})
    return [_sample_in(entry) for entry in found], last


def _sample_in(entry: Entry) -> SampleOnRecord:
    fact = msgspec.convert(entry["data"], SampleDrawn)
    return SampleOnRecord(fact, f"{entry['source']}/{entry['position']}")


def sample_on_record(store: Store, name: str) -> SampleOnRecord:
    """The sample of this id. `Invalid` where none is on record."""
    for each in samples(store):
        if each.fact.sample == name:
            return each
    raise Invalid("sample", f"expected the id of a sample on record, not {name!r}")


def population_of(sample: SampleDrawn, pages: CaseFiles) -> Population:
    """What a sample is drawn from, in these pages."""
    kind, programme = sample.population, sample.programme
    return population(pages, kind, programme, sample.starts_on, sample.ends_on)


def drawn_otherwise(sample: SampleDrawn, found: Population) -> list[str]:
    """What is not as it was when the sample is drawn again from a population: names of its fields.

    Empty if it is drawn again item by item.
    """
    now: dict[str, object] = {
        "population_sha256": found.sha256,
        "population_count": len(found.items),
        "population_cents": found.amount_cents,
    }
    differing = [name for name, value in now.items() if getattr(sample, name) != value]
    if differing:
        return differing
    drawn = sampling.draw(sample.method, found, sample.size, sample.seed)
    now = {"selected": selected(drawn), "interval_cents": drawn.interval_cents}
    return [name for name, value in now.items() if getattr(sample, name) != value]
