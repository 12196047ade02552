"""Tiles as the specification lays them out, and trees read from nothing but tiles."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grant_store.log.tiles import (
    TILE_BYTES,
    Tile,
    TileBuilder,
    TiledHashes,
    TilePlace,
    place_of,
    tile_path,
    tiles_of,
    width_in,
)
from grant_store.log.tree import (
    CompactRange,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
)

# Three levels of tiles, and every kind of edge, without hashing a million leaves in each example.
LARGE = 66_000
LEAVES = [sha256(number.to_bytes(4, "big")).digest() for number in range(LARGE)]
UNHURRIED = settings(deadline=None)  # The first example makes all tiles.
SIZES = st.one_of(
    st.integers(1, LARGE), st.sampled_from([1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537])
)


@cache
def full_tiles() -> dict[tuple[int, int], Tile]:
    builder = TileBuilder()
    return {(tile.level, tile.index): tile for leaf in LEAVES for tile in builder.append(leaf)}


@cache
def every_tile() -> dict[tuple[int, int], Tile]:
    """Those of the largest tree, partial ones included."""
    builder = TileBuilder()
    for leaf in LEAVES:
        builder.append(leaf)
    return full_tiles() | {(tile.level, tile.index): tile for tile in builder.partial()}


def tiled(size: int) -> TiledHashes:
    """A tree of this size, read from tiles as narrow as it has them."""

    def source(level: int, index: int, width: int) -> bytes:
        return every_tile()[level, index].hashes[: width * 32]

    return TiledHashes(size, source)


@cache
def roots() -> dict[int, bytes]:
    """The root of every size."""
    grown, found = CompactRange(), {}
    for leaf in LEAVES:
        grown.append(leaf)
        found[grown.size] = grown.root()
    return found


@pytest.mark.parametrize(
    ("place", "path"),
    [
        (TilePlace(0, 0, 256), "tile/0/000"),
        (TilePlace(0, 5, 1), "tile/0/005.p/1"),
        (TilePlace(1, 1_234_067, 256), "tile/1/x001/x234/067"),
        (TilePlace(63, 1_000, 255), "tile/63/x001/000.p/255"),
    ],
)
def test_a_tile_has_the_path_of_the_specification_and_is_found_by_it(place, path):
    assert place.path == path
    assert place_of(path) == place


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/5",
        "tile/00/005",
        "tile/64/005",
        "tile/0/x000/005",
        "tile/0/005.p/0",
        "tile/0/005.p/256",
        "tile/0/005.p/01",
        "tile/0/../005",
        "tile/0/1234",
        "/tile/0/005",
        "tile/0/005\n",
    ],
)
def test_a_path_that_no_tile_has_is_refused(path):
    with pytest.raises(ValueError, match="tile: "):
        place_of(path)


@given(st.integers(0, 63), st.integers(0, 10**12), st.integers(1, 256))
def test_every_path_leads_back_to_its_place(level, index, width):
    assert place_of(tile_path(level, index, width)) == TilePlace(level, index, width)


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts():
    places = list(tiles_of(70_000))

    assert [place.path for place in places if place.width < 256] == [
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    full = [place.level for place in places if place.width == 256]
    assert (full.count(0), full.count(1)) == (273, 1)


def test_a_tree_of_256_has_a_full_tile_and_one_hash_above_it():
    assert [place.path for place in tiles_of(256)] == ["tile/0/000", "tile/1/000.p/1"]


@given(st.data())
def test_the_tiles_since_an_older_size_are_those_that_it_did_not_have(data):
    size = data.draw(st.integers(0, 70_000))
    since = data.draw(st.integers(0, size))

    assert set(tiles_of(size, since)) == set(tiles_of(size)) - set(tiles_of(since))


@UNHURRIED
@given(SIZES)
def test_a_tree_read_from_tiles_has_the_root_of_the_leaves(size):
    assert CompactRange.read(size, tiled(size)).root() == roots()[size]


@UNHURRIED
@given(st.data())
def test_proofs_read_from_tiles_are_accepted(data):
    size = data.draw(SIZES)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    reader = tiled(size)

    check_inclusion(LEAVES[index], index, size, inclusion_proof(index, size, reader), roots()[size])
    check_consistency(old, roots()[old], size, roots()[size], consistency_proof(old, size, reader))


def test_trees_of_a_smaller_size_are_read_from_the_tiles_of_a_larger_one():
    later = tiled(LARGE)

    assert CompactRange.read(300, later).root() == roots()[300]
    check_inclusion(LEAVES[7], 7, 300, inclusion_proof(7, 300, later), roots()[300])


@UNHURRIED
@given(SIZES)
def test_the_partial_tiles_of_a_builder_are_those_of_its_size(size):
    begun = size - size % 256
    builder = TileBuilder(begun, _pending(begun))
    for leaf in LEAVES[begun:size]:
        builder.append(leaf)

    assert [TilePlace(t.level, t.index, t.width) for t in builder.partial()] == [
        place for place in tiles_of(size) if place.width < 256
    ]


@UNHURRIED
@given(SIZES)
def test_a_builder_has_the_root_of_its_leaves(size):
    begun = size - size % 256
    builder = TileBuilder(begun, _pending(begun))
    for leaf in LEAVES[begun:size]:
        builder.append(leaf)

    assert builder.root() == roots()[size]


def test_a_builder_that_is_taken_up_again_makes_the_same_tiles():
    begun = 65_000
    builder = TileBuilder(begun, _pending(begun))

    made = [tile for leaf in LEAVES[begun:] for tile in builder.append(leaf)]

    assert made == [tile for tile in made if full_tiles()[tile.level, tile.index] == tile]
    assert {(tile.level, tile.index) for tile in made} == {
        (level, index) for level, index in full_tiles() if (index + 1) * 256 ** (level + 1) > begun
    }


def test_a_full_tile_has_256_hashes_and_never_another_number():
    assert {len(tile.hashes) for tile in full_tiles().values()} == {TILE_BYTES}
    assert full_tiles()[1, 0].hashes[:32] == full_tiles()[0, 0].root


def test_a_tile_that_is_too_short_for_its_tree_is_refused():
    reader = TiledHashes(300, lambda level, index, width: b"\x00" * 32)

    with pytest.raises(ValueError, match=r"^tile/0/001\.p/44: expected 44 hashes, not 32 bytes\.$"):
        reader(0, 290)


def test_nothing_is_read_beyond_the_size():
    reader = TiledHashes(300, lambda level, index, width: b"\x00" * TILE_BYTES)

    with pytest.raises(ValueError, match=r"^tile: 300 leaves do not fill subtree 1 of 8\.$"):
        reader(8, 1)


def test_a_builder_is_not_taken_up_with_hashes_missing():
    with pytest.raises(ValueError, match=r"^level 0: expected 44 hashes, not 1\.$"):
        TileBuilder(300, [LEAVES[:1]])


@given(st.integers(0, 70_000), st.integers(0, 2), st.integers(0, 300))
def test_the_width_of_a_tile_is_that_of_the_specification(size, level, index):
    entries = size // 256**level

    assert width_in(size, level, index) == len(range(256 * index, min(entries, 256 * index + 256)))


def _pending(size: int) -> list[list[bytes]]:
    """The hashes of each level's partial tile in a tree of this size."""
    levels = [LEAVES[size - size % 256 : size]]
    for level in (1, 2):
        whole = size >> (8 * level)
        first = whole - whole % 256
        levels.append([full_tiles()[level - 1, index].root for index in range(first, whole)])
    return levels
