"""The random stream of a seed: SHA-256 in counter mode, so that anybody can compute it again.

Key: SHA-256("pruefpfad sample 1" ‖ 0x00 ‖ seed in UTF-8). Block i (from 0): SHA-256(key ‖ i as
uint64, big-endian), read as four uint64, big-endian, in order. A number below n is the next of them
that is below the greatest multiple of n within 2^64, modulo n: so each is equally likely.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from hashlib import sha256

_DOMAIN = b"pruefpfad sample 1\x00"
_WORDS = 2**64


class RandomStream:
    """Numbers that follow from a seed alone."""

    def __init__(self, seed: str) -> None:
        self._words = words_of(seed)

    def below(self, limit: int) -> int:
        """The next number from 0 to `limit` - 1, each equally likely."""
        if not 1 <= limit <= _WORDS:
            raise ValueError(f"limit: expected 1 to 2^64, not {limit}")
        fair = _WORDS - _WORDS % limit
        return next(word for word in self._words if word < fair) % limit


def words_of(seed: str) -> Iterator[int]:
    """The uint64 of the stream, without end."""
    key = sha256(_DOMAIN + seed.encode()).digest()
    block = 0
    while True:
        yield from struct.unpack(">4Q", sha256(key + struct.pack(">Q", block)).digest())
        block += 1
