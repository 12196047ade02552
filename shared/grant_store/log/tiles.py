"""The tree cut into tiles of 256 hashes, as C2SP tlog-tiles lays them out (c2sp.org/tlog-tiles).

Level 0 holds leaf hashes; each hash of a higher level is the root of a full tile below. It knows
paths, widths and bytes, and not where tiles are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from grant_store.log.tree import HASH_BYTES, complete_subtree_root, folded, subtrees

HEIGHT = 8
WIDTH = 1 << HEIGHT
TILE_BYTES = WIDTH * HASH_BYTES
_PATH = re.compile(
    r"tile/(?P<level>0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """Neighbouring hashes of one level; a full one has 256 and never changes again."""

    level: int
    index: int
    hashes: bytes

    @property
    def width(self) -> int:
        return len(self.hashes) // HASH_BYTES

    @property
    def path(self) -> str:
        return tile_path(self.level, self.index, self.width)

    @property
    def root(self) -> bytes:
        """The hash of a full tile in the level above."""
        return complete_subtree_root(split_hashes(self.hashes))


@dataclass(frozen=True, slots=True)
class TilePlace:
    """Where a tile stands and how wide it is in a tree of some size."""

    level: int
    index: int
    width: int

    @property
    def path(self) -> str:
        return tile_path(self.level, self.index, self.width)


class TileSource(Protocol):
    """Where the bytes of tiles come from."""

    def __call__(self, level: int, index: int, width: int) -> bytes:
        """At least the first `width` hashes of this tile, one after the other."""


def split_hashes(hashes: bytes) -> list[bytes]:
    """The single hashes of a tile."""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """`tile/1/x001/234`, and `tile/1/x001/234.p/17` for a partial tile of 17 hashes."""
    if not (0 <= level < 64 and index >= 0 and 1 <= width <= WIDTH):
        raise ValueError(f"tile: no such place as level {level}, index {index}, width {width}.")
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    end = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(groups)}{end}"


def place_of(path: str) -> TilePlace:
    """The place that a path names, the other way round; a `ValueError` if it names none."""
    found = _PATH.fullmatch(path)
    width = int((found and found["width"]) or WIDTH)
    if found is None or width > WIDTH or (found["width"] and width == WIDTH):
        raise ValueError(f"tile: expected a path such as tile/0/x001/234.p/17, not {path!r}.")
    index = int(found["index"].replace("x", "").replace("/", ""))
    place = TilePlace(int(found["level"]), index, width)
    if place.path != path:  # Zeroes in front that nobody writes.
        raise ValueError(f"tile: expected {place.path}, not {path!r}.")
    return place


def width_in(size: int, level: int, index: int) -> int:
    """How many hashes of this tile a tree of `size` leaves has; 0 where it has none."""
    known = (size >> (HEIGHT * level)) - index * WIDTH
    return max(0, min(WIDTH, known))


def tiles_of(size: int, since: int = 0) -> Iterator[TilePlace]:
    """The tiles of a tree of `size` leaves, full and partial, that one of `since` did not have.

    A partial tile that has grown is another tile. In order of level, then of index.
    """
    level = 0
    while size >> (HEIGHT * level):
        first = (since >> (HEIGHT * level)) // WIDTH
        last = ((size >> (HEIGHT * level)) - 1) // WIDTH
        for index in range(first, last + 1):
            width = width_in(size, level, index)
            if width != width_in(since, level, index):
                yield TilePlace(level, index, width)
        level += 1


class TiledHashes:
    """A `HashReader` over tiles: one tile is asked for once, however many hashes it answers."""

    def __init__(self, size: int, source: TileSource) -> None:
        """`size` is how many leaves the source has; trees of any smaller size can be read too."""
        self._size = size
        self._source = source
        self._read: dict[tuple[int, int], list[bytes]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """The hash over the leaves from `index * 2**level` on, `2**level` of them."""
        if (index + 1) << level > self._size:
            raise ValueError(f"tile: {self._size} leaves do not fill subtree {index} of {level}.")
        tile_level, above = divmod(level, HEIGHT)
        tile_index, first = divmod(index << above, WIDTH)
        hashes = self._tile(tile_level, tile_index)
        return complete_subtree_root(hashes[first : first + (1 << above)])

    def _tile(self, level: int, index: int) -> list[bytes]:
        if (level, index) not in self._read:
            width = width_in(self._size, level, index)
            hashes = self._source(level, index, width)
            if len(hashes) % HASH_BYTES or len(hashes) < width * HASH_BYTES:
                path = tile_path(level, index, width)
                raise ValueError(f"{path}: expected {width} hashes, not {len(hashes)} bytes.")
            self._read[level, index] = split_hashes(hashes)
        return self._read[level, index]


class TileBuilder:
    """Cuts a growing tree into tiles; of each level it keeps only what is not yet a full tile."""

    def __init__(self, size: int = 0, pending: Sequence[Sequence[bytes]] = ()) -> None:
        """Go on from `size` leaves; `pending` are the hashes of each level's partial tile."""
        self.size = size
        self._pending = [list(level) for level in pending]
        for level, hashes in enumerate(self._pending):
            expected = (size >> (HEIGHT * level)) % WIDTH
            if len(hashes) != expected:
                raise ValueError(f"level {level}: expected {expected} hashes, not {len(hashes)}.")

    def append(self, leaf: bytes) -> list[Tile]:
        """Add the hash of the next leaf. The tiles that became full by it, lowest level first."""
        self.size += 1
        full: list[Tile] = []
        level, new = 0, leaf
        while True:
            if level == len(self._pending):
                self._pending.append([])
            hashes = self._pending[level]
            hashes.append(new)
            if len(hashes) < WIDTH:
                return full
            index = (self.size >> (HEIGHT * (level + 1))) - 1
            full.append(Tile(level, index, b"".join(hashes)))
            hashes.clear()
            level, new = level + 1, full[-1].root

    def last_leaves(self) -> list[bytes]:
        """The leaves above the last full tile, up to 255 of them."""
        return list(self._pending[0]) if self._pending else []

    def root(self) -> bytes:
        """The root of the tree as it stands."""
        return folded(
            [
                complete_subtree_root(hashes[index << level : (index + 1) << level])
                for hashes in reversed(self._pending)
                for level, index in subtrees(0, len(hashes))
            ]
        )

    def partial(self) -> list[Tile]:
        """The partial tiles of the tree as it stands, lowest level first."""
        return [
            Tile(level, (self.size >> (HEIGHT * level)) // WIDTH, b"".join(hashes))
            for level, hashes in enumerate(self._pending)
            if hashes
        ]
