"""The head of a log as a text (c2sp.org/tlog-checkpoint): its origin, its size and its root.

Who signs it, and how that is checked, stands in `cosignature`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from grant_store.log.note import check_key_name, from_base64, to_base64
from grant_values.invalid import Invalid

LARGEST_SIZE = 2**63 - 1
HASH_BYTES = 32
ROOT_OF_NOTHING = sha256(b"").digest()
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True)
class Checkpoint:
    """The log `origin` had `size` leaves and this root. Leaf number n stands at position n + 1."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_key_name(self.origin)
        if not 0 <= self.size <= LARGEST_SIZE:
            raise Invalid("size", f"expected a size from 0 to {LARGEST_SIZE}, not {self.size}")
        if len(self.root) != HASH_BYTES:
            raise Invalid("root", f"expected {HASH_BYTES} bytes, not {len(self.root)}")
        if self.size == 0 and self.root != ROOT_OF_NOTHING:
            raise Invalid("root", "expected the root of nothing in a checkpoint of size 0")

    @property
    def text(self) -> bytes:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n".encode()

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """The checkpoint of the text of a note. Extension lines are refused: this program writes
        none, and ML-DSA-44 cosignatures would not cover them."""
        lines = text.decode().split("\n")
        if len(lines) != 4 or lines[3]:
            raise Invalid("checkpoint", "expected the three lines origin, size and root")
        origin, size, root, _ = lines
        return cls(origin, decimal(size, "size"), from_base64(root, "root"))


def decimal(text: str, field: str) -> int:
    """A number from 0 to 2**63 − 1 without leading zeros."""
    if not _DECIMAL.fullmatch(text) or int(text) > LARGEST_SIZE:
        raise Invalid(field, f"expected a decimal number without leading zeros, not {text!r}")
    return int(text)
