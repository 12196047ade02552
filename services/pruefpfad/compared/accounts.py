"""Every case of one installation as a digest of what was recorded on it, in little memory.

The order of events on different aggregates is not compared: two upstreams have no common order. It
must not know the other installation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from grant_store.store import Store
from pruefpfad.compared.entries import (
    DIGEST_BYTES,
    Entry,
    entry_of,
    is_of_the_run,
    reference_in,
)

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
    digests: dict[str, bytearray] = defaultdict(bytearray)
    events = 0
    for entry in _entries(stores, progress):
        events += 1
        digests[entry.case] += entry.digest
        reference = reference_in(entry)
        if reference:
            references.setdefault(entry.case, reference)
    in_any_order = {case: _in_any_order(each) for case, each in digests.items()}
    return Accounts(in_any_order, references, events)


def _in_any_order(digests: bytearray) -> bytes:
    """One digest of many that stand one behind the other, the same whatever their order."""
    each = (digests[at : at + DIGEST_BYTES] for at in range(0, len(digests), DIGEST_BYTES))
    return sha256(b"".join(sorted(each))).digest()


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
        while rows := store.events_after(position, min(EVENTS_AT_ONCE, last - position)):
            yield from (entry_of(store.origin, row) for row in rows if not is_of_the_run(row))
            position = rows[-1].position
            progress(name, position, last)
