"""Tampering with a bundle after it was written: with its members, its manifest and the file itself.

Whoever changes a member may put the manifest right too; it is signed by nobody.
"""

from __future__ import annotations

import json
import warnings
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from tamper.changes import other_bytes
from tamper.tampering import FOUND, Tampering
from tamper.verdicts import (
    INCOMPLETE,
    TAMPERED,
    UNUSABLE,
    event_in,
    members_of,
    write_members,
)

LEVEL = "bundle"
SPOILED = frozenset({TAMPERED, UNUSABLE})
LESS_PROVEN = frozenset({TAMPERED, INCOMPLETE})
WEAKER = frozenset({TAMPERED, INCOMPLETE, UNUSABLE})
MANIFEST = "manifest.json"
CAUSES = ("intake", "eligibility", "budgeting")
"""Services whose events others follow."""

Members = dict[str, bytes]
Spoil = Callable[[Members, str, Random], None]

PROVEN: Mapping[str, frozenset[int]] = {
    "events": SPOILED,
    "leaves": SPOILED,
    "tile": SPOILED,
    "checkpoints": WEAKER,  # A witness's line that is none any more proves less.
    "rules": SPOILED,
}
"""The folders whose members are proven whatever the manifest says, and what must be said."""


def tamperings(bundle: Path, random: Random, samples: int) -> Iterator[Tampering[Path]]:
    members = members_of(bundle)
    for folder, codes in PROVEN.items():
        names = [name for name in members if folder in name.split("/")]
        for _ in range(samples if names else 0):
            name = random.choice(names)
            yield _spoiled(f"flip a bit: {folder}", name, _flip, random, codes, listed=True)
            yield _spoiled(f"flip a bit: {folder}, not listed so", name, _flip, random, SPOILED)
            lost = LESS_PROVEN if folder == "checkpoints" else SPOILED
            yield _spoiled(f"drop a file: {folder}", name, _drop, random, lost, listed=True)
            yield _spoiled(f"drop a file: {folder}, still listed", name, _drop, random, SPOILED)
            yield _spoiled(f"cut a file: {folder}", name, _cut, random, codes, listed=True)
    for _ in range(samples):
        name = random.choice([each for each in members if each != MANIFEST])
        yield _spoiled("flip a bit of any file, not listed so", name, _flip, random, SPOILED)
    yield from _of_records(members, random, samples)
    yield from _of_manifest(random, samples)
    yield from _left_out(json.loads(members[MANIFEST]))
    yield from _of_a_case(members, random, samples)
    yield from _of_file(random, samples)


def _spoiled(
    kind: str,
    name: str,
    spoil: Spoil,
    random: Random,
    codes: frozenset[int],
    *,
    listed: bool = False,
) -> Tampering[Path]:
    act = partial(_spoil, name, spoil, Random(random.random()), listed)
    return Tampering(LEVEL, kind, name, act, codes, start="")


def _spoil(name: str, spoil: Spoil, random: Random, listed: bool, bundle: Path) -> None:
    members = members_of(bundle)
    spoil(members, name, random)
    write_members(bundle, _listed(members) if listed else members)


def _listed(members: Members) -> Members:
    """With a manifest that lists what is there."""
    manifest = json.loads(members[MANIFEST])
    manifest["members"] = {
        name: sha256(content).hexdigest() for name, content in members.items() if name != MANIFEST
    }
    return {**members, MANIFEST: json.dumps(manifest).encode()}


def _flip(members: Members, name: str, random: Random) -> None:
    members[name] = other_bytes(members[name], random)


def _drop(members: Members, name: str, random: Random) -> None:
    del members[name]


def _cut(members: Members, name: str, random: Random) -> None:
    members[name] = members[name][: random.randrange(len(members[name]))]


def _of_records(members: Members, random: Random, samples: int) -> Iterator[Tampering[Path]]:
    """Whole records, whose lengths fit: the file stays one that can be read."""
    names = [name for name in members if "/events/" in name and len(records_in(members[name])) > 2]
    kinds: Mapping[str, Spoil] = {
        "drop an event": _drop_record,
        "repeat an event": _repeat_record,
        "swap two events": _swap_records,
    }
    for _ in range(samples):
        for kind, spoil in kinds.items():
            yield _spoiled(kind, random.choice(names), spoil, random, FOUND, listed=True)


def records_in(content: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(content):
        end = at + 4 + int.from_bytes(content[at : at + 4], "big")
        found.append(content[at:end])
        at = end
    return found


def _edit(members: Members, name: str, edit: Callable[[list[bytes]], None]) -> None:
    """Records and the leaves beside them alike."""
    leaves_name = name.replace("/events/", "/leaves/")
    records, leaves = records_in(members[name]), members[leaves_name]
    hashes = [leaves[at : at + 32] for at in range(0, len(leaves), 32)]
    for each in (records, hashes):
        edit(each)
    members[name], members[leaves_name] = b"".join(records), b"".join(hashes)


def _drop_record(members: Members, name: str, random: Random) -> None:
    place = random.randrange(len(records_in(members[name])))
    _edit(members, name, lambda each: each.__delitem__(place))


def _repeat_record(members: Members, name: str, random: Random) -> None:
    place = random.randrange(len(records_in(members[name])))
    _edit(members, name, lambda each: each.insert(place, each[place]))


def _swap_records(members: Members, name: str, random: Random) -> None:
    place = random.randrange(len(records_in(members[name])) - 1)
    _edit(members, name, lambda each: each.__setitem__(slice(place, place + 2),
                                                       each[place : place + 2][::-1]))  # fmt: skip


def _of_manifest(random: Random, samples: int) -> Iterator[Tampering[Path]]:
    for _ in range(samples):
        act = partial(_spoil, MANIFEST, _flip, Random(random.random()), False)
        yield Tampering(LEVEL, "flip a bit of the manifest", MANIFEST, act, WEAKER)
    for field, change in (("size", -1), ("head", -1), ("size", 1), ("head", 1)):
        act = partial(_change_entry, field, change)
        yield Tampering(LEVEL, "another size in the manifest", f"{field} {change:+}", act, SPOILED)
    yield Tampering(LEVEL, "drop a log from the manifest", MANIFEST, _drop_log, SPOILED)
    yield Tampering(LEVEL, "empty the manifest", MANIFEST, _list_no_log, frozenset({UNUSABLE}))
    yield Tampering(LEVEL, "call it a part of the history", MANIFEST, _call_it_a_part, SPOILED)


def _change_entry(field: str, change: int, bundle: Path) -> None:
    members = members_of(bundle)
    manifest = json.loads(members[MANIFEST])
    entry = max(manifest["logs"], key=lambda log: log["size"])
    entry[field] += change
    write_members(bundle, {**members, MANIFEST: json.dumps(manifest).encode()})


def _drop_log(bundle: Path) -> None:
    manifest = json.loads(members_of(bundle)[MANIFEST])
    _leave_out(max(manifest["logs"], key=lambda log: log["size"])["service"], bundle)


def _left_out(manifest: Mapping[str, Any]) -> Iterator[Tampering[Path]]:
    """The auditor has the log's key and no head of it: what followed from its events tells, or,
    where it is the last log and nothing did, the key."""
    for service in (log["service"] for log in manifest["logs"] if log["size"]):
        yield Tampering(
            LEVEL,
            "drop a log, no head of it brought",
            f"{service}/main",
            partial(_leave_out, service),
            FOUND if service in CAUSES else LESS_PROVEN,
            heads=f"not {service}",
        )


def _leave_out(service: str, bundle: Path) -> None:
    """A log, with the rules that stand in it and all that the manifest says of it."""
    members = members_of(bundle)
    manifest = json.loads(members[MANIFEST])
    manifest["logs"] = [each for each in manifest["logs"] if each["service"] != service]
    name = f"{service}/main"
    manifest["rules"] = [each for each in manifest["rules"] if each["log"] != name]
    folder = f"logs/{service}/"
    kept = {name: content for name, content in members.items() if not name.startswith(folder)}
    write_members(bundle, _listed({**kept, MANIFEST: json.dumps(manifest).encode()}))


def _list_no_log(bundle: Path) -> None:
    manifest = json.loads(members_of(bundle)[MANIFEST])
    write_members(
        bundle, _listed({MANIFEST: json.dumps({**manifest, "logs": [], "rules": []}).encode()})
    )


def _of_a_case(members: Members, random: Random, samples: int) -> Iterator[Tampering[Path]]:
    """Of all events of one case, one is left out that another of its aggregate came after."""
    events = [
        (name, event_in(record))
        for name in members
        if "/events/" in name
        for record in records_in(members[name])
    ]
    cases = defaultdict(set)
    for _, event in events:
        cases[event.aggregate].add(_case_in(event))
    own = [each for each in events if len(cases[each[1].aggregate]) == 1 and _case_in(each[1])]
    followed = {(event.aggregate, event.version - 1) for _, event in own}
    dropped = [each for each in own if (each[1].aggregate, each[1].version) in followed]
    for name, event in random.sample(dropped, min(samples, len(dropped))):
        yield Tampering(
            LEVEL,
            "drop an event of a case bundle and call its aggregate shared",
            f"{name}: {event.position}",
            partial(_part_without, event.event_id, _case_in(event)),
            start=name.partition("/")[2].partition("/events/")[0],
        )


def _case_in(event: Any) -> str:
    return str(json.loads(event.metadata).get("caseid", ""))


def _part_without(event_id: bytes, case: str, bundle: Path) -> None:
    """A part with the events of one case but this, all of whose aggregates are called shared."""
    kept = {n: c for n, c in members_of(bundle).items() if "/documents/" not in n}
    manifest = json.loads(kept[MANIFEST])
    manifest |= {"scope": {"kind": "cases"}, "rules": []}
    for log in manifest["logs"]:
        shared = set()
        for name in [n for n in kept if n.startswith(f"logs/{log['service']}/main/events/")]:
            events = [event_in(record) for record in records_in(kept[name])]
            is_in = [
                case.encode() in event.metadata and event.event_id != event_id for event in events
            ]
            shared |= {str(UUID(bytes=event.aggregate)) for event in events}
            _edit(kept, name, partial(_keep, is_in))
        log["shared"] = sorted(shared)
    write_members(bundle, _listed({**kept, MANIFEST: json.dumps(manifest).encode()}))


def _keep(is_in: list[bool], each: list[bytes]) -> None:
    each[:] = [one for one, stays in zip(each, is_in, strict=True) if stays]


def _call_it_a_part(bundle: Path) -> None:
    """And leave the last events of a log out, with the heads above them."""
    members = members_of(bundle)
    manifest = json.loads(members[MANIFEST])
    manifest["scope"] = {"kind": "cases"}
    entry = max(manifest["logs"], key=lambda log: log["size"])
    name = max(n for n in members if n.startswith(f"logs/{entry['service']}/main/events/"))
    _edit(members, name, lambda each: each.__delitem__(slice(-2, None)))
    entry["size"] -= 2
    write_members(bundle, _listed({**members, MANIFEST: json.dumps(manifest).encode()}))


def _of_file(random: Random, samples: int) -> Iterator[Tampering[Path]]:
    for _ in range(samples):
        act = partial(_cut_file, Random(random.random()))
        yield Tampering(LEVEL, "cut the file", "bundle.zip", act, frozenset({UNUSABLE}))
    yield Tampering(LEVEL, "two members of one name", "bundle.zip", _double, frozenset({UNUSABLE}))


def _cut_file(random: Random, bundle: Path) -> None:
    content = bundle.read_bytes()
    bundle.write_bytes(content[: random.randrange(len(content))])


def _double(bundle: Path) -> None:
    with warnings.catch_warnings(), zipfile.ZipFile(bundle, "a") as file:
        warnings.simplefilter("ignore")
        name = next(each for each in file.namelist() if "/events/" in each)
        file.writestr(name, b"")
