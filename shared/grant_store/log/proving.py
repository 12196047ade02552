"""What a log can prove to others from what it has stored: heads, growth, and single events.

Every proof is checked against the signed root before it leaves: one that does not hold means that
ledger or tiles are no longer what was signed, and is never handed out.
"""

from __future__ import annotations

from bisect import bisect_left
from hashlib import sha256

from grant_store.errors import StoreError
from grant_store.leaf import leaf_encoding
from grant_store.log.checkpoint import ROOT_OF_NOTHING, Checkpoint
from grant_store.log.note import Note
from grant_store.log.proof_file import TlogProof
from grant_store.log.store import LedgerView, LogStore, SignedHead
from grant_store.log.stored_tiles import tree_of
from grant_store.log.tiles import TiledHashes
from grant_store.log.tree import (
    ProofFails,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
)
from grant_store.log.witness_request import WitnessRequest
from grant_store.rows import LedgerEvent


class NotAsSigned(StoreError):
    """The ledger or its tiles are not those that the log has signed. Nothing was handed out."""


class ProvingLog:
    """The log beside one ledger, as its heads prove it.

    For many proofs in a row it remembers what it has read: heads and cosignatures are those of the
    first look.
    """

    def __init__(self, log: LogStore, ledger: LedgerView) -> None:
        self.log = log
        self.ledger = ledger
        self._trees: dict[int, TiledHashes] = {}
        self._heads: dict[int, SignedHead | None] = {}
        self._notes: dict[int, bytes] = {}
        self._cosigned_sizes: list[int] | None = None

    @property
    def origin(self) -> str:
        """The name under which this log signs, as its last head has it; empty without a head."""
        last = self.log.last_head()
        return origin_of(last) if last else ""

    def last_event(self) -> LedgerEvent | None:
        """The last event of the ledger, below a head or not."""
        rows = self.ledger.events_after(self.ledger.head().position - 1, 1)
        return rows[0] if rows else None

    def full_note(self, head: SignedHead) -> bytes:
        """The note of a head with all that cosigned it."""
        lines = b"".join(self.log.cosignatures(head.size))
        return bytes(Note.parse(head.note).with_lines(lines))

    def covering(self, position: int, *, cosigned: bool) -> SignedHead | None:
        """The head that proves an event: the first cosigned one, or else simply the last."""
        if not cosigned:
            last = self.log.last_head()
            return last if last and last.size >= position else None
        if self._cosigned_sizes is None:
            self._cosigned_sizes = self.log.cosigned_sizes()
        place = bisect_left(self._cosigned_sizes, position)
        if place == len(self._cosigned_sizes):
            return None
        return self._head(self._cosigned_sizes[place])

    def request(self, head: SignedHead, old_size: int) -> WitnessRequest:
        """What a witness is asked that has cosigned `old_size` leaves of this log."""
        return WitnessRequest(old_size, self.growth(old_size, head), self.full_note(head))

    def growth(self, old_size: int, head: SignedHead) -> tuple[bytes, ...]:
        """That the head grew out of the tree of `old_size` leaves.

        Where that size was signed too, the proof is checked against its root.
        """
        proof = consistency_proof(old_size, head.size, self._tree(head.size))
        old = self.log.head(old_size)
        if old or old_size == 0:
            try:
                old_root = old.root if old else ROOT_OF_NOTHING
                check_consistency(old_size, old_root, head.size, head.root, proof)
            except ProofFails as error:
                raise self._not_as_signed(head, error) from error
        return tuple(proof)

    def proof(self, event: LedgerEvent, head: SignedHead) -> tuple[TlogProof, bytes]:
        """That the event is in the tree of this head, and the record whose hash is its leaf."""
        record = leaf_encoding(event)
        index = event.position - 1
        hashes = inclusion_proof(index, head.size, self._tree(head.size))
        try:
            check_inclusion(sha256(record).digest(), index, head.size, hashes, head.root)
        except ProofFails as error:
            raise self._not_as_signed(head, error) from error
        return TlogProof(index, tuple(hashes), self.note_of(head)), record

    def note_of(self, head: SignedHead) -> bytes:
        """The full note, as it was at the first look."""
        if head.size not in self._notes:
            self._notes[head.size] = self.full_note(head)
        return self._notes[head.size]

    def _head(self, size: int) -> SignedHead | None:
        if size not in self._heads:
            self._heads[size] = self.log.head(size)
        return self._heads[size]

    def _tree(self, size: int) -> TiledHashes:
        if size not in self._trees:
            self._trees[size] = tree_of(self.log, self.ledger, size)
        return self._trees[size]

    def _not_as_signed(self, head: SignedHead, error: ProofFails) -> NotAsSigned:
        return NotAsSigned(
            f"{origin_of(head)}, size {head.size}: {error} Run `pruefpfad log check`."
        )


def origin_of(head: SignedHead) -> str:
    return Checkpoint.parse(Note.parse(head.note).text).origin
