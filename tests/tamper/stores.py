"""The stores of one installation in the hands of somebody who may do everything with them.

Ledgers and logs are rows here, read whole and written whole, so that a way of tampering is
described once for every database. What guards them is taken out by whoever writes. Nothing is
judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Protocol, Self

from grant_store.rows import LedgerEvent


class HeadRow(NamedTuple):
    """`signed_at` in microseconds since 1970."""

    epoch: int
    size: int
    root: bytes
    note: bytes
    signed_at: int


class TileRow(NamedTuple):
    epoch: int
    level: int
    place: int
    hashes: bytes
    root: bytes


class CosignatureRow(NamedTuple):
    epoch: int
    size: int
    key_name: str
    line_hash: bytes
    line: bytes


class TimestampRow(NamedTuple):
    epoch: int
    size: int
    authority: str
    response_hash: bytes
    response: bytes


@dataclass
class LogRows:
    """All rows of one log, in order of their keys."""

    heads: list[HeadRow] = field(default_factory=list)
    tiles: list[TileRow] = field(default_factory=list)
    cosignatures: list[CosignatureRow] = field(default_factory=list)
    timestamps: list[TimestampRow] = field(default_factory=list)

    @property
    def parts(self) -> tuple[Sequence[tuple[object, ...]], ...]:
        """The rows of each table, in the order of the tables above."""
        return self.heads, self.tiles, self.cosignatures, self.timestamps

    def drop_head(self, size: int) -> None:
        """And what others have said of it."""
        self.heads = [row for row in self.heads if row.size != size]
        self.cosignatures = [row for row in self.cosignatures if row.size != size]
        self.timestamps = [row for row in self.timestamps if row.size != size]


class Part(Enum):
    """What is put back from a backup of one service."""

    LEDGER = "a ledger, not its log"
    LOG = "a log, not its ledger"
    BOTH = "one service"


class Clash(Exception):
    """Two rows have the same key, which not even a database without its guards can hold."""


class Stores(Protocol):
    """One copy of the stores, with the private keys of the logs beside them."""

    @property
    def kind(self) -> str:
        """Which database it is, for people."""

    @property
    def name(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def keys(self) -> Path:
        """The folder of the logs' private keys."""

    def copy(self, name: str) -> Self:
        """Another copy of this name, in place of one that was there."""

    def discard(self) -> None:
        """The copy is not needed any more."""

    def rows(self, service: str) -> list[LedgerEvent]:
        """The ledger, in order of position."""

    def write_rows(self, service: str, rows: list[LedgerEvent]) -> None:
        """Put these in place of the ledger's; `Clash` where they cannot be."""

    def log(self, service: str) -> LogRows: ...

    def write_log(self, service: str, log: LogRows) -> None:
        """Put these in place of the log's; `Clash` where they cannot be."""

    def break_down(self) -> None:
        """The database ends without warning, where it is a program of its own, and comes back."""

    def put_back(self, backup: str, service: str, part: Part) -> None:
        """Restore a part of the copy of this name."""

    def put_everything_back(self, backup: str) -> None:
        """Restore all ledgers and logs from the copy of this name; keys stay."""
