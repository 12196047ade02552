"""What stands where in a bundle: to which event, head or file a byte of a member belongs, and so
what exactly a verifier has to name when that byte is another or missing.

It knows the formats, and nothing of how anybody tampers with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from hashlib import sha256

from tamper.tampering import Place
from tamper.verdicts import event_in

Members = dict[str, bytes]
MANIFEST = "manifest.json"
_TILE = re.compile(r".*/tile/(?P<level>\d+)/(?P<index>(x\d{3}/)*\d{3})(\.p/\d+)?")


def listed(members: Members) -> Members:
    """With a manifest that lists what is there. It is signed by nobody."""
    manifest = json.loads(members[MANIFEST])
    manifest["members"] = {
        name: sha256(content).hexdigest() for name, content in members.items() if name != MANIFEST
    }
    return {**members, MANIFEST: json.dumps(manifest).encode()}


def records_in(content: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(content):
        end = at + 4 + int.from_bytes(content[at : at + 4], "big")
        found.append(content[at:end])
        at = end
    return found


def edit(members: Members, name: str, change: Callable[[list[bytes]], None]) -> None:
    """Change records and the leaves beside them alike."""
    leaves_name = name.replace("/events/", "/leaves/")
    records, leaves = records_in(members[name]), members[leaves_name]
    hashes = [leaves[at : at + 32] for at in range(0, len(leaves), 32)]
    for each in (records, hashes):
        change(each)
    members[name], members[leaves_name] = b"".join(records), b"".join(hashes)


def positions_in(members: Members, name: str) -> list[int]:
    """The positions of the events in a member with events, or beside one with leaves."""
    events = members[name.replace("/leaves/", "/events/")]
    return [event_in(record).position for record in records_in(events)]


def log_of(name: str) -> str:
    """SERVICE/LANE of a member below `logs/`."""
    return "/".join(name.split("/")[1:3])


def places_of(members: Members, name: str, at: int) -> frozenset[Place]:
    """What leads to the byte `at` of a member of a clean bundle; each of it would do."""
    kinds = {
        "/events/": _of_event,
        "/leaves/": _of_leaf,
        "/tile/": _of_tile,
        "/checkpoints/": _of_head,
        "/documents/": _of_documents,
        "rules/": _of_rules,
    }
    for part, places in kinds.items():
        if part in name:
            return frozenset(places(members, name, at))
    return frozenset()


def _of_event(members: Members, name: str, at: int) -> set[Place]:
    end = 0
    for record in records_in(members[name]):
        end += len(record)
        if at < end:
            place = f"{log_of(name)}/{event_in(record).position}"
            return {("leaf", place), ("position", place)}
    return set()


def _of_leaf(members: Members, name: str, at: int) -> set[Place]:
    return {("leaf", f"{log_of(name)}/{positions_in(members, name)[at // 32]}")}


def _of_tile(members: Members, name: str, at: int) -> set[Place]:
    found = _TILE.fullmatch(name)
    places = {("tile", name)}
    if found and found["level"] == "0":
        index = int(found["index"].replace("x", "").replace("/", ""))
        places.add(("leaf", f"{log_of(name)}/{256 * index + at // 32 + 1}"))
    return places


def _of_head(members: Members, name: str, at: int) -> set[Place]:
    """The file, the head by its size, whatever mentions or stamps it."""
    log, size = log_of(name), name[-17:-5]
    folder = name.partition("checkpoints/")[0]
    return {
        ("signature", name),
        ("root", name),
        ("signature", f"{log}/*..{int(size)}"),
        ("root", f"{log}/*..{int(size)}"),
        ("known head", f"{log}/{int(size)}"),
        ("anchor", f"of size {int(size)}"),
        ("timestamp", f"{folder}timestamps/{size}.*"),
        ("incident", f"of {int(size)} events"),
        ("tile", f"{folder}epochs/*"),
    }


def _of_documents(members: Members, name: str, at: int) -> set[Place]:
    return {("document", f"{log_of(name)}/*")}


def _of_rules(members: Members, name: str, at: int) -> set[Place]:
    rules = json.loads(members[MANIFEST])["rules"]
    return {("document", f"{r['log']}/{r['position']}") for r in rules if r["path"] == name}
