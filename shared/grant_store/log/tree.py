"""The Merkle tree of RFC 6962 over leaf hashes: its root, and proofs about it.

Leaves come in as hashes; which bytes they stand for is `leaf.py`'s business, where whole subtrees
are kept that of whoever hands in a `HashReader`. Index 0 is the event at position 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Protocol

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
_NODE_PREFIX = b"\x01"


class ProofFails(ValueError):
    """A proof that does not lead to the root it was given for. Never raised for a sound one."""


class HashReader(Protocol):
    """Where the hashes of complete subtrees come from: stored tiles, leaves, a file."""

    def __call__(self, level: int, index: int) -> bytes:
        """The hash over the leaves from `index * 2**level` on, `2**level` of them."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node, RFC 6962 § 2.1."""
    return sha256(_NODE_PREFIX + left + right).digest()


def complete_subtree_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of neighbouring hashes of one level."""
    if not hashes or len(hashes) & (len(hashes) - 1):
        raise ValueError(f"hashes: expected a power of two of them, not {len(hashes)}.")
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


def folded(roots: Sequence[bytes]) -> bytes:
    """The root over the roots of complete subtrees, largest first."""
    if not roots:
        return EMPTY_ROOT
    root = roots[-1]
    for left in reversed(roots[:-1]):
        root = node_hash(left, root)
    return root


class CompactRange:
    """A growing tree, kept as the roots of its complete subtrees: one per bit set in its size."""

    def __init__(self, size: int = 0, roots: Sequence[bytes] = ()) -> None:
        """Go on from `size` leaves, whose complete subtrees have these `roots`, largest first."""
        if len(roots) != size.bit_count():
            raise ValueError(
                f"roots: expected {size.bit_count()} for {size} leaves, not {len(roots)}."
            )
        self.size = size
        self._roots = list(roots)

    @classmethod
    def read(cls, size: int, reader: HashReader) -> CompactRange:
        """The tree of this size over what `reader` knows."""
        return cls(size, [reader(*subtree) for subtree in subtrees(0, size)])

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, largest first."""
        return tuple(self._roots)

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        root, rest = leaf, self.size
        while rest & 1:
            root = node_hash(self._roots.pop(), root)
            rest >>= 1
        self._roots.append(root)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """The root of the whole tree as it stands."""
        return folded(self._roots)


def subtrees(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Level and index of the complete subtrees of `begin … end - 1`, from left to right.

    `begin` must be one at which a subtree of RFC 6962 may begin: 0, or a multiple of the smallest
    power of two that is not less than `end - begin`.
    """
    while begin < end:
        level = (end - begin).bit_length() - 1
        yield level, begin >> level
        begin += 1 << level


def inclusion_proof(index: int, size: int, reader: HashReader) -> list[bytes]:
    """That the leaf `index` is in the tree of `size` leaves: PATH of RFC 6962 § 2.1.1."""
    if not 0 <= index < size:
        raise ValueError(f"index: expected one from 0 to {size - 1}, not {index}.")
    begin, end, proof = 0, size, []
    while end - begin > 1:
        split = begin + _split(end - begin)
        if index < split:
            proof.append(_range_root(split, end, reader))
            end = split
        else:
            proof.append(_range_root(begin, split, reader))
            begin = split
    return proof[::-1]


def consistency_proof(old_size: int, new_size: int, reader: HashReader) -> list[bytes]:
    """That the tree of `old_size` leaves is the beginning of that of `new_size`: PROOF of § 2.1.2.

    Empty where there is nothing to prove, because the sizes are equal or the old tree is empty.
    """
    if not 0 <= old_size <= new_size:
        raise ValueError(f"old_size: expected one from 0 to {new_size}, not {old_size}.")
    if old_size == 0:
        return []
    begin, end, proof = 0, new_size, []
    while old_size < end:
        split = begin + _split(end - begin)
        if old_size <= split:
            proof.append(_range_root(split, end, reader))
            end = split
        else:
            proof.append(_range_root(begin, split, reader))
            begin = split
    if begin > 0:
        proof.append(_range_root(begin, end, reader))
    return proof[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that this proof leads to from the hash of leaf `index`, RFC 9162 § 2.1.3.2.

    `ProofFails` where the proof has the wrong length; whether the root is a known one, the caller
    must see.
    """
    if not 0 <= index < size:
        raise ProofFails(f"leaf {index} is not in a tree of {size}.")
    place, last, root, left = index, size - 1, leaf, _of_hashes(proof)
    while last > 0:
        if place & 1 or place < last:
            if not left:
                raise ProofFails(f"the proof of leaf {index} in {size} is too short.")
            sibling = left.pop(0)
            root = node_hash(sibling, root) if place & 1 else node_hash(root, sibling)
        place, last = place >> 1, last >> 1
    if left:
        raise ProofFails(f"the proof of leaf {index} in {size} is too long.")
    return root


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """`ProofFails` unless leaf `index` of the tree with this size and root has this hash."""
    if root_from_inclusion(leaf, index, size, proof) != root:
        raise ProofFails(f"leaf {index} is not the one in the tree of {size} with this root.")


def check_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """`ProofFails` unless the old tree is the beginning of the new one, RFC 9162 § 2.1.4.2."""
    if not 0 <= old_size <= new_size:
        raise ProofFails(f"a tree of {old_size} is not the beginning of one of {new_size}.")
    if old_size in (0, new_size):
        known = EMPTY_ROOT if old_size == 0 else new_root
        if proof or old_root != known:
            raise ProofFails(f"the trees of {old_size} and {new_size} leaves do not agree.")
        return
    found_old, found_new = _roots_from_consistency(old_size, new_size, old_root, _of_hashes(proof))
    if found_old != old_root or found_new != new_root:
        raise ProofFails(f"the tree of {old_size} is not the beginning of this one of {new_size}.")


def _roots_from_consistency(
    old_size: int, new_size: int, old_root: bytes, left: list[bytes]
) -> tuple[bytes, bytes]:
    """Both roots that a proof leads to."""
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    if place == 0:
        left.insert(0, old_root)  # The old tree is a complete subtree: known, so not in the proof.
    if not left:
        raise ProofFails(f"the proof from {old_size} to {new_size} is too short.")
    old = new = left.pop(0)
    while last > 0:
        if place & 1 or place < last:
            if not left:
                raise ProofFails(f"the proof from {old_size} to {new_size} is too short.")
            sibling = left.pop(0)
            if place & 1:
                old, new = node_hash(sibling, old), node_hash(sibling, new)
            else:
                new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    if left:
        raise ProofFails(f"the proof from {old_size} to {new_size} is too long.")
    return old, new


def _of_hashes(proof: Sequence[bytes]) -> list[bytes]:
    if any(len(each) != HASH_BYTES for each in proof):
        raise ProofFails(f"a proof consists of hashes of {HASH_BYTES} bytes each.")
    return list(proof)


def _split(size: int) -> int:
    """The largest power of two that is less than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _range_root(begin: int, end: int, reader: HashReader) -> bytes:
    return folded([reader(*subtree) for subtree in subtrees(begin, end)])
