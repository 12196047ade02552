"""A log in memory for the tests of those who look at logs: it grows, signs and lies on demand."""

from __future__ import annotations

from hashlib import sha256

from grant_store.log.checkpoint import Checkpoint
from grant_store.log.log_keys import SigningKey, signed_note
from grant_store.log.tree import CompactRange, complete_subtree_root, consistency_proof
from grant_store.log.witness_request import WitnessRequest
from store.log.signers import LOG_KEYS, NOON, ORIGIN


class GrowingLog:
    """Leaves, signed heads and proofs. `history` is another one's where a log tells two stories."""

    def __init__(self, origin: str = ORIGIN, keys: tuple[SigningKey, ...] = LOG_KEYS) -> None:
        self.origin = origin
        self.keys = keys
        self.leaves: list[bytes] = []

    def grow(self, count: int, history: str = "") -> GrowingLog:
        size = len(self.leaves)
        self.leaves += [
            sha256(f"leaf {n} {history}".encode()).digest() for n in range(size, size + count)
        ]
        return self

    def subtree(self, level: int, index: int) -> bytes:
        return complete_subtree_root(self.leaves[index << level : (index + 1) << level])

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        tree = CompactRange()
        size = len(self.leaves) if size is None else size
        tree.extend(self.leaves[:size])
        return Checkpoint(self.origin, size, tree.root())

    def note(self, size: int | None = None) -> bytes:
        return signed_note(self.checkpoint(size), self.keys, NOON)

    def request(self, old_size: int, size: int | None = None) -> bytes:
        size = len(self.leaves) if size is None else size
        proof = consistency_proof(old_size, size, self.subtree)
        return bytes(WitnessRequest(old_size, tuple(proof), self.note(size)))
