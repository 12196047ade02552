"""The hashes of a log's tree, read from its stored tiles and, above them, from the ledger."""

from __future__ import annotations

from grant_store.log.store import LedgerView, LogStore
from grant_store.log.tiles import WIDTH, TiledHashes


class StoredTiles:
    """Tiles of any width: full ones are stored, partial ones are put together.

    A partial tile of level 0 holds leaves of the ledger, one above it roots of full tiles. What is
    in the ledger counts as it stands there: proofs are checked against a signed root afterwards.
    """

    def __init__(self, log: LogStore, ledger: LedgerView) -> None:
        self._log = log
        self._ledger = ledger

    def __call__(self, level: int, index: int, width: int) -> bytes:
        if width == WIDTH:
            return self._log.tile(level, index)
        if level == 0:
            return b"".join(self._ledger.leaves(index * WIDTH, width))
        return b"".join(self._log.tile_roots(level - 1, index * WIDTH, width))


def tree_of(log: LogStore, ledger: LedgerView, size: int) -> TiledHashes:
    """The tree of `size` leaves, where the log has a head of this size."""
    return TiledHashes(size, StoredTiles(log, ledger))
