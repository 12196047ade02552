"""What audit has recorded by itself, read from its own ledger: nobody follows audit.

The entries have the shape of those of the history, so that the same sentences tell them.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

import msgspec

from grant_audit.queries import Entry
from grant_store.rows import LedgerEvent
from grant_store.store import Store

AT_A_TIME = 1_000
ACCESSED = "audit.AuditorAccessed"
REFUSED = "audit.AccessRefused"


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
        "data": msgspec.json.decode(row.state),
    }
