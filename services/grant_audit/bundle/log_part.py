"""One log in a bundle: its events as they were hashed, its tree, its heads and those of its epochs.

It writes down what the stores say and judges nothing: judging is the verifier's work, and what was
altered must reach it as it is.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from grant_audit.bundle.archive import Archive, file_name
from grant_audit.bundle.cut import follows_from_beyond
from grant_audit.bundle.documents import documents_in, rules_in
from grant_audit.bundle.heads import EndedPart, HeadsPart
from grant_audit.bundle.scope import Selection, rows_of
from grant_audit.bundle.source import Source
from grant_store.errors import NoSuchTile
from grant_store.leaf import leaf_encoding
from grant_store.log.origins import epoch_origin, incident_topic
from grant_store.log.stored_tiles import StoredTiles
from grant_store.log.tiles import WIDTH, TilePlace, tiles_of, width_in
from grant_store.rows import LedgerEvent

EVENTS_PER_FILE = 4_096
BYTES_PER_FILE = 16 << 20
_LENGTH = struct.Struct(">I")


@dataclass
class LogPart:
    """One log on its way into an archive. The sizes of its `heads` and `ended` epochs were read
    before `head`, the ledger's end; `limit` is where it must end, if that is decided already
    (`cosigned_cut`)."""

    source: Source
    archive: Archive
    selection: Selection
    is_whole: bool
    heads: HeadsPart
    ended: list[EndedPart]
    head: int
    count: Callable[[int], None]
    limit: int | None = None
    cut: int = 0
    events: int = 0
    rules: list[dict[str, Any]] = field(default_factory=list)
    _level0: set[int] = field(default_factory=set)

    @property
    def folder(self) -> str:
        return folder_of(self.source)

    @property
    def origin(self) -> str | None:
        """The first line of its heads, or None where nothing was ever signed."""
        ended = ((each.number, each.heads) for each in self.ended)
        for number, heads in ((self.source.epoch, self.heads), *ended):
            last = heads.log.head(heads.sizes[-1]) if heads.sizes else None
            if last:
                origin = last.note.partition(b"\n")[0].decode(errors="replace")
                first = origin.removesuffix(f"/{number}") if number > 1 else origin
                return epoch_origin(first, self.source.epoch)
        return None

    @property
    def witnesses(self) -> set[str]:
        return self.heads.witnesses.union(*(each.heads.witnesses for each in self.ended))

    @property
    def tree_size(self) -> int:
        """The size of the largest head within the cut. Where the log ends at an earlier head than
        it must, its tree goes on, so that who holds a later one sees that it continues this one."""
        end = self.cut if self.limit is None else self.head
        return max((size for size in self.heads.sizes if size <= end), default=0)

    def write_events(self, cuts: Mapping[str, int], end_of: Callable[[str], int]) -> None:
        """The events up to the head, or to the first one whose cause lies beyond a cut, and not
        beyond the end of its ledger, which `end_of` reads."""
        self.cut = self.head if self.limit is None else self.limit
        is_decided = self.is_whole or self.limit is not None
        end = self.cut if is_decided else self.tree_size or self.head
        chunk: list[LedgerEvent] = []
        size = 0
        for row in self._rows(end, cuts, end_of):
            self.count(1)
            if not self.selection.takes(row):
                continue
            chunk.append(row)
            size += len(row.state) + len(row.metadata)
            self._level0.add((row.position - 1) // WIDTH)
            if len(chunk) == EVENTS_PER_FILE or size >= BYTES_PER_FILE:
                self._write_chunk(chunk)
                chunk, size = [], 0
        if chunk:
            self._write_chunk(chunk)

    def write_tree(self) -> None:
        """Tiles of the tree at the largest head, heads, cosignatures and time stamps.

        A head above the ledger's end is evidence, and stays; one between the cut and the end only
        waits for the next bundle.
        """
        sizes = [size for size in self.heads.sizes if not self.cut < size <= self.head]
        if not self.is_whole:
            newest = self.tree_size
            sizes = [size for size in sizes if self.heads.is_seen_outside(size, newest)]
        for epoch in self.ended:
            self._level0.update(epoch.write(self._hashes_at, is_whole=self.is_whole))
        for tile in self._tiles(sizes):
            self._write_tile(tile)
        self.heads.write(sizes)

    def entry(self, origin: str) -> dict[str, Any]:
        """What the manifest says of this log."""
        return {
            "service": self.source.service,
            "lane": self.source.lane,
            "origin": self.origin or origin,
            "size": self.cut,
            "head": self.tree_size,
            "ended": [each.number for each in self.ended],
            "shared": self.selection.shared,
        }

    def _rows(
        self, end: int, cuts: Mapping[str, int], end_of: Callable[[str], int]
    ) -> Iterator[LedgerEvent]:
        for row in rows_of(self.source.ledger):
            if row.position > end:
                return
            if row.position > self.source.incident and self._waits(row, cuts, end_of):
                self.cut = row.position - 1
                return
            yield row

    def _waits(
        self, row: LedgerEvent, cuts: Mapping[str, int], end_of: Callable[[str], int]
    ) -> bool:
        """Whether the log must end before this event, which the next bundle will have."""
        is_incident = row.topic == incident_topic(self.source.service)
        is_open = self.is_whole and self.limit is None
        return is_incident or (is_open and follows_from_beyond(row, cuts, end_of))

    def _write_chunk(self, chunk: list[LedgerEvent]) -> None:
        self.events += len(chunk)
        name = f"{chunk[0].position:012}"
        records = [leaf_encoding(row) for row in chunk]
        content = b"".join(_LENGTH.pack(len(record)) + record for record in records)
        leaves = b"".join(row.leaf_hash for row in chunk)
        self.archive.add(f"{self.folder}events/{name}.bin", content)
        self.archive.add(f"{self.folder}leaves/{name}.bin", leaves, packed=False)
        documents = [each for row in chunk for each in documents_in(row)]
        if documents:
            self.archive.add_json(f"{self.folder}documents/{name}.json", documents)
        for row in chunk:
            self._write_rules(row)

    def _write_rules(self, row: LedgerEvent) -> None:
        rules = rules_in(row)
        if rules:
            name, definition = rules
            path = f"rules/{file_name(name)}.{row.position}.json"
            self.rules.append({"path": path, "log": self.source.name, "position": row.position})
            self.archive.add_json(path, definition)

    def _tiles(self, heads: Iterable[int]) -> Iterator[TilePlace]:
        """All tiles, or those that lead from the taken events and the heads to the root."""
        edges = {size // WIDTH for size in heads if size % WIDTH}
        needed = self._level0 | edges
        for tile in tiles_of(self.tree_size):
            if self.is_whole or tile.level > 0 or tile.index in needed:
                yield tile

    def _write_tile(self, tile: TilePlace) -> None:
        hashes = self._hashes(tile)
        if hashes is not None:
            self.archive.add(self.folder + tile.path, hashes, packed=False)

    def _hashes_at(self, tile: TilePlace) -> bytes | None:
        """The hashes that stand at this place in the tree of the bundle, whatever their width."""
        width = width_in(self.tree_size, tile.level, tile.index)
        return self._hashes(TilePlace(tile.level, tile.index, width)) if width else None

    def _hashes(self, tile: TilePlace) -> bytes | None:
        try:
            stored = StoredTiles(self.source.log, self.source.ledger)
            return stored(tile.level, tile.index, tile.width)
        except NoSuchTile:
            return None  # It is missing in the store, and the verifier will say so.


def folder_of(source: Source) -> str:
    return f"logs/{source.name}/"
