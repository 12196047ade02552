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
    """Sign a head of all that each ledger of a data directory holds, where that is news."""
    for service in SERVICES:
        sign(f"sqlite:///{data}", service, data / "keys" / "log")


def sign(url: str, service: str, keys: Path) -> None:
    """The same of one ledger, wherever it is; its log must be there or on SQLite."""
    log, ledger = open_log(url, service), open_ledger_view(url, service)
    if url.startswith("sqlite"):
        log.migrate()
    last = log.last_head()
    known = last.size if last else 0
    leaves = ledger.leaves(0, 1_000_000)
    if len(leaves) > known:
        tree, tiles = CompactRange(), TileBuilder()
        full = [tile for leaf in leaves for tile in tiles.append(leaf)]
        tree.extend(leaves)
        checkpoint = Checkpoint(f"{LOG_NAME}/{service}/main", tree.size, tree.root())
        now = datetime.now(UTC)
        note = signed_note(checkpoint, keys_of_log(keys, checkpoint.origin), now)
        new = [tile for tile in full if (tile.index + 1) << (8 * tile.level + 8) > known]
        log.add_head(SignedHead(tree.size, tree.root(), note, now), new)
    log.close()
    ledger.close()
