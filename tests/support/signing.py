"""Signs the logs of an embedded data directory, whenever a test says so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from grant_store.log.checkpoint import Checkpoint
from grant_store.log.log_keys import keys_of_log, signed_note
from grant_store.log.store import SignedHead
from grant_store.log.tiles import TileBuilder
from grant_store.log.tree import CompactRange
from grant_store.opening import open_ledger_view, open_log
from pruefpfad.assembly import SERVICES

LOG_NAME = "pruefpfad.test"


def sign_all(data: Path) -> None:
    """Sign a head of all that each ledger holds, where it is longer than the last."""
    for service in SERVICES:
        sign(data, service)


def sign(data: Path, service: str) -> None:
    url = f"sqlite:///{data}"
    log, ledger = open_log(url, service), open_ledger_view(url, service)
    log.migrate()
    last = log.last_head()
    leaves = ledger.leaves(0, 1_000_000)
    if len(leaves) > (last.size if last else 0):
        tree, tiles = CompactRange(), TileBuilder()
        full = [tile for leaf in leaves for tile in tiles.append(leaf)]
        tree.extend(leaves)
        checkpoint = Checkpoint(f"{LOG_NAME}/{service}/main", tree.size, tree.root())
        keys = keys_of_log(data / "keys" / "log", checkpoint.origin)
        now = datetime.now(UTC)
        note = signed_note(checkpoint, keys, now)
        new = [
            tile
            for tile in full
            if (tile.index + 1) << (8 * tile.level + 8) > (last.size if last else 0)
        ]
        log.add_head(SignedHead(tree.size, tree.root(), note, now), new)
    log.close()
    ledger.close()
