"""Tampering with heads, signatures, tiles and time stamps, and putting older copies in place."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random

from grant_store.leaf import instant_of
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.log_keys import KINDS_OF_LOG, SigningKey, signed_note
from grant_store.log.note import Note
from pruefpfad.bundles import DOWNSTREAM_FIRST
from tamper.changes import other_bytes
from tamper.efforts import note_of
from tamper.rows import log_of
from tamper.scene import Scene
from tamper.tampering import FOUND, Tampering
from tamper.verdicts import INCOMPLETE, TAMPERED, VERIFIED

LEVEL = "log"
ROLLED_BACK = {
    "roll back a ledger, not its log": ".sqlite3",
    "roll back a log, not its ledger": ".log.sqlite3",
    "roll back one service": "*.sqlite3",
}
LESS_PROVEN = frozenset({TAMPERED, INCOMPLETE})
TABLES = ("log_cosignatures", "log_timestamps", "log_heads")

Head = tuple[int, bytes, int]
"""Size, note and the microseconds at which it was signed."""


def tamperings(scene: Scene, random: Random, samples: int) -> Iterator[Tampering]:
    """Every way at every head of every log, and at `samples` places of what has many."""
    yield from _rolled_back(scene)
    for service in DOWNSTREAM_FIRST:
        heads = _heads(scene.data, service)
        covered = scene.covered.get(service, 0)
        for head in heads:
            if head[0] <= covered:
                yield from _of_head(service, head, random, samples)
        if scene.is_anchored and len(heads) > 1:
            yield _anchored_dropped(service, heads[-2][0])
        if covered:
            yield _of_log(service, "drop every head", partial(_drop_heads, service), covered)
            yield from _of_last_cosignature(service, covered, random, samples)
            yield from _of_tiles(scene, service, random, samples)
            yield from _of_stamps(service, heads, covered)


def _of_log(
    service: str, kind: str, act: Callable[[Path], None], position: int, start: str = ""
) -> Tampering:
    what = f"{service}/main, head {position}"
    if start:
        return Tampering(LEVEL, kind, what, act, start=start)
    return Tampering(LEVEL, kind, what, act, log=f"{service}/main", position=position)


def _of_head(service: str, head: Head, random: Random, samples: int) -> Iterator[Tampering]:
    size, note, signed_at = head
    of = partial(_of_log, service, position=size)
    text, rest = note.split(b"\n\n", 1)
    origin, _, root = text.decode().split("\n")
    member = f"logs/{service}/main/checkpoints/"
    yield of("drop a head", partial(_drop_head, service, size))
    for _ in range(samples):
        flipped = other_bytes(note, random)
        act = partial(_set_note, service, size, flipped)
        yield Tampering(LEVEL, "flip a bit of a head", f"{service}/main, head {size}", act,
                        start=_anywhere(service))  # fmt: skip
    other = text.replace(root.encode(), b"A" * 43 + b"=") + b"\n\n" + rest
    yield of("forge a head: another root", partial(_set_note, service, size, other))
    other = f"{origin}\n{size + 1}\n{root}\n\n".encode() + rest
    yield of("forge a head: another size", partial(_set_note, service, size, other), start=member)
    other = f"{origin}x\n{size}\n{root}\n\n".encode() + rest
    start = f"{member}|{service}/main"
    yield of("forge a head: another log", partial(_set_note, service, size, other), start=start)
    forged = Checkpoint(origin, size, bytes(32))
    at = instant_of(signed_at)
    yield of("forge a head: another root, stolen keys",
             partial(_set_signed, service, forged, signed_at))  # fmt: skip
    strangers = [SigningKey.generate(origin, kind) for kind in KINDS_OF_LOG]
    unsigned = signed_note(Checkpoint.parse(Note.parse(note).text), strangers, at)
    yield of("forge a head: signed by a stranger", partial(_set_note, service, size, unsigned))
    if size > 1:
        between = Checkpoint(origin, size - 1, bytes(32))
        act = partial(_add_signed, service, between, signed_at - 1)
        yield _of_log(service, "forge a head: one more, stolen keys", act, size - 1)


def _anchored_dropped(service: str, size: int) -> Tampering:
    """The history itself names this head: it cannot be missed, though nobody outside holds it."""
    return Tampering(
        LEVEL,
        "drop an anchored head, only the last head brought",
        f"{service}/main, head {size}",
        partial(_drop_head, service, size),
        log=f"{service}/main",
        position=size,
        heads="last",
    )


def _anywhere(service: str) -> str:
    """A flipped note is named as a file where it is none any more, else by the events below it."""
    return f"{service}/main|logs/{service}/main"


def _of_last_cosignature(
    service: str, covered: int, random: Random, samples: int
) -> Iterator[Tampering]:
    """Without the witness's line under the last head, less is proven: that must be said."""
    what, log = f"{service}/main, head {covered}", f"{service}/main"
    place = {"log": log, "position": covered, "codes": LESS_PROVEN}
    for _ in range(samples):
        act = partial(_flip_cosignature, service, covered, Random(random.random()))
        yield Tampering(LEVEL, "flip a bit of the last cosignature", what, act, **place)  # type: ignore[arg-type]
    act = partial(_drop_cosignatures, service, covered)
    yield Tampering(LEVEL, "drop the last cosignature", what, act,
                    frozenset({INCOMPLETE}), log, covered)  # fmt: skip


def _of_tiles(scene: Scene, service: str, random: Random, samples: int) -> Iterator[Tampering]:
    with log_of(scene.copy("looked at"), service) as log:
        tiles = log.execute("SELECT level, place FROM log_tiles").fetchall()
    for level, place in tiles:
        for column in ("hashes", "root"):
            for _ in range(samples):
                act = partial(_flip_tile, service, level, place, column, Random(random.random()))
                what = f"{service}/main, tile {level}/{place}"
                start = f"{service}/main|logs/{service}/main/tile"
                yield Tampering(LEVEL, f"flip a bit of a tile: {column}", what, act, start=start)
        act = partial(_drop_tile, service, level, place)
        start = f"{service}/main|logs/{service}/main/tile"
        yield Tampering(LEVEL, "drop a tile", f"{service}/main", act, start=start)


def _of_stamps(service: str, heads: list[Head], covered: int) -> Iterator[Tampering]:
    sizes = [size for size, _, _ in heads if size <= covered]
    if len(sizes) > 1:
        act = partial(_swap_stamps, service, sizes[0], sizes[-1])
        start = f"logs/{service}/main/timestamps/"
        yield Tampering(LEVEL, "swap two time stamps", f"{service}/main", act, start=start)


def _rolled_back(scene: Scene) -> Iterator[Tampering]:
    for number, backup in enumerate(scene.backups[:-1], 1):
        what = f"backup {number} of {len(scene.backups)}"
        lost = [service for service in DOWNSTREAM_FIRST if _is_behind(scene, backup, service)]
        yield _put_back(scene, "roll back everything", what, backup, "*", lost)
        yield Tampering(
            LEVEL,
            "roll back everything, no head brought",
            what,
            partial(_copy_back, backup, "*"),
            frozenset({INCOMPLETE}),
            heads="none",
            is_covered=False,
        )
        for service in lost:
            for kind, files in ROLLED_BACK.items():
                name = f"{service}.main{files}"
                yield _put_back(scene, kind, what, backup, name, [service])


def _put_back(
    scene: Scene, kind: str, what: str, backup: Path, files: str, lost: list[str]
) -> Tampering:
    """Where no cosigned head is lost, only what lies above it is."""
    behind = [service for service in lost if _lacks_cosigned(scene, backup, service)]
    return Tampering(
        LEVEL,
        kind,
        f"{what}: {files}",
        partial(_copy_back, backup, files),
        FOUND if behind else LESS_PROVEN | {VERIFIED},
        start="|".join(f"{service}/main" for service in behind),
        is_covered=bool(behind),
    )


def _is_behind(scene: Scene, backup: Path, service: str) -> bool:
    return _sizes(backup, service) != _sizes(scene.data, service)


def _lacks_cosigned(scene: Scene, backup: Path, service: str) -> bool:
    return max(_sizes(backup, service), default=0) < scene.covered.get(service, 0)


def _heads(data: Path, service: str) -> list[Head]:
    with sqlite3.connect(data / f"{service}.main.log.sqlite3") as connection:
        found = connection.execute("SELECT size, note, signed_at FROM log_heads ORDER BY size")
        heads = found.fetchall()
    connection.close()
    return heads


def _sizes(data: Path, service: str) -> list[int]:
    return [size for size, _, _ in _heads(data, service)]


def _copy_back(backup: Path, files: str, data: Path) -> None:
    for file in backup.glob(files):
        if file.is_file():
            shutil.copyfile(file, data / file.name)


def _drop_head(service: str, size: int, data: Path) -> None:
    with log_of(data, service) as log:
        for table in TABLES:
            log.execute(f"DELETE FROM {table} WHERE size = ?", (size,))


def _drop_heads(service: str, data: Path) -> None:
    with log_of(data, service) as log:
        for table in TABLES:
            log.execute(f"DELETE FROM {table}")


def _drop_cosignatures(service: str, size: int, data: Path) -> None:
    with log_of(data, service) as log:
        log.execute("DELETE FROM log_cosignatures WHERE size = ?", (size,))


def _set_note(service: str, size: int, note: bytes, data: Path) -> None:
    with log_of(data, service) as log:
        log.execute("UPDATE log_heads SET note = ? WHERE size = ?", (note, size))


def _set_signed(service: str, checkpoint: Checkpoint, signed_at: int, data: Path) -> None:
    _set_note(service, checkpoint.size, note_of(data, checkpoint, instant_of(signed_at)), data)


def _add_signed(service: str, checkpoint: Checkpoint, signed_at: int, data: Path) -> None:
    note = note_of(data, checkpoint, instant_of(signed_at))
    with log_of(data, service) as log:
        log.execute(
            "INSERT OR REPLACE INTO log_heads (epoch, size, root, note, signed_at)"
            " VALUES (1, ?, ?, ?, ?)",
            (checkpoint.size, checkpoint.root, note, signed_at),
        )


def _flip_cosignature(service: str, size: int, random: Random, data: Path) -> None:
    with log_of(data, service) as log:
        lines = log.execute(
            "SELECT rowid, line FROM log_cosignatures WHERE size = ?", (size,)
        ).fetchall()
        rowid, line = random.choice(lines)
        flipped = other_bytes(line, random)
        log.execute("UPDATE log_cosignatures SET line = ? WHERE rowid = ?", (flipped, rowid))


def _flip_tile(
    service: str, level: int, place: int, column: str, random: Random, data: Path
) -> None:
    with log_of(data, service) as log:
        where = "WHERE level = ? AND place = ?"
        [(content,)] = log.execute(f"SELECT {column} FROM log_tiles {where}", (level, place))
        flipped = other_bytes(content, random)
        log.execute(f"UPDATE log_tiles SET {column} = ? {where}", (flipped, level, place))


def _drop_tile(service: str, level: int, place: int, data: Path) -> None:
    with log_of(data, service) as log:
        log.execute("DELETE FROM log_tiles WHERE level = ? AND place = ?", (level, place))


def _swap_stamps(service: str, first: int, second: int, data: Path) -> None:
    with log_of(data, service) as log:
        log.execute(
            "UPDATE log_timestamps SET size = CASE size WHEN ?1 THEN ?2 ELSE ?1 END"
            " WHERE size IN (?1, ?2)",
            (first, second),
        )
