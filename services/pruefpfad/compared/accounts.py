"""Every case of one installation as a digest of what was recorded on it, in little memory.

The order of events on different aggregates is not compared: two upstreams have no common order. It
must not know the other installation.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from grant_store.store import Store
from pruefpfad.compared.entries import Entry, entry_of, reference_in

Progress = Callable[[str, int, int], None]
"""Told which service is read, how many of its events are, and of how many."""

EVENTS_AT_ONCE = 1_000
_DIGEST_BYTES = 16  # Enough against chance: 2 to the 64 entries before two are taken for one.


@dataclass
class Accounts:
    """The digests of each case's entries, by the case's id, and what people call the cases."""

    digests: dict[str, Counter[bytes]] = field(default_factory=lambda: defaultdict(Counter))
    references: dict[str, str] = field(default_factory=dict)
    events: int = 0


def accounts_of(stores: Mapping[str, Store], progress: Progress) -> Accounts:
    """Read every ledger once."""
    accounts = Accounts()
    for entry in _entries(stores, progress):
        accounts.digests[entry.case][entry.digest[:_DIGEST_BYTES]] += 1
        accounts.events += 1
        reference = reference_in(entry)
        if reference and entry.case not in accounts.references:
            accounts.references[entry.case] = reference
    return accounts


def entries_of(
    stores: Mapping[str, Store], cases: Collection[str], progress: Progress
) -> dict[str, list[Entry]]:
    """What was recorded on these cases, in full."""
    found: dict[str, list[Entry]] = {case: [] for case in cases}
    for entry in _entries(stores, progress):
        if entry.case in found:
            found[entry.case].append(entry)
    return found


def _entries(stores: Mapping[str, Store], progress: Progress) -> Iterator[Entry]:
    for name, store in stores.items():
        last, position = store.head().position, 0
        while rows := store.events_after(position, min(EVENTS_AT_ONCE, last - position)):
            yield from (entry_of(store.origin, row) for row in rows)
            position = rows[-1].position
            progress(name, position, last)
