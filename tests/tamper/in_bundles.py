"""Tampering with the files in a bundle after it was written, and with the bundle's own file.

Whoever changes a file may put the manifest right too. What is done with the manifest itself and
with whole logs stands in `in_manifests`.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from random import Random

from tamper import in_manifests
from tamper.changes import other_bytes
from tamper.members import (
    MANIFEST,
    Members,
    edit,
    listed,
    log_of,
    places_of,
    positions_in,
)
from tamper.tampering import FOUND, Place, Tampering
from tamper.verdicts import INCOMPLETE, TAMPERED, UNUSABLE, members_of, write_members

LEVEL = "bundle"
SPOILED = frozenset({TAMPERED, UNUSABLE})
LESS_PROVEN = frozenset({TAMPERED, INCOMPLETE})
WEAKER = frozenset({TAMPERED, INCOMPLETE, UNUSABLE})

Spoil = Callable[[Members], None]

PROVEN: Mapping[str, frozenset[int]] = {
    "events": SPOILED,
    "leaves": SPOILED,
    "tile": SPOILED,
    "checkpoints": WEAKER,  # A witness's line that is none any more proves less.
    "documents": SPOILED,
    "rules": SPOILED,
}
"""The folders whose members are proven whatever the manifest says, and what must be said."""


def tamperings(bundle: Path, random: Random, samples: int) -> Iterator[Tampering[Path]]:
    members = members_of(bundle)
    yield from _of_members(members, random, samples)
    for _ in range(samples):
        name = random.choice([each for each in members if each != MANIFEST])
        kind, act = "flip a bit of any file, not listed so", _flip(name, members, random)[0]
        yield _spoiled(kind, name, act, frozenset(), SPOILED, is_listed=False)
    yield from _of_records(members, random, samples)
    yield from in_manifests.tamperings(members, random, samples)
    yield from _of_file(random, samples)


def _of_members(members: Members, random: Random, samples: int) -> Iterator[Tampering[Path]]:
    """Each way in which a file can be another one, with and without the manifest put right."""
    for folder, codes in PROVEN.items():
        names = [name for name in members if folder in name.split("/")]
        lost = LESS_PROVEN if folder == "checkpoints" else SPOILED
        for _ in range(samples if names else 0):
            name = random.choice(names)
            flip, flipped = _flip(name, members, random)
            cut, after = _cut(name, members, random)
            drop, first = partial(_drop, name), places_of(members, name, 0)
            yield _spoiled(f"flip a bit: {folder}", name, flip, flipped, codes)
            yield _spoiled(f"flip a bit: {folder}, not listed so", name, flip, flipped, SPOILED,
                           is_listed=False)  # fmt: skip
            yield _spoiled(f"drop a file: {folder}", name, drop, first, lost)
            yield _spoiled(f"drop a file: {folder}, still listed", name, drop, first, SPOILED,
                           is_listed=False)  # fmt: skip
            yield _spoiled(f"cut a file: {folder}", name, cut, after, codes)


def _spoiled(
    kind: str,
    name: str,
    spoil: Spoil,
    places: frozenset[Place],
    codes: frozenset[int] = FOUND,
    *,
    is_listed: bool = True,
) -> Tampering[Path]:
    """Who leaves the manifest as it was is found by it, and who does not, by what is there. A file
    without which nothing can be verified is named in either case."""
    by_manifest: Place = ("member", name)
    exact = places | {by_manifest} if is_listed else frozenset({by_manifest})
    act = partial(_spoil, spoil, is_listed)
    return Tampering(LEVEL, kind, name, act, codes, places=exact)


def _spoil(spoil: Spoil, is_listed: bool, bundle: Path) -> None:
    members = members_of(bundle)
    spoil(members)
    write_members(bundle, listed(members) if is_listed else members)


def _flip(name: str, members: Members, random: Random) -> tuple[Spoil, frozenset[Place]]:
    content = members[name]
    flipped = other_bytes(content, random)
    pairs = enumerate(zip(content, flipped, strict=False))
    at = next((i for i, (one, other) in pairs if one != other), 0)
    return partial(_set, name, flipped), places_of(members, name, at)


def _cut(name: str, members: Members, random: Random) -> tuple[Spoil, frozenset[Place]]:
    content = members[name]
    end = random.randrange(len(content))
    return partial(_set, name, content[:end]), places_of(members, name, end)


def _set(name: str, content: bytes, members: Members) -> None:
    members[name] = content


def _drop(name: str, members: Members) -> None:
    del members[name]


def _of_records(members: Members, random: Random, samples: int) -> Iterator[Tampering[Path]]:
    """Whole records, whose lengths fit: the file stays one that can be read."""
    names = [name for name in members if "/events/" in name]
    long = [name for name in names if len(positions_in(members, name)) > 2]
    kinds: Mapping[str, Callable[[int, list[bytes]], None]] = {
        "drop an event": lambda place, each: each.__delitem__(place),
        "repeat an event": lambda place, each: each.insert(place, each[place]),
        "swap two events": _swap,
    }
    for _ in range(samples):
        for kind, change in kinds.items():
            name = random.choice(long)
            positions = positions_in(members, name)
            place = random.randrange(len(positions) - 1)
            at: Place = ("position", f"{log_of(name)}/{positions[place]}")
            act = partial(edit, name=name, change=partial(change, place))
            yield _spoiled(kind, f"{name}: {positions[place]}", act, frozenset({at}))


def _swap(place: int, each: list[bytes]) -> None:
    each[place : place + 2] = each[place : place + 2][::-1]


def _of_file(random: Random, samples: int) -> Iterator[Tampering[Path]]:
    unusable = frozenset({UNUSABLE})
    for _ in range(samples):
        act = partial(_cut_file, Random(random.random()))
        named = frozenset({("member", "changed.zip")})
        yield Tampering(LEVEL, "cut the file", "bundle.zip", act, unusable, places=named)
    named = frozenset({("member", "/events/")})
    yield Tampering(LEVEL, "two members of one name", "bundle.zip", _double, unusable, places=named)


def _cut_file(random: Random, bundle: Path) -> None:
    content = bundle.read_bytes()
    bundle.write_bytes(content[: random.randrange(len(content))])


def _double(bundle: Path) -> None:
    with warnings.catch_warnings(), zipfile.ZipFile(bundle, "a") as file:
        warnings.simplefilter("ignore")
        name = next(each for each in file.namelist() if "/events/" in each)
        file.writestr(name, b"")
