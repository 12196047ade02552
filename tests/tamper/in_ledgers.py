"""Tampering with the rows of ledgers, with more or less effort to hide it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random

from pruefpfad.bundles import DOWNSTREAM_FIRST
from tamper.changes import (
    CHANGES,
    FLIPS,
    Change,
    append,
    delete_and_close_up,
    flip,
    truncate,
)
from tamper.defences import CHECK, EXPORT, SIGN, START, WITNESS
from tamper.efforts import (
    EFFORTS,
    NEW_KEYS,
    NO_COSIGNATURES,
    ROW,
    ROW_AND_LEAVES,
    STOLEN_KEYS,
    Effort,
)
from tamper.scene import Scene
from tamper.stores import Clash, Stores
from tamper.tampering import FOUND, Tampering
from tamper.verdicts import INCOMPLETE, TAMPERED, VERIFIED

LEVEL = "ledger"
OPEN = frozenset({TAMPERED, INCOMPLETE})
TRIES = 20
WITHOUT_WITNESS = (NO_COSIGNATURES, NEW_KEYS)


def tamperings(scene: Scene, random: Random, samples: int) -> Iterator[Tampering[Stores]]:
    """Every field flipped, and every change made with every effort, `samples` times a ledger."""
    for service in DOWNSTREAM_FIRST:
        if scene.recorded[service] < 3:
            continue
        for _ in range(samples):
            for field in FLIPS:
                yield _of(scene, service, f"flip a bit: {field}", flip(field), ROW, random)
            for kind, change in CHANGES.items():
                for effort in EFFORTS:
                    yield _of(scene, service, kind, change, effort, random)
                for effort in WITHOUT_WITNESS:
                    yield _unknown_to_auditors(scene, service, kind, change, effort, random)
        yield _appended(scene, service, random)


def _of(
    scene: Scene, service: str, kind: str, change: Change, effort: str, random: Random
) -> Tampering[Stores]:
    position = _position(scene, service, random)
    is_covered = position <= scene.covered.get(service, 0)
    return Tampering(
        level=LEVEL,
        kind=kind if effort == ROW else f"{kind} ({effort})",
        what=f"{service}/main/{position}",
        act=partial(_change, service, position, change, EFFORTS[effort], Random(random.random())),
        codes=FOUND if is_covered else _above(scene, service, position, change),
        log=f"{service}/main",
        position=position if is_covered else 0,  # Above, it may be other logs that tell.
        head=scene.head_above(service, position),
        is_covered=is_covered,
        services=(service,),
        stopped_by=_stopped_by(scene, service, position, change, effort),
    )


def _stopped_by(
    scene: Scene, service: str, position: int, change: Change, effort: str
) -> frozenset[str]:
    """Who must object. What was signed again by stolen keys agrees with itself, and only what lies
    out of the operator's reach tells."""
    is_cut, is_covered = change is truncate, position <= scene.covered.get(service, 0)
    is_shorter = change in (truncate, delete_and_close_up)
    if effort in (NO_COSIGNATURES, NEW_KEYS, STOLEN_KEYS):
        stops = {EXPORT, WITNESS, START, SIGN}
        # The keys are others than those from outside, or the witness's line does not fit; unless
        # no head is left.
        if effort != NO_COSIGNATURES and not is_shorter:
            stops |= {CHECK}
        return frozenset(stops if is_covered else ())
    if position > scene.signed.get(service, 0):
        return frozenset()
    return frozenset({CHECK, START, SIGN} if is_cut else {CHECK})


def _above(scene: Scene, service: str, position: int, change: Change) -> frozenset[int]:
    """What is to be said of what lies above the last cosigned head. Where all of it is cut off,
    nothing is left that could be said of it: the rest is verified."""
    is_all = change is truncate and position == scene.covered.get(service, 0) + 1
    return OPEN | {VERIFIED} if is_all else OPEN


def _unknown_to_auditors(
    scene: Scene, service: str, kind: str, change: Change, effort: str, random: Random
) -> Tampering[Stores]:
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
        services=(service,),
        stopped_by=_stopped_by(scene, service, position, change, effort),
    )


def _appended(scene: Scene, service: str, random: Random) -> Tampering[Stores]:
    """An event behind the last one lies above every head: it proves nothing yet."""
    last = scene.recorded[service]
    return Tampering(
        level=LEVEL,
        kind="append an event (row and leaves)",
        what=f"{service}/main/{last + 1}",
        act=partial(_change, service, last, append, EFFORTS[ROW_AND_LEAVES], random),
        codes=frozenset({INCOMPLETE}),
        is_covered=False,
    )


def _position(scene: Scene, service: str, random: Random) -> int:
    """Any position but the last, and often one at the edge of a head."""
    last = scene.recorded[service] - 1
    covered = scene.covered.get(service, 0)
    edges = [each for each in (1, covered - 1, covered, covered + 1, last) if 1 <= each <= last]
    return random.choice(edges) if random.random() < 0.4 else random.randint(1, last)


def _change(
    service: str, position: int, change: Change, effort: Effort, random: Random, stores: Stores
) -> None:
    """Two rows cannot have the same key, not even where nothing guards them: then another bit."""
    before = stores.rows(service)
    for _ in range(TRIES):
        rows = list(before)
        change(rows, position, random)
        try:
            stores.write_rows(service, rows)
            break
        except Clash:
            continue
    else:
        raise ValueError(f"{service}/{position} could not be changed in {TRIES} tries.")
    effort(stores, service)
