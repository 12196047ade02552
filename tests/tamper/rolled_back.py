"""Backups put back: of everything, of one service, of a ledger without its log and the other way
round."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from pruefpfad.bundles import DOWNSTREAM_FIRST
from tamper.defences import CHECK, EXPORT, SIGN, START, WITNESS
from tamper.scene import Scene
from tamper.stores import Part, Stores
from tamper.tampering import FOUND, Tampering
from tamper.verdicts import INCOMPLETE, TAMPERED, VERIFIED

LEVEL = "backup"
ANY = frozenset({TAMPERED, INCOMPLETE, VERIFIED})

STOPPED_BY = {
    # What was restored together agrees with itself; what has left the operator's hands does not.
    Part.BOTH: frozenset({START, EXPORT, WITNESS, SIGN}),
    Part.LEDGER: frozenset({CHECK, START, SIGN}),
    Part.LOG: frozenset({EXPORT, WITNESS}),
}
"""Who must object where a cosigned head is lost."""


def tamperings(scene: Scene) -> Iterator[Tampering[Stores]]:
    for backup in scene.backups[:-1]:
        lost = [service for service in DOWNSTREAM_FIRST if _is_behind(scene, backup, service)]
        everything = partial(_put_everything_back, backup.name)
        kind, stops = "roll back everything", STOPPED_BY[Part.BOTH]
        yield _put_back(scene, kind, backup, everything, lost, stops)
        yield Tampering(
            LEVEL,
            "roll back everything, no head brought",
            backup.name,
            everything,
            frozenset({INCOMPLETE, TAMPERED}),  # Where clocks leapt, a part may lack a cause.
            heads="none",
            is_covered=False,
        )
        for service in lost:
            for part, stops in STOPPED_BY.items():
                act = partial(_put_part_back, backup.name, service, part)
                kind = f"roll back {part.value}"
                yield _put_back(scene, kind, backup, act, [service], stops)


def _put_back(
    scene: Scene,
    kind: str,
    backup: Stores,
    act: Callable[[Stores], None],
    lost: Sequence[str],
    stops: frozenset[str],
) -> Tampering[Stores]:
    """Where no cosigned head is lost, only what lies above it is."""
    behind = [service for service in lost if _lacks_cosigned(scene, backup, service)]
    return Tampering(
        LEVEL,
        kind,
        f"{backup.name} of {len(scene.backups)}: {', '.join(lost)}",
        act,
        FOUND if behind else ANY,
        start="|".join(f"{service}/main" for service in behind),
        is_covered=bool(behind),
        services=behind or lost,
        stopped_by=stops if behind else frozenset(),
    )


def _put_everything_back(backup: str, stores: Stores) -> None:
    stores.put_everything_back(backup)


def _put_part_back(backup: str, service: str, part: Part, stores: Stores) -> None:
    stores.put_back(backup, service, part)


def _is_behind(scene: Scene, backup: Stores, service: str) -> bool:
    return _sizes(backup, service) != _sizes(scene.stores, service)


def _lacks_cosigned(scene: Scene, backup: Stores, service: str) -> bool:
    return max(_sizes(backup, service), default=0) < scene.covered.get(service, 0)


def _sizes(stores: Stores, service: str) -> list[int]:
    return [head.size for head in stores.log(service).heads]
