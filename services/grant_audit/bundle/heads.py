"""The heads of one epoch of a log in a bundle, with their cosignatures and time stamps, and what an
epoch that an incident ended leaves behind: its heads, and the tiles that are not those of today.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from grant_audit.bundle.archive import Archive, file_name
from grant_audit.bundle.source import Epoch, signers_of
from grant_store.errors import NoSuchTile
from grant_store.log.store import LogStore
from grant_store.log.tiles import WIDTH, TilePlace, tiles_of

HEADS_PER_FILE = 1_000
BYTES_PER_FILE = 4 << 20
_LENGTH = struct.Struct(">I")

Hashes = Callable[[TilePlace], bytes | None]
"""The hashes of a tile of the log that goes on, or None where it has none there."""


@dataclass
class HeadsPart:
    """The heads of one epoch on their way into a folder of an archive, by their sizes."""

    log: LogStore
    archive: Archive
    folder: str
    sizes: list[int]
    witnesses: set[str] = field(default_factory=set)

    def write(self, sizes: Sequence[int]) -> None:
        """The heads of these sizes, smallest first. Where they are very many, up to a thousand in
        a row go into one file, so that those of many years can be listed."""
        single = len(sizes) // HEADS_PER_FILE * HEADS_PER_FILE
        for first in range(0, single, HEADS_PER_FILE):
            self._write_many(sizes[first : first + HEADS_PER_FILE])
        for size, note in self._notes(sizes[single:]):
            self.archive.add(f"{self.folder}checkpoints/{size:012}.note", note)

    def is_seen_outside(self, size: int, newest: int) -> bool:
        """Whether an auditor may hold this head: cosigned, stamped, or the newest."""
        return size >= newest or bool(self.log.cosignatures(size) or self.log.timestamps(size))

    def _write_many(self, sizes: Sequence[int]) -> None:
        first, content = 0, bytearray()
        for size, note in self._notes(sizes):
            if content and len(content) + len(note) > BYTES_PER_FILE:
                self.archive.add(f"{self.folder}checkpoints/{first:012}.notes", bytes(content))
                first, content = 0, bytearray()
            first = first or size
            content += _LENGTH.pack(len(note)) + note
        if content:
            self.archive.add(f"{self.folder}checkpoints/{first:012}.notes", bytes(content))

    def _notes(self, sizes: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Each head's note with all cosignatures; its time stamps are written on the way."""
        for size in sizes:
            head = self.log.head(size)
            if head:
                lines = self.log.cosignatures(size)
                self.witnesses |= signers_of(lines)
                self._write_timestamps(size)
                yield size, head.note + b"".join(lines)

    def _write_timestamps(self, size: int) -> None:
        for stamp in self.log.timestamps(size):
            # An authority may have answered twice.
            digest = sha256(stamp.response).hexdigest()[:16]
            name = f"{size:012}.{file_name(stamp.authority)}.{digest}.tsr"
            self.archive.add(f"{self.folder}timestamps/{name}", stamp.response, packed=False)


@dataclass
class EndedPart:
    """An epoch that an incident ended. Of its last head full tiles are left, with the leaves of the
    events that were lost; those at the end, in no full tile, went with the ledger."""

    heads: HeadsPart
    number: int

    @classmethod
    def of(cls, epoch: Epoch, archive: Archive, folder: str) -> EndedPart:
        folder = f"{folder}epochs/{epoch.number}/"
        sizes = epoch.log.head_sizes()
        return cls(HeadsPart(epoch.log, archive, folder, sizes), epoch.number)

    @property
    def tree_size(self) -> int:
        """The part of its last head's tree that stands in full tiles."""
        return self.heads.sizes[-1] // WIDTH * WIDTH

    def write(self, of_today: Hashes, *, is_whole: bool) -> Iterator[int]:
        """Write it, and tell which tiles of level 0 of today's log belong to what was written.

        A tile that begins that of today is not written twice. In a part of the history there are
        the tiles below its heads, and the first that is another: there the histories part.
        """
        sizes = self.heads.sizes
        if not is_whole:
            sizes = [each for each in sizes if self.heads.is_seen_outside(each, sizes[-1])]
        self.heads.write(sizes)
        edges = {size // WIDTH for size in sizes if size % WIDTH}
        yield from edges
        has_parted = False
        for tile in tiles_of(self.tree_size):
            hashes = self._hashes(tile)
            if hashes is None or (of_today(tile) or b"").startswith(hashes):
                continue
            if is_whole or tile.level > 0 or tile.index in edges or not has_parted:
                self.heads.archive.add(self.heads.folder + tile.path, hashes, packed=False)
                yield from (() if tile.level else (tile.index,))
            has_parted = has_parted or not tile.level

    def _hashes(self, tile: TilePlace) -> bytes | None:
        log = self.heads.log
        try:
            if tile.width == WIDTH:
                return log.tile(tile.level, tile.index)
        except NoSuchTile:
            return None  # It is missing in the store, and the verifier will say so.
        return b"".join(log.tile_roots(tile.level - 1, tile.index * WIDTH, tile.width))
