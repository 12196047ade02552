"""Tampering with what a bundle says of itself, and with whole logs and cases in it: the manifest is
signed by nobody, and whoever leaves something out says so nowhere."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from tamper.changes import other_bytes
from tamper.members import MANIFEST, Members, edit, listed, log_of, positions_in, records_in
from tamper.tampering import FOUND, Place, Tampering
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
CAUSES = ("intake", "eligibility", "budgeting")
"""Services whose events others follow."""

Manifest = dict[str, Any]


def tamperings(members: Members, random: Random, samples: int) -> Iterator[Tampering[Path]]:
    manifest = json.loads(members[MANIFEST])
    longest = max(manifest["logs"], key=lambda log: int(log["size"]))
    yield from _flipped(members[MANIFEST], random, samples)
    yield from _of_sizes(longest)
    yield from _of_logs(manifest, longest)
    yield from _of_lists(members, manifest)
    yield from _of_a_case(members, random, samples)


def _flipped(manifest: bytes, random: Random, samples: int) -> Iterator[Tampering[Path]]:
    """In the list of files the one is named that is not as the list says; anywhere else it may be
    anything that does not agree with the rest."""
    for _ in range(samples):
        flipped = other_bytes(manifest, random)
        line = next(
            one
            for one, other in zip(manifest.split(b"\n"), flipped.split(b"\n"), strict=False)
            if one != other
        )
        file = re.fullmatch(rb'\s*"([^"]+)": "[0-9a-f]{64}",?', line)
        named: frozenset[Place] = frozenset()
        if file:
            named = frozenset({("member", file[1].decode()), ("member", MANIFEST)})
        act = partial(_put, flipped)
        kind = "flip a bit of the manifest"
        yield Tampering(LEVEL, kind, line.decode(), act, WEAKER, places=named)


def _put(manifest: bytes, bundle: Path) -> None:
    write_members(bundle, {**members_of(bundle), MANIFEST: manifest})


def _changed(bundle: Path, manifest: Manifest) -> None:
    _put(json.dumps(manifest).encode(), bundle)


def _of_sizes(entry: Manifest) -> Iterator[Tampering[Path]]:
    log = f"{entry['service']}/{entry['lane']}"
    size, head = int(entry["size"]), int(entry["head"])
    other_tree: frozenset[Place] = frozenset(
        {
            ("tile", f"logs/{log}/tile/*"),
            ("tile", f"logs/{log}/tile/"),
            ("root", f"{log}/*..{head}"),
        }
    )
    for field, change, places in (
        ("size", -1, frozenset({("position", f"{log}/{size}")})),
        ("size", 1, frozenset({("position", f"{log}/{size + 1}")})),
        ("head", -1, other_tree),
        ("head", 1, other_tree),
    ):
        act = partial(_change_entry, log, field, change)
        what, kind = f"{field} {change:+}", "another size in the manifest"
        yield Tampering(LEVEL, kind, what, act, SPOILED, places=places)


def _change_entry(log: str, field: str, change: int, bundle: Path) -> None:
    manifest = json.loads(members_of(bundle)[MANIFEST])
    for entry in manifest["logs"]:
        if f"{entry['service']}/{entry['lane']}" == log:
            entry[field] += change
    _changed(bundle, manifest)


def _of_logs(manifest: Manifest, longest: Manifest) -> Iterator[Tampering[Path]]:
    unusable, service = frozenset({UNUSABLE}), longest["service"]
    missed = frozenset({("known head", str(longest["origin"]))})
    kind, act = "drop a log from the manifest", partial(_leave_out, service)
    yield Tampering(LEVEL, kind, service, act, SPOILED, places=missed)
    named = frozenset({("member", MANIFEST)})
    kind = "empty the manifest"
    yield Tampering(LEVEL, kind, MANIFEST, _list_no_log, unusable, places=named)
    yield Tampering(
        LEVEL,
        "call it a part of the history",
        MANIFEST,
        partial(_call_it_a_part, service),
        SPOILED,
        places=frozenset({("root", f"{service}/main/*"), ("known head", f"{service}/main/*")}),
    )
    yield from _left_out(manifest)


def _of_lists(members: Members, manifest: Manifest) -> Iterator[Tampering[Path]]:
    """What is said of documents and rules beside the events, each file listed as it is."""
    for rules in manifest["rules"][:1]:
        kind, path = "forge rules and take them out of the manifest", rules["path"]
        at: frozenset[Place] = frozenset({("document", f"{rules['log']}/{rules['position']}")})
        act = partial(_forge_rules, path)
        yield Tampering(LEVEL, kind, path, act, places=at)
    for name in [each for each in members if "/documents/" in each][:1]:
        document = json.loads(members[name])[0]
        at = frozenset({("document", f"{log_of(name)}/{document['position']}")})
        for kind, first in (
            ("say another thing of a document", [{**document, "topic": "intake.Forged"}]),
            ("leave a document out of its list", []),
        ):
            yield Tampering(LEVEL, kind, name, partial(_list_first, name, first), places=at)
        other = f"{name[:-17]}999999999999.json"
        added = {**members, other: json.dumps([document]).encode()}
        kind, beside = "a list of documents beside no events", frozenset({("member", other)})
        yield Tampering(LEVEL, kind, other, partial(_replaced, added), places=beside)


def _forge_rules(path: str, bundle: Path) -> None:
    members = members_of(bundle)
    manifest = json.loads(members[MANIFEST])
    manifest["rules"] = [each for each in manifest["rules"] if each["path"] != path]
    forged = {path: b'{"award_threshold_cents": 1}', MANIFEST: json.dumps(manifest).encode()}
    _replaced(members | forged, bundle)


def _list_first(name: str, first: list[Any], bundle: Path) -> None:
    members = members_of(bundle)
    documents = [*first, *json.loads(members[name])[1:]]
    _replaced({**members, name: json.dumps(documents).encode()}, bundle)


def _replaced(members: Members, bundle: Path) -> None:
    write_members(bundle, listed(members))


def _left_out(manifest: Manifest) -> Iterator[Tampering[Path]]:
    """The auditor has the log's key and no head of it: what followed from its events tells, or,
    where it is the last log and nothing did, the key."""
    for log in (each for each in manifest["logs"] if each["size"]):
        service = log["service"]
        yield Tampering(
            LEVEL,
            "drop a log, no head of it brought",
            f"{service}/main",
            partial(_leave_out, service),
            FOUND if service in CAUSES else LESS_PROVEN,
            places=frozenset({("causation", f"an event of {service}/main")}),
            heads=f"not {service}",
        )


def _leave_out(service: str, bundle: Path) -> None:
    """A log, with the rules that stand in it and all that the manifest says of it."""
    members = members_of(bundle)
    manifest = json.loads(members[MANIFEST])
    manifest["logs"] = [each for each in manifest["logs"] if each["service"] != service]
    name = f"{service}/main"
    gone = [each for each in manifest["rules"] if each["log"] == name]
    manifest["rules"] = [each for each in manifest["rules"] if each["log"] != name]
    folder = f"logs/{service}/"
    rules = tuple(each["path"] for each in gone)
    kept = {n: content for n, content in members.items() if not n.startswith((folder, *rules))}
    write_members(bundle, listed({**kept, MANIFEST: json.dumps(manifest).encode()}))


def _list_no_log(bundle: Path) -> None:
    manifest = json.loads(members_of(bundle)[MANIFEST])
    write_members(
        bundle, listed({MANIFEST: json.dumps({**manifest, "logs": [], "rules": []}).encode()})
    )


def _call_it_a_part(service: str, bundle: Path) -> None:
    """And leave the last events of a log out, with the heads above them."""
    members = members_of(bundle)
    manifest = json.loads(members[MANIFEST])
    manifest["scope"] = {"kind": "cases"}
    entry = next(each for each in manifest["logs"] if each["service"] == service)
    name = max(n for n in members if n.startswith(f"logs/{service}/main/events/"))
    edit(members, name, lambda each: each.__delitem__(slice(-2, None)))
    entry["size"] -= 2
    write_members(bundle, listed({**members, MANIFEST: json.dumps(manifest).encode()}))


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
    after = {
        (log_of(name), event.aggregate, event.version - 1): f"{log_of(name)}/{event.position}"
        for name, event in own
    }
    dropped = [
        (name, event, after[key])
        for name, event in own
        if (key := (log_of(name), event.aggregate, event.version)) in after
    ]
    for name, event, follower in random.sample(dropped, min(samples, len(dropped))):
        yield Tampering(
            LEVEL,
            "drop an event of a case bundle and call its aggregate shared",
            f"{name}: {event.position}",
            partial(_part_without, event.event_id, _case_in(event)),
            places=frozenset({("aggregate", follower)}),
        )


def _case_in(event: Any) -> str:
    return str(json.loads(event.metadata).get("caseid", ""))


def _part_without(event_id: bytes, case: str, bundle: Path) -> None:
    """A part with the events of one case but this, all of whose aggregates are called shared."""
    kept = {n: c for n, c in members_of(bundle).items() if not n.startswith("rules/")}
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
            edit(kept, name, partial(_keep, is_in))
            _keep_documents(kept, name)
        log["shared"] = sorted(shared)
    write_members(bundle, listed({**kept, MANIFEST: json.dumps(manifest).encode()}))


def _keep_documents(members: Members, name: str) -> None:
    """In the list beside these events, what they name."""
    listed, positions = name.replace("/events/", "/documents/"), positions_in(members, name)
    listed = listed.replace(".bin", ".json")
    if listed in members:
        documents = json.loads(members.pop(listed))
        if left := [each for each in documents if each["position"] in positions]:
            members[listed] = json.dumps(left).encode()


def _keep(is_in: list[bool], each: list[bytes]) -> None:
    each[:] = [one for one, stays in zip(each, is_in, strict=True) if stays]
