"""How far somebody goes to hide a change: what they put right besides the row.

Nobody but the witness has the witness's keys. Whoever breaks in has the log's, or makes new ones.
"""

from __future__ import annotations

import shutil
import sqlite3
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
from tamper.rows import log_of, read_rows, write_rows
from tamper.scene import origin_of

Effort = Callable[[Path, str], None]
"""Puts things right in a data directory whose ledger of one service was changed."""


def only_the_row(data: Path, service: str) -> None:
    """Nothing is put right."""


def with_leaves(data: Path, service: str) -> None:
    """Every row gets the leaf that belongs to it."""
    rows = read_rows(data, service)
    write_rows(data, service, [row._replace(leaf_hash=_leaf(row)) for row in rows])


def with_tiles(data: Path, service: str) -> None:
    """And the tiles are those of the leaves."""
    with_leaves(data, service)
    with log_of(data, service) as log:
        _write_tiles(log, _leaves(data, service))


def with_stolen_keys(data: Path, service: str) -> None:
    """And every head is signed again by the log's own keys. The witness's lines stay."""
    with_tiles(data, service)
    with log_of(data, service) as log:
        _sign_again(log, data, service)


def without_cosignatures(data: Path, service: str) -> None:
    """And the witness's lines and the time stamps, which do not fit any more, are taken out."""
    with_stolen_keys(data, service)
    with log_of(data, service) as log:
        log.execute("DELETE FROM log_cosignatures")
        log.execute("DELETE FROM log_timestamps")


def with_new_keys(data: Path, service: str) -> None:
    """The log is made anew from the beginning, by keys of its own that nobody has seen before."""
    keys = data / "keys" / "log"
    shutil.rmtree(keys)
    keys.mkdir()
    without_cosignatures(data, service)


EFFORTS: Mapping[str, Effort] = {
    "row": only_the_row,
    "row and leaves": with_leaves,
    "row, leaves and tiles": with_tiles,
    "all, and signed by stolen keys": with_stolen_keys,
    "all that, cosignatures dropped": without_cosignatures,
    "all, and signed by new keys": with_new_keys,
}


def _leaf(row: LedgerEvent) -> bytes:
    return sha256(leaf_encoding(row)).digest()


def _leaves(data: Path, service: str) -> list[bytes]:
    return [row.leaf_hash for row in read_rows(data, service)]


def _write_tiles(log: sqlite3.Connection, leaves: Sequence[bytes]) -> None:
    log.execute("DELETE FROM log_tiles")
    builder = TileBuilder()
    for leaf in leaves:
        for tile in builder.append(leaf):
            log.execute(
                "INSERT INTO log_tiles (epoch, level, place, hashes, root) VALUES (1, ?, ?, ?, ?)",
                (tile.level, tile.index, tile.hashes, tile.root),
            )


def _sign_again(log: sqlite3.Connection, data: Path, service: str) -> None:
    """Each head at its size, as far as there are events; the others are dropped."""
    leaves = _leaves(data, service)
    heads = log.execute("SELECT size, signed_at FROM log_heads ORDER BY size").fetchall()
    for size, signed_at in heads:
        if size > len(leaves):
            for table in ("log_cosignatures", "log_timestamps", "log_heads"):
                log.execute(f"DELETE FROM {table} WHERE size = ?", (size,))
            continue
        checkpoint = Checkpoint(origin_of(service), size, root_of(leaves[:size]))
        note = note_of(data, checkpoint, instant_of(signed_at))
        log.execute(
            "UPDATE log_heads SET root = ?, note = ? WHERE size = ?", (checkpoint.root, note, size)
        )


def root_of(leaves: Sequence[bytes]) -> bytes:
    tree = CompactRange()
    tree.extend(leaves)
    return tree.root()


def note_of(data: Path, checkpoint: Checkpoint, at: datetime) -> bytes:
    """A note signed by the keys that lie in the data directory, made there if there are none."""
    return signed_note(checkpoint, keys_of_log(data / "keys" / "log", checkpoint.origin), at)
