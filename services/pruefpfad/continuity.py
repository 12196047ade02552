"""Looks whether a store leads to the last known head of it, before a service goes on with it.

What is known stands in the store's own log, and in the folder that heads are exported to.
"""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path

from grant_bus.writer import Continuity
from grant_store.log.broken import BrokenHistory, SignedNotes


def continuity_of(
    url: str, service: str, lane: str, log_name: str, heads: Path | None, keys: Path | None = None
) -> Continuity:
    """The question whether a store goes on from its last head. Asking opens it, and closes it.

    Heads in the folder `heads` are verified with the logs' public keys in `keys`.
    """

    def look() -> BrokenHistory | None:
        # Only here: what signs and verifies is needed once, and not by whoever only imports this.
        from grant_store.log.continuing import Continuation, nothing_exported
        from grant_store.log.cosignature import no_keys
        from grant_store.log.known_heads import newest_known
        from grant_store.log.log_keys import public_keys
        from grant_store.opening import open_ledger_view, open_log

        keys_of = partial(public_keys, keys) if keys else no_keys
        exported = partial(newest_known, heads, keys_of=keys_of) if heads else nothing_exported
        with (
            closing(open_log(url, service, lane)) as log,
            closing(open_ledger_view(url, service, lane)) as ledger,
        ):
            return Continuation(log_name, log, ledger, exported).broken()

    return look


def signed_notes_of(url: str, service: str, lane: str) -> SignedNotes:
    """The heads of a store's log. Asking opens it, and closes it: that is once a day."""

    def look(size: int) -> bytes | None:
        from grant_store.opening import open_log

        with closing(open_log(url, service, lane)) as log:
            head = log.head(size)
        return head.note if head else None

    return look
