"""One log in a bundle: its events as they were hashed, its tree, heads and time stamps.

It writes down what the stores say and judges nothing: judging is the verifier's work, and what was
altered must reach it as it is.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from grant_audit.bundle.archive import Archive
from grant_audit.bundle.cut import follows_from_beyond
from grant_audit.bundle.documents import documents_in, rules_in
from grant_audit.bundle.scope import Selection, rows_of
from grant_audit.bundle.source import Source, signer_of
from grant_store.errors import StoreError
from grant_store.leaf import leaf_encoding
from grant_store.log.store import SignedHead
from grant_store.log.stored_tiles import StoredTiles
from grant_store.log.tiles import WIDTH, TilePlace, tiles_of
from grant_store.rows import LedgerEvent

EVENTS_PER_FILE = 4_096
BYTES_PER_FILE = 16 << 20
_LENGTH = struct.Struct(">I")


@dataclass
class LogPart:
    """One log on its way into an archive. The sizes of its `heads` were read before `head`, the
    ledger's end; `limit` is where it must end, if that is decided already (`cosigned_cut`)."""

    source: Source
    archive: Archive
    selection: Selection
    is_whole: bool
    heads: list[int]
    head: int
    count: Callable[[int], None]
    limit: int | None = None
    cut: int = 0
    events: int = 0
    witnesses: set[str] = field(default_factory=set)
    rules: list[dict[str, Any]] = field(default_factory=list)
    _level0: set[int] = field(default_factory=set)

    @property
    def folder(self) -> str:
        return f"logs/{self.source.name}/"

    @property
    def origin(self) -> str | None:
        """The first line of the newest head, or None where nothing was ever signed."""
        last = self.source.log.head(self.heads[-1]) if self.heads else None
        return last.note.partition(b"\n")[0].decode(errors="replace") if last else None

    @property
    def tree_size(self) -> int:
        """The size of the largest head within the cut. Where the log ends at an earlier head than
        it must, its tree goes on, so that who holds a later one sees that it continues this one."""
        end = self.cut if self.limit is None else self.head
        return max((size for size in self.heads if size <= end), default=0)

    def write_events(self, cuts: Mapping[str, int]) -> None:
        """The events up to the head, or to the first one whose cause lies beyond a cut."""
        self.cut = self.head if self.limit is None else self.limit
        is_decided = self.is_whole or self.limit is not None
        end = self.cut if is_decided else self.tree_size or self.head
        chunk: list[LedgerEvent] = []
        size = 0
        for row in self._rows(end, cuts):
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
        sizes = [size for size in self.heads if not self.cut < size <= self.head]
        if not self.is_whole:
            sizes = [size for size in sizes if self._is_seen_outside(size)]
        for tile in self._tiles(sizes):
            self._write_tile(tile)
        for size in sizes:
            head = self.source.log.head(size)
            if head:
                self._write_head(head)

    def entry(self, origin: str) -> dict[str, Any]:
        """What the manifest says of this log."""
        return {
            "service": self.source.service,
            "lane": self.source.lane,
            "origin": self.origin or origin,
            "size": self.cut,
            "head": self.tree_size,
            "shared": self.selection.shared,
        }

    def _rows(self, end: int, cuts: Mapping[str, int]) -> Iterator[LedgerEvent]:
        for row in rows_of(self.source.ledger):
            if row.position > end:
                return
            if self.is_whole and self.limit is None and follows_from_beyond(row, cuts):
                self.cut = row.position - 1
                return
            yield row

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
            place = {"path": f"rules/{_file_name(name)}.json", "log": self.source.name}
            self.rules.append(place | {"position": row.position})
            self.archive.add_json(place["path"], definition)

    def _is_seen_outside(self, size: int) -> bool:
        """Whether an auditor may hold this head: cosigned, stamped, or the newest."""
        log = self.source.log
        return size >= self.tree_size or bool(log.cosignatures(size) or log.timestamps(size))

    def _write_head(self, head: SignedHead) -> None:
        log, name = self.source.log, f"{head.size:012}"
        lines = log.cosignatures(head.size)
        self.archive.add(f"{self.folder}checkpoints/{name}.note", head.note + b"".join(lines))
        self.witnesses |= {signer_of(line) for line in lines}
        for stamp in log.timestamps(head.size):
            place = f"{self.folder}timestamps/{name}.{_file_name(stamp.authority)}.tsr"
            self.archive.add(place, stamp.response, packed=False)

    def _tiles(self, heads: Iterable[int]) -> Iterator[TilePlace]:
        """All tiles, or those that lead from the taken events and the heads to the root."""
        edges = {size // WIDTH for size in heads if size % WIDTH}
        needed = self._level0 | edges
        for tile in tiles_of(self.tree_size):
            if self.is_whole or tile.level > 0 or tile.index in needed:
                yield tile

    def _write_tile(self, tile: TilePlace) -> None:
        try:
            hashes = StoredTiles(self.source.log, self.source.ledger)(
                tile.level, tile.index, tile.width
            )
        except StoreError:
            return  # It is missing in the store, and the verifier will say so.
        self.archive.add(self.folder + tile.path, hashes, packed=False)


def _file_name(text: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in text)
