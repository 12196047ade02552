"""Every case of one installation as a digest of what was recorded on it, in little memory.

The order is compared among events of one case, about one thing, and of one source: two upstreams
have no common order. It must not know the other installation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from grant_store.store import Store
from pruefpfad.compared.entries import Entry, Thing, entry_of, is_of_the_run, reference_in

Progress = Callable[[str, int, int], None]
"""Told which service is read, how many of its events are, and of how many."""

EVENTS_AT_ONCE = 1_000
DECIDING = ("intake", "eligibility", "budgeting", "disbursement")
"""Audit decides nothing: its ledger says who has looked."""


@dataclass
class Accounts:
    """A digest of each case's entries, by the case's id, and what people call the cases."""

    digests: dict[str, bytes]
    references: dict[str, str]
    events: int


def accounts_of(stores: Mapping[str, Store], progress: Progress) -> Accounts:
    """Read every ledger once."""
    references: dict[str, str] = {}
    digests: dict[str, dict[tuple[str, str], bytes]] = defaultdict(dict)
    events = 0
    for entry in _entries(stores, progress):
        events += 1
        in_order, place = digests[entry.case], (entry.of.key, entry.source)
        in_order[place] = sha256(in_order.get(place, b"") + entry.digest).digest()
        reference = reference_in(entry)
        if reference:
            references.setdefault(entry.case, reference)
    return Accounts(
        {case: sha256(b"".join(sorted(each.values()))).digest() for case, each in digests.items()},
        references,
        events,
    )


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
    for name in DECIDING:
        store = stores[name]
        last, position = store.head().position, 0
        known: dict[UUID, Thing] = {}
        while rows := store.events_after(position, min(EVENTS_AT_ONCE, last - position)):
            told = (row for row in rows if not is_of_the_run(row))
            yield from (entry_of(store.origin, row, known) for row in told)
            position = rows[-1].position
            progress(name, position, last)
