"""Ledgers that grow, and leaves without a ledger, for the tests of the log. No assertions here."""

from __future__ import annotations

from hashlib import sha256

from grant_store.rows import Append
from grant_store.store import Store
from store.samples import an_event


def a_leaf(number: int) -> bytes:
    return sha256(number.to_bytes(8, "big")).digest()


def grow(store: Store, count: int) -> None:
    """Append so many events, a thousand in each transaction at most."""
    while count > 0:
        part = min(count, 1000)
        store.append(Append(events=[an_event() for _ in range(part)]))
        count -= part
