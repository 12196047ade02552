"""A ledger on SQLite with a log beside it, signed whenever the test says so."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from grant_store.log.checkpoint import Checkpoint
from grant_store.log.cosignature import opened
from grant_store.log.log_keys import cosignature_lines, signed_note
from grant_store.log.note import Note
from grant_store.log.proving import ProvingLog
from grant_store.log.store import SignedHead
from grant_store.log.tiles import TileBuilder
from grant_store.log.tree import CompactRange
from grant_store.opening import open_ledger_view, open_log, open_store
from store.log.growing import grow
from store.log.signers import LOG_KEYS, NOON, ORIGIN, TRUSTED, WITNESS, WITNESS_KEYS


class SignedLedger:
    """Budgeting's: it grows, is signed, cosigned and read as a `ProvingLog`."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}"
        self.store = open_store(self.url, "budgeting")
        self.store.migrate()
        self.log = open_log(self.url, "budgeting")
        self.log.migrate()
        self.ledger = open_ledger_view(self.url, "budgeting")
        self._tree, self._tiles = CompactRange(), TileBuilder()

    @property
    def proving(self) -> ProvingLog:
        return ProvingLog(self.log, self.ledger)

    def grow(self, count: int) -> SignedLedger:
        grow(self.store, count)
        return self

    def sign(self, at: datetime = NOON) -> SignedHead:
        """The head of all that is there."""
        tiles = []
        for leaf in self.ledger.leaves(self._tree.size, 1_000_000):
            self._tree.append(leaf)
            tiles += self._tiles.append(leaf)
        checkpoint = Checkpoint(ORIGIN, self._tree.size, self._tree.root())
        at += timedelta(seconds=self._tree.size)
        note = signed_note(checkpoint, LOG_KEYS, at)
        head = SignedHead(checkpoint.size, checkpoint.root, note, at)
        self.log.add_head(head, tiles)
        return head

    def cosign(self, head: SignedHead) -> None:
        lines = cosignature_lines(opened(head.note, TRUSTED).checkpoint, WITNESS_KEYS, NOON)
        for line in Note.parse(head.note).with_lines(lines).lines[len(LOG_KEYS) :]:
            self.log.cosign(head.size, WITNESS, str(line).encode())

    def close(self) -> None:
        for each in (self.store, self.log, self.ledger):
            each.close()
