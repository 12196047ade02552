"""Tampering with the rows of ledgers, with more or less effort to hide it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random

from pruefpfad.bundles import DOWNSTREAM_FIRST
from tamper.changes import CHANGES, FLIPS, Change, append, flip, truncate
from tamper.efforts import EFFORTS, Effort
from tamper.rows import read_rows, write_rows
from tamper.scene import Scene
from tamper.tampering import FOUND, Tampering
from tamper.verdicts import INCOMPLETE, TAMPERED, VERIFIED

LEVEL = "ledger"
OPEN = frozenset({TAMPERED, INCOMPLETE})
TRIES = 20
WITHOUT_WITNESS = ("all that, cosignatures dropped", "all, and signed by new keys")


def tamperings(scene: Scene, random: Random, samples: int) -> Iterator[Tampering]:
    """Every field flipped, and every change made with every effort, `samples` times a ledger."""
    for service in DOWNSTREAM_FIRST:
        length = len(read_rows(scene.data, service))
        if length < 3:
            continue
        for _ in range(samples):
            for field in FLIPS:
                yield _of(scene, service, f"flip a bit: {field}", flip(field), "row", random)
            for kind, change in CHANGES.items():
                for effort in EFFORTS:
                    yield _of(scene, service, kind, change, effort, random)
                for effort in WITHOUT_WITNESS:
                    yield _unknown_to_auditors(scene, service, kind, change, effort, random)
        yield _appended(scene, service, random)


def _of(
    scene: Scene, service: str, kind: str, change: Change, effort: str, random: Random
) -> Tampering:
    position = _position(scene, service, random)
    is_covered = position <= scene.covered.get(service, 0)
    return Tampering(
        level=LEVEL,
        kind=kind if effort == "row" else f"{kind} ({effort})",
        what=f"{service}/main/{position}",
        act=partial(_change, service, position, change, EFFORTS[effort], Random(random.random())),
        codes=FOUND if is_covered else _above(scene, service, position, change),
        log=f"{service}/main",
        position=position if is_covered else 0,  # Above, it may be other logs that tell.
        is_covered=is_covered,
    )


def _above(scene: Scene, service: str, position: int, change: Change) -> frozenset[int]:
    """What is to be said of what lies above the last cosigned head. Where all of it is cut off,
    nothing is left that could be said of it: the rest is verified."""
    is_all = change is truncate and position == scene.covered.get(service, 0) + 1
    return OPEN | {VERIFIED} if is_all else OPEN


def _unknown_to_auditors(
    scene: Scene, service: str, kind: str, change: Change, effort: str, random: Random
) -> Tampering:
    """The auditor has keys and no head from outside: the verdict may be incomplete, never good.
    What is found is found by what other logs mention, wherever that is."""
    position = _position(scene, service, random)
    return Tampering(
        level=LEVEL,
        kind=f"{kind} ({effort}), no head brought",
        what=f"{service}/main/{position}",
        act=partial(_change, service, position, change, EFFORTS[effort], Random(random.random())),
        codes=OPEN,
        heads="none",
        is_covered=False,
    )


def _appended(scene: Scene, service: str, random: Random) -> Tampering:
    """An event behind the last one lies above every head: it proves nothing yet."""
    last = len(read_rows(scene.data, service))
    return Tampering(
        level=LEVEL,
        kind="append an event (row and leaves)",
        what=f"{service}/main/{last + 1}",
        act=partial(_change, service, last, append, EFFORTS["row and leaves"], random),
        codes=frozenset({INCOMPLETE}),
        is_covered=False,
    )


def _position(scene: Scene, service: str, random: Random) -> int:
    """Any position but the last, and often one at the edge of a head."""
    last = len(read_rows(scene.data, service)) - 1
    covered = scene.covered.get(service, 0)
    edges = [each for each in (1, covered - 1, covered, covered + 1, last) if 1 <= each <= last]
    return random.choice(edges) if random.random() < 0.4 else random.randint(1, last)


def _change(
    service: str, position: int, change: Change, effort: Effort, random: Random, data: Path
) -> None:
    """Two rows cannot have the same key, not even where nothing guards them: then another bit."""
    before = read_rows(data, service)
    for _ in range(TRIES):
        rows = list(before)
        change(rows, position, random)
        try:
            write_rows(data, service, rows)
            break
        except sqlite3.IntegrityError:
            continue
    else:
        raise ValueError(f"{service}/{position} could not be changed in {TRIES} tries.")
    effort(data, service)
