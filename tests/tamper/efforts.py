"""How far somebody goes to hide a change: what they put right besides the row.

Nobody but the witness has the witness's keys. Whoever breaks in has the log's, or makes new ones.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from grant_store.leaf import instant_of, leaf_encoding
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.log_keys import keys_of_log, signed_note
from grant_store.log.tiles import TileBuilder
from grant_store.log.tree import CompactRange
from grant_store.rows import LedgerEvent
from tamper.scene import origin_of
from tamper.stores import LogRows, Stores, TileRow

Effort = Callable[[Stores, str], None]
"""Puts things right in stores in which the ledger of one service was changed."""


def only_the_row(stores: Stores, service: str) -> None:
    """Nothing is put right."""


def with_leaves(stores: Stores, service: str) -> None:
    """Every row gets the leaf that belongs to it."""
    rows = stores.rows(service)
    stores.write_rows(service, [row._replace(leaf_hash=_leaf(row)) for row in rows])


def with_tiles(stores: Stores, service: str) -> None:
    """And the tiles are those of the leaves."""
    with_leaves(stores, service)
    log = stores.log(service)
    log.tiles = _tiles(_leaves(stores, service))
    stores.write_log(service, log)


def with_stolen_keys(stores: Stores, service: str) -> None:
    """And every head is signed again by the log's own keys. The witness's lines stay."""
    with_tiles(stores, service)
    log = stores.log(service)
    _sign_again(log, stores, service)
    stores.write_log(service, log)


def without_cosignatures(stores: Stores, service: str) -> None:
    """And the witness's lines and the time stamps, which do not fit any more, are taken out."""
    with_stolen_keys(stores, service)
    log = stores.log(service)
    log.cosignatures, log.timestamps = [], []
    stores.write_log(service, log)


def with_new_keys(stores: Stores, service: str) -> None:
    """The log is made anew from the beginning, by keys of its own that nobody has seen before."""
    shutil.rmtree(stores.keys)
    stores.keys.mkdir()
    without_cosignatures(stores, service)


ROW, ROW_AND_LEAVES, ROW_LEAVES_AND_TILES = "row", "row and leaves", "row, leaves and tiles"
STOLEN_KEYS = "all, and signed by stolen keys"
NO_COSIGNATURES = "all that, cosignatures dropped"
NEW_KEYS = "all, and signed by new keys"

EFFORTS: Mapping[str, Effort] = {
    ROW: only_the_row,
    ROW_AND_LEAVES: with_leaves,
    ROW_LEAVES_AND_TILES: with_tiles,
    STOLEN_KEYS: with_stolen_keys,
    NO_COSIGNATURES: without_cosignatures,
    NEW_KEYS: with_new_keys,
}


def _leaf(row: LedgerEvent) -> bytes:
    return sha256(leaf_encoding(row)).digest()


def _leaves(stores: Stores, service: str) -> list[bytes]:
    return [row.leaf_hash for row in stores.rows(service)]


def _tiles(leaves: Sequence[bytes]) -> list[TileRow]:
    builder = TileBuilder()
    return [
        TileRow(1, tile.level, tile.index, tile.hashes, tile.root)
        for leaf in leaves
        for tile in builder.append(leaf)
    ]


def _sign_again(log: LogRows, stores: Stores, service: str) -> None:
    """Each head at its size, as far as there are events; the others are dropped."""
    leaves = _leaves(stores, service)
    for row in log.heads:
        if row.size > len(leaves):
            log.drop_head(row.size)
    for place, row in enumerate(log.heads):
        checkpoint = Checkpoint(origin_of(service), row.size, root_of(leaves[: row.size]))
        note = note_of(stores.keys, checkpoint, instant_of(row.signed_at))
        log.heads[place] = row._replace(root=checkpoint.root, note=note)


def root_of(leaves: Sequence[bytes]) -> bytes:
    tree = CompactRange()
    tree.extend(leaves)
    return tree.root()


def note_of(keys: Path, checkpoint: Checkpoint, at: datetime) -> bytes:
    """A note signed by the keys that lie in this folder, made there if there are none."""
    return signed_note(checkpoint, keys_of_log(keys, checkpoint.origin), at)
