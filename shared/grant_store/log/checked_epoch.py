"""One epoch of a log while its ledger is read again: its heads, who signed them, and its tiles.

An epoch that was ended by an incident may have heads that the ledger does not lead to any more, as
far as the incident says so. It knows no file of keys; it is given public keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from grant_store.log.checkpoint import Checkpoint
from grant_store.log.cosignature import KeysOf, NotVerified, opened
from grant_store.log.note import Note
from grant_store.log.reading import NotConsistent
from grant_store.log.store import LedgerView, LogStore, SignedHead
from grant_store.log.tiles import HEIGHT, Tile, TileBuilder


class Incident(msgspec.Struct, frozen=True):
    """What an incident on record says of the epoch that it ended; `position` is its own."""

    epoch: int
    known_origin: str
    known_size: int
    position: int = 0


@dataclass(frozen=True)
class Checked:
    """What was found to be consistent.

    `unsigned` events are not yet below a head. `lost` heads are those that the ledger no longer
    leads to, as an incident on record says. Of the `cosignatures`, `verified` ones are of a key
    that was given; `is_verified` says whether the log's own signatures were checked.
    """

    origin: str
    size: int
    heads: int
    tiles: int
    unsigned: int
    lost: int = 0
    is_verified: bool = False
    cosignatures: int = 0
    verified: int = 0


class EpochUnderCheck:
    """Told of every leaf as the tree grows; `NotConsistent` at the first thing that is wrong."""

    def __init__(
        self,
        origin: str,
        log: LogStore,
        ledger: LedgerView,
        ended_by: Incident | None,
        keys_of: KeysOf,
    ) -> None:
        self._origin = origin
        self._log = log
        self._ledger = ledger
        self._ended_by = ended_by
        heads = log.heads()
        self._heads = len(heads)
        self._signed_size = heads[-1].size if heads else 0
        self._awaited = heads[::-1]
        self._cosigned = frozenset(log.cosigned_sizes())
        self._keys = tuple(keys_of(origin)) if heads else ()
        self._tiles = self._lost = self._cosignatures = self._verified = 0
        self._other_tile: NotConsistent | None = None

    def grow(self, builder: TileBuilder, full: Sequence[Tile]) -> None:
        """The tree has one leaf more, by which these tiles became full."""
        for tile in full:
            self._compare(tile)
        if self._awaited and self._awaited[-1].size == builder.size:
            self._meet(self._awaited.pop(), builder.root())

    def end(self, size: int) -> Checked:
        """The ledger ends here."""
        while self._awaited:
            self._lose(self._awaited.pop(), "the ledger ends before it")
        unsigned = 0 if self._ended_by else size - self._signed_size
        counted = (size, self._heads, self._tiles, unsigned, self._lost, bool(self._keys))
        return Checked(self._origin, *counted, self._cosignatures, self._verified)

    def _compare(self, tile: Tile) -> None:
        """A full tile below the last head must be stored as it was recomputed, unless it belongs
        to the lost part of an epoch: what head it is below is seen later."""
        end = (tile.index + 1) << (HEIGHT * (tile.level + 1))
        if end > self._signed_size or self._other_tile:
            return
        roots = self._log.tile_roots(tile.level, tile.index, 1)
        if roots == [tile.root] and self._log.tile(tile.level, tile.index) == tile.hashes:
            self._tiles += 1
            return
        error = self._at(end, f"the stored tile {tile.path} is not that of the ledger")
        if self._ended_by is None:
            raise error
        self._other_tile = error

    def _meet(self, head: SignedHead, root: bytes) -> None:
        if root != head.root:
            self._lose(head, "the events up to it do not lead to its root")
            return
        if self._other_tile:
            raise self._other_tile
        if self._lost:
            raise self._wrong(head, "an earlier head of its epoch is not one of the ledger")
        if self._ended_by and head.size >= self._ended_by.position:
            raise self._wrong(head, "its epoch had been ended by an incident before")
        self._check_note(head)

    def _lose(self, head: SignedHead, why: str) -> None:
        """Only what an incident says may be lost."""
        if not self._may_be_lost(head):
            raise self._wrong(head, why)
        self._check_note(head)
        self._lost += 1

    def _may_be_lost(self, head: SignedHead) -> bool:
        incident = self._ended_by
        if incident is None:
            return False
        return incident.known_origin != self._origin or head.size <= incident.known_size

    def _check_note(self, head: SignedHead) -> None:
        try:
            note = Note.parse(head.note)
            if note.text != Checkpoint(self._origin, head.size, head.root).text:
                raise self._wrong(head, f"its note is not one of {self._origin} with this root")
            lines = self._log.cosignatures(head.size) if head.size in self._cosigned else []
            full = note.with_lines(b"".join(lines))
            self._check_signatures(head, full)
        except (NotVerified, ValueError) as error:
            raise self._wrong(head, f"its note does not hold: {error}") from error
        self._cosignatures += len(full.lines) - len(note.lines)

    def _check_signatures(self, head: SignedHead, note: Note) -> None:
        """The log's own ones must be there; of others, those that we have a key for are right."""
        if not self._keys:
            return
        read = opened(bytes(note), self._keys)
        if not read.is_signed_by_log:
            raise self._wrong(head, "it is not signed with the keys of the log given here")
        stated = read.signed_at(self._origin)
        if stated and stated != head.signed_at.replace(microsecond=0):
            raise self._wrong(head, f"it is kept as of {head.signed_at}, but signed at {stated}")
        self._verified += sum(each.key.name != self._origin for each in read.verified)

    def _wrong(self, head: SignedHead, why: str) -> NotConsistent:
        return self._at(head.size, f"a head of {head.size} events was signed, but {why}")

    def _at(self, position: int, why: str) -> NotConsistent:
        return NotConsistent(self._ledger.service, self._ledger.lane, position, why)
