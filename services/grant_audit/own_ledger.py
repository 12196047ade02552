"""What audit has recorded by itself, read from its own ledger: nobody follows audit.

The entries have the shape of those of the history, so that the same sentences tell them.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from datetime import date, datetime
from typing import Any

import msgspec

from grant_audit.as_of import AsOf, Ledgers, last_positions
from grant_audit.queries import Entry
from grant_store.rows import LedgerEvent
from grant_store.store import Store
from grant_values.legal_time import legal_date

AUDIT = "audit"
AT_A_TIME = 1_000
ACCESSED = "audit.AuditorAccessed"
REFUSED = "audit.AccessRefused"


def entries_as_of(ledgers: Ledgers, as_of: AsOf, topics: Container[str]) -> tuple[list[Entry], int]:
    """The events of these topics that belong to what is asked for, and up to which position they
    were looked for. Whoever looks does so when it is recorded: no entry has another day."""
    last = last_positions(ledgers, as_of, [AUDIT])[AUDIT]
    found = [
        entry
        for entry in entries(ledgers[AUDIT], topics)
        if entry["position"] <= last
        and (as_of.effective is None or _day_of(entry) <= as_of.effective)
    ]
    return found, last


def _day_of(entry: Entry) -> date:
    return legal_date(datetime.fromisoformat(entry["recorded_at"]))


def entries(store: Store, topics: Container[str]) -> Iterator[Entry]:
    """The events of these topics, in order of position."""
    position = 0
    while rows := store.events_after(position, AT_A_TIME):
        yield from (_entry(store, row) for row in rows if row.topic in topics)
        position = rows[-1].position


def _entry(store: Store, row: LedgerEvent) -> Entry:
    metadata: dict[str, Any] = msgspec.json.decode(row.metadata)
    return {
        "source": store.origin,
        "position": row.position,
        "type": row.topic,
        "schema_version": row.schema_version,
        "recorded_at": msgspec.to_builtins(row.recorded_at),
        "actor_id": metadata.get("actorid", ""),
        "actor_role": metadata.get("actorrole", ""),
        "second_actor_id": metadata.get("secondactorid", ""),
        "subject": str(row.originator_id),
        "causation": metadata.get("causationid", ""),
        "data": msgspec.json.decode(row.state),
    }
