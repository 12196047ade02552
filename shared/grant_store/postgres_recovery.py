"""What became of an append whose connection broke before the answer came.

The transaction may have been committed, rolled back, or still be under way on the server. Each
event, command key and upstream position can be recorded only once: so the store is asked, then
the append is sent again, and if that meets a conflict the store is asked once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic, sleep
from typing import Protocol
from uuid import UUID

from grant_store.errors import AppendConflict, OutcomeUnknown, StoreError, Unreachable
from grant_store.leaf import leaf_hash, microseconds
from grant_store.postgres_connection import ConnectionLost
from grant_store.rows import (
    Append,
    Appended,
    LedgerEvent,
    NewEvent,
    SenderAndKey,
    StoredOutcome,
    Tracked,
)

_PAUSE_SECONDS = 0.1


class Readable(Protocol):
    """What a store must answer for the search."""

    def events_with_ids(self, event_ids: Sequence[UUID]) -> list[LedgerEvent]: ...

    def next_place(self) -> tuple[int, datetime]: ...

    def outcomes(self, keys: Sequence[SenderAndKey]) -> dict[SenderAndKey, StoredOutcome]: ...

    def tracked(self, upstream: str) -> Tracked: ...


def settle(
    append: Append,
    loss: ConnectionLost,
    append_once: Callable[[Append], Appended],
    store: Readable,
    patience_seconds: float,
) -> Appended:
    """Where the append landed, by the store's own record. `OutcomeUnknown` if it stays away."""
    deadline = monotonic() + patience_seconds
    while True:
        try:
            return _found(append, store) or append_once(append)
        except AppendConflict:
            found = _found(append, store)
            if found is None:
                raise
            return found
        except (ConnectionLost, Unreachable) as error:
            if monotonic() > deadline:
                raise _unknown(loss) from error
            sleep(_PAUSE_SECONDS)
        except StoreError as error:
            # It answers, but takes nothing: what the broken connection left may still land.
            raise _unknown(loss) from error


def _unknown(loss: ConnectionLost) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{loss}; the database cannot be asked whether the append was recorded: "
        "settle it by sending the same event ids and keys again."
    )


def _found(append: Append, store: Readable) -> Appended | None:
    """The append as it stands in the store, or None if it is not there."""
    if append.events:
        return _found_by_events(append.events, store)
    first_position, now = store.next_place()
    for tracked in append.tracking:
        if store.tracked(tracked.upstream)[:3] != tracked[:3]:
            return None
    outcomes = store.outcomes([(each.sender, each.key) for each in append.outcomes])
    for outcome in append.outcomes:
        stored = outcomes.get((outcome.sender, outcome.key))
        if stored is None or stored[:5] != outcome[:5] or stored.positions:
            return None
        first_position = stored.positions.start
    # Documents alone leave no mark of their own, and may be written twice.
    is_marked = append.tracking or append.outcomes
    return Appended(first_position, now, ()) if is_marked else None


def _found_by_events(events: Sequence[NewEvent], store: Readable) -> Appended | None:
    """The leaves tell whether these very events stand there, in this order and without a gap."""
    stored = store.events_with_ids([event.event_id for event in events])
    if len(stored) != len(events):
        return None
    first = stored[0]
    instant = microseconds(first.recorded_at)
    leaves = tuple(
        leaf_hash(position, instant, event) for position, event in enumerate(events, first.position)
    )
    if leaves != tuple(row.leaf_hash for row in stored):
        return None
    return Appended(first.position, first.recorded_at, leaves)
