"""The interface of a log: what is kept beside a ledger about its signed heads. SQLite and
PostgreSQL implement it. It knows no keys and trusts no signature; it only keeps what it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from grant_store.log.tiles import Tile
from grant_store.rows import Head, LedgerEvent
from grant_store.store import Leadership


class SignedHead(NamedTuple):
    """The head of a tree and the note in which its log signed it; `signed_at` is aware UTC.

    An epoch is one growth of a ledger without a break; a recorded incident begins another.
    """

    size: int
    root: bytes
    note: bytes
    signed_at: datetime
    epoch: int = 1


class Timestamp(NamedTuple):
    """What a time-stamping authority answered about the head of this size."""

    authority: str
    response: bytes


class LogStore(Protocol):
    """The heads of one ledger, who cosigned and dated them, and the full tiles below them.

    It is bound to one epoch, or, without one, always to the newest that has a head.
    """

    service: str
    lane: str

    def migrate(self) -> None:
        """Create what is missing. Calling it again changes nothing."""

    def epochs(self) -> list[int]:
        """The epochs that have heads, oldest first."""

    def heads(self, after_size: int = 0) -> list[SignedHead]:
        """The heads of the epoch that are longer than `after_size`, shortest first."""

    def head_sizes(self) -> list[int]:
        """The sizes of the heads of the epoch, smallest first, without what they hold."""

    def head(self, size: int) -> SignedHead | None:
        """The head of exactly this size, or None."""

    def last_head(self) -> SignedHead | None: ...

    def add_head(self, head: SignedHead, tiles: Sequence[Tile]) -> None:
        """Keep a head and the tiles that became full since the last one, in one transaction.

        `NotLonger` unless it is longer than the last of its epoch, and of no earlier epoch or time.
        """

    def cosign(self, size: int, key_name: str, line: bytes) -> None:
        """Keep another party's signature line under the head of this size; again does nothing."""

    def cosignatures(self, size: int) -> list[bytes]:
        """The signature lines of others under this head, in order of the names of their keys."""

    def cosigned_sizes(self, key_name: str | None = None) -> list[int]:
        """The sizes of the heads that others cosigned, or that this one did, smallest first."""

    def add_timestamp(self, size: int, authority: str, response: bytes) -> None:
        """Keep a time stamp of the head of this size; again does nothing."""

    def timestamps(self, size: int) -> list[Timestamp]: ...

    def stamped_sizes(self) -> list[int]:
        """The sizes of the heads that have time stamps, smallest first."""

    def tile(self, level: int, index: int) -> bytes:
        """The hashes of a full tile; `NoSuchTile` where none is full below the last head."""

    def tile_roots(self, level: int, first: int, count: int) -> list[bytes]:
        """The roots of the full tiles from `first` on, `count` of them at most."""

    def lead(self) -> Leadership | None:
        """The right to sign, or None while another process has it."""

    def close(self) -> None: ...


class LedgerView(Protocol):
    """A ledger as it is read through its versioned view, by those who may do nothing else."""

    service: str
    lane: str

    def head(self) -> Head: ...

    def events_after(self, position: int, limit: int) -> list[LedgerEvent]:
        """The next events in order of position, at most `limit`."""

    def events_of(self, topic: str) -> list[LedgerEvent]:
        """All events of one topic in order of position. Reads the whole ledger: seldom, please."""

    def stream(self, originator_id: UUID) -> list[LedgerEvent]:
        """The events of one aggregate, in order."""

    def still(self) -> AbstractContextManager[None]:
        """Inside, nothing is appended: whoever writes the ledger waits. Not for long, please.

        An embedded ledger has one process; there it does nothing.
        """

    def leaves(self, first: int, count: int) -> list[bytes]:
        """The stored leaf hashes from index `first` (position − 1) on, `count` of them at most."""

    def close(self) -> None: ...
