"""Reads a ledger from position to position and believes nothing: each row must have the next
position, an instant that is not before the last one's, and the leaf hash of its own bytes."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from grant_store.errors import StoreError
from grant_store.leaf import leaf_encoding
from grant_store.log.store import LedgerView
from grant_store.rows import LedgerEvent

_PAGE = 1024


class NotConsistent(StoreError):
    """What the ledger holds now is not what was recorded or signed before. Nothing is signed."""

    def __init__(self, service: str, lane: str, position: int, why: str) -> None:
        super().__init__(f"{service}/{lane}, position {position}: {why}.")
        self.position = position


def checked_rows(
    ledger: LedgerView, after: int = 0, upto: int | None = None
) -> Iterator[LedgerEvent]:
    """The rows after a position, in order, up to `upto` or the head. `NotConsistent` at the first
    that is wrong."""
    last, position = None, after
    while upto is None or position < upto:
        limit = _PAGE if upto is None else min(_PAGE, upto - position)
        page = ledger.events_after(position, limit)
        for row in page:
            _check(ledger, row, position + 1, last)
            yield row
            last, position = row, row.position
        if len(page) < limit:
            return


def _check(ledger: LedgerView, row: LedgerEvent, position: int, last: LedgerEvent | None) -> None:
    why = ""
    if row.position != position:
        why = f"expected the next event here; the next one stands at {row.position}"
    elif last is not None and row.recorded_at < last.recorded_at:
        why = "it is recorded earlier than the event before it"
    elif sha256(leaf_encoding(row)).digest() != row.leaf_hash:
        why = "the stored leaf hash is not that of the row"
    if why:
        raise NotConsistent(ledger.service, ledger.lane, position, why)
