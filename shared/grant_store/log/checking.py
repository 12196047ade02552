"""Recomputes a whole log from its ledger: every leaf, every head, every stored tile.

It takes nothing from the log for granted but what it compares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grant_store.log.checkpoint import Checkpoint
from grant_store.log.note import Note
from grant_store.log.origins import origin_line
from grant_store.log.reading import NotConsistent, checked_rows
from grant_store.log.store import LedgerView, LogStore, SignedHead
from grant_store.log.tiles import HEIGHT, Tile, TileBuilder

_PROGRESS_EVERY = 4096


@dataclass(frozen=True)
class Checked:
    """What was found to be consistent. `unsigned` events are not yet below a head."""

    origin: str
    size: int
    heads: int
    tiles: int
    unsigned: int


def check(
    log_name: str,
    log: LogStore,
    ledger: LedgerView,
    progress: Callable[[int], None] = lambda size: None,
) -> Checked:
    """Read the ledger from its beginning. `NotConsistent` at the first thing that is wrong."""
    heads = log.heads()
    last = heads[-1] if heads else None
    origin = origin_line(log_name, ledger.service, ledger.lane, last.epoch if last else 1)
    builder, awaited, tiles = TileBuilder(), list(reversed(heads)), 0
    for row in checked_rows(ledger):
        for tile in builder.append(row.leaf_hash):
            tiles += _is_stored(log, ledger, tile, last)
        if awaited and awaited[-1].size == builder.size:
            _check_head(ledger, origin, builder, awaited.pop())
        if builder.size % _PROGRESS_EVERY == 0:
            progress(builder.size)
    if awaited:
        raise _wrong(ledger, awaited[-1], "the ledger ends before it")
    progress(builder.size)
    size = last.size if last else 0
    return Checked(origin, builder.size, len(heads), tiles, builder.size - size)


def _is_stored(log: LogStore, ledger: LedgerView, tile: Tile, last: SignedHead | None) -> bool:
    """Whether the tile is below the last head; then it must be stored as it was recomputed."""
    end = (tile.index + 1) << (HEIGHT * (tile.level + 1))
    if last is None or end > last.size:
        return False
    stored = log.tile(tile.level, tile.index)
    if stored != tile.hashes or log.tile_roots(tile.level, tile.index, 1) != [tile.root]:
        why = f"the stored tile {tile.path} is not that of the ledger"
        raise NotConsistent(ledger.service, ledger.lane, end, why)
    return True


def _check_head(ledger: LedgerView, origin: str, builder: TileBuilder, head: SignedHead) -> None:
    root = builder.root()
    if root != head.root:
        raise _wrong(ledger, head, "the events up to it do not lead to its root")
    if Note.parse(head.note).text != Checkpoint(origin, head.size, root).text:
        raise _wrong(ledger, head, f"its note is not one of {origin} with this root")


def _wrong(ledger: LedgerView, head: SignedHead, why: str) -> NotConsistent:
    said = f"a head of {head.size} events was signed, but {why}"
    return NotConsistent(ledger.service, ledger.lane, head.size, said)
