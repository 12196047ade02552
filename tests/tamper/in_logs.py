"""Tampering with heads, signatures, tiles and time stamps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from grant_store.leaf import instant_of
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.log_keys import KINDS_OF_LOG, SigningKey, signed_note
from grant_store.log.note import Note
from pruefpfad.bundles import DOWNSTREAM_FIRST
from tamper.changes import other_bytes
from tamper.defences import CHECK
from tamper.efforts import note_of
from tamper.scene import Scene
from tamper.stores import HeadRow, LogRows, Stores, TileRow
from tamper.tampering import Tampering
from tamper.verdicts import INCOMPLETE, TAMPERED

LEVEL = "log"
LESS_PROVEN = frozenset({TAMPERED, INCOMPLETE})
CHECKED = frozenset({CHECK})

Way = Callable[[LogRows], None]


def tamperings(scene: Scene, random: Random, samples: int) -> Iterator[Tampering[Stores]]:
    """Every way at every head of every log, and at `samples` places of what has many."""
    for service in DOWNSTREAM_FIRST:
        log = scene.stores.log(service)
        covered = scene.covered.get(service, 0)
        for head in log.heads:
            if head.size <= covered:
                yield from _of_head(scene, service, head, random, samples)
        if scene.is_anchored and len(log.heads) > 1:
            yield _anchored_dropped(service, log.heads[-2].size)
        if covered:
            yield _of_log(service, "drop every head", _drop_heads, covered)
            yield from _of_last_cosignature(service, covered, random, samples)
            yield from _of_tiles(service, log.tiles, random, samples)
            yield from _of_stamps(service, log.heads, covered)


def edited(service: str, way: Way, stores: Stores) -> None:
    log = stores.log(service)
    way(log)
    stores.write_log(service, log)


def _of_log(
    service: str,
    kind: str,
    way: Way,
    position: int,
    start: str = "",
    stopped_by: frozenset[str] = frozenset(),
) -> Tampering[Stores]:
    return Tampering(
        LEVEL,
        kind,
        f"{service}/main, head {position}",
        partial(edited, service, way),
        log=f"{service}/main",
        position=0 if start else position,
        start=start,
        services=(service,),
        stopped_by=stopped_by,
    )


def _of_head(
    scene: Scene, service: str, head: HeadRow, random: Random, samples: int
) -> Iterator[Tampering[Stores]]:
    size, note = head.size, head.note
    text, rest = note.split(b"\n\n", 1)
    origin, _, root = text.decode().split("\n")
    folder = f"logs/{service}/main/checkpoints/"

    def of(kind: str, other: bytes, start: str = "") -> Tampering[Stores]:
        return _of_log(service, kind, partial(_set_note, size, other), size, start, CHECKED)

    yield _of_log(service, "drop a head", lambda log: log.drop_head(size), size)
    for _ in range(samples):
        yield of("flip a bit of a head", other_bytes(note, random), anywhere(service))
    other = text.replace(root.encode(), b"A" * 43 + b"=") + b"\n\n" + rest
    yield of("forge a head: another root", other)
    other = f"{origin}\n{size + 1}\n{root}\n\n".encode() + rest
    yield of("forge a head: another size", other, folder)
    other = f"{origin}x\n{size}\n{root}\n\n".encode() + rest
    yield of("forge a head: another log", other, f"{folder}|{service}/main")
    strangers = [SigningKey.generate(origin, kind) for kind in KINDS_OF_LOG]
    of_stranger = signed_note(
        Checkpoint.parse(Note.parse(note).text), strangers, instant_of(head.signed_at)
    )
    yield of("forge a head: signed by a stranger", of_stranger)
    yield from _by_stolen_keys(scene, service, head, origin)


def _by_stolen_keys(
    scene: Scene, service: str, head: HeadRow, origin: str
) -> Iterator[Tampering[Stores]]:
    def signed(size: int, signed_at: int) -> HeadRow:
        checkpoint = Checkpoint(origin, size, bytes(32))
        note = note_of(scene.stores.keys, checkpoint, instant_of(signed_at))
        return HeadRow(head.epoch, size, checkpoint.root, note, signed_at)

    forged = signed(head.size, head.signed_at)
    kind = "forge a head: another root, stolen keys"
    yield _of_log(service, kind, partial(_put, forged), head.size, stopped_by=CHECKED)
    if head.size > 1:
        between = signed(head.size - 1, head.signed_at - 1)
        kind = "forge a head: one more, stolen keys"
        yield _of_log(service, kind, partial(_put, between), between.size, stopped_by=CHECKED)


def _anchored_dropped(service: str, size: int) -> Tampering[Stores]:
    """The history itself names this head: it cannot be missed, though nobody outside holds it."""
    return Tampering(
        LEVEL,
        "drop an anchored head, only the last head brought",
        f"{service}/main, head {size}",
        partial(edited, service, lambda log: log.drop_head(size)),
        log=f"{service}/main",
        position=size,
        heads="last",
        services=(service,),
    )


def anywhere(service: str) -> str:
    """A flipped note is named as a file where it is none any more, else by the events below it."""
    return f"{service}/main|logs/{service}/main"


def _of_last_cosignature(
    service: str, covered: int, random: Random, samples: int
) -> Iterator[Tampering[Stores]]:
    """Without the witness's line under the last head, less is proven: that must be said."""
    what, log = f"{service}/main, head {covered}", f"{service}/main"
    flipped = ("flip a bit of the last cosignature", LESS_PROVEN)
    dropped = ("drop the last cosignature", frozenset({INCOMPLETE}))
    ways: list[tuple[tuple[str, frozenset[int]], Way]] = [
        *((flipped, partial(_flip_cosignature, covered, random.random())) for _ in range(samples)),
        (dropped, partial(_drop_cosignatures, covered)),
    ]
    for (kind, codes), way in ways:
        act = partial(edited, service, way)
        yield Tampering(LEVEL, kind, what, act, codes, log, covered, services=(service,))


def _of_tiles(
    service: str, tiles: list[TileRow], random: Random, samples: int
) -> Iterator[Tampering[Stores]]:
    def of(kind: str, tile: TileRow, way: Way) -> Tampering[Stores]:
        return Tampering(
            LEVEL,
            kind,
            f"{service}/main, tile {tile.level}/{tile.place}",
            partial(edited, service, way),
            start=f"{service}/main|logs/{service}/main/tile",
            services=(service,),
            stopped_by=CHECKED,
        )

    for place, tile in enumerate(tiles):
        for _ in range(samples):
            hashes = tile._replace(hashes=other_bytes(tile.hashes, random))
            yield of("flip a bit of a tile: hashes", tile, partial(_set_tile, place, hashes))
            root = tile._replace(root=other_bytes(tile.root, random))
            yield of("flip a bit of a tile: root", tile, partial(_set_tile, place, root))
        yield of("drop a tile", tile, partial(_drop_tile, place))


def _of_stamps(service: str, heads: list[HeadRow], covered: int) -> Iterator[Tampering[Stores]]:
    sizes = [head.size for head in heads if head.size <= covered]
    if len(sizes) > 1:
        yield Tampering(
            LEVEL,
            "swap two time stamps",
            f"{service}/main",
            partial(edited, service, partial(_swap_stamps, sizes[0], sizes[-1])),
            start=f"logs/{service}/main/timestamps/",
            services=(service,),
        )


def _drop_heads(log: LogRows) -> None:
    log.heads, log.cosignatures, log.timestamps = [], [], []


def _drop_cosignatures(size: int, log: LogRows) -> None:
    log.cosignatures = [row for row in log.cosignatures if row.size != size]


def _set_note(size: int, note: bytes, log: LogRows) -> None:
    log.heads = [row._replace(note=note) if row.size == size else row for row in log.heads]


def _put(head: HeadRow, log: LogRows) -> None:
    """In place of the head of this size, or as one more."""
    log.heads = sorted([*(row for row in log.heads if row.size != head.size), head])


def _flip_cosignature(size: int, seed: float, log: LogRows) -> None:
    random = Random(seed)
    places = [place for place, row in enumerate(log.cosignatures) if row.size == size]
    place = random.choice(places)
    row = log.cosignatures[place]
    log.cosignatures[place] = row._replace(line=other_bytes(row.line, random))


def _set_tile(place: int, tile: TileRow, log: LogRows) -> None:
    log.tiles[place] = tile


def _drop_tile(place: int, log: LogRows) -> None:
    del log.tiles[place]


def _swap_stamps(first: int, second: int, log: LogRows) -> None:
    other = {first: second, second: first}
    log.timestamps = [row._replace(size=other.get(row.size, row.size)) for row in log.timestamps]
