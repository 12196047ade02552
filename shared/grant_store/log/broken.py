"""What is known of a ledger's history, and how the ledger that was found departs from it.

Apart from everything that reads or signs: services carry it without those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

SignedNotes = Callable[[int], bytes | None]
"""The note of the head of so many events of a ledger's log; None where the log has none."""


class KnownHead(NamedTuple):
    """A head that was signed once, whether the store still has it or not."""

    epoch: int
    size: int
    root: bytes
    origin: str


@dataclass(frozen=True)
class BrokenHistory:
    """A known head that the ledger does not lead to, and what the ledger has instead."""

    known: KnownHead
    found_size: int
    found_leaf: bytes
    why: str
