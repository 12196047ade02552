"""Writes audit bundles from nothing but the public formats: it shares no line with the product.

A `History` is what an honest operator would hold. Tests take one, spoil it, write it to a file and
ask the verifier. Keys are made from fixed seeds, so that the same history gives the same notes.
"""

from __future__ import annotations

import json
import struct
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

START = 1_700_000_000_000_000  # Microseconds: 14 November 2023.
ED25519, COSIGNATURE, ML_DSA = 1, 4, 6


@dataclass(frozen=True)
class Event:
    position: int
    aggregate: UUID
    version: int
    topic: str = "intake.Noted"
    recorded_at: int = START
    state: bytes = b"{}"
    metadata: bytes = b"{}"
    event_id: UUID = NAMESPACE_URL
    schema_version: int = 1

    @property
    def record(self) -> bytes:
        topic = self.topic.encode()
        return (
            b"\x00\x01"
            + struct.pack(">q", self.position)
            + self.event_id.bytes
            + self.aggregate.bytes
            + struct.pack(">qi", self.version, len(topic))
            + topic
            + struct.pack(">iqi", self.schema_version, self.recorded_at, len(self.state))
            + self.state
            + struct.pack(">i", len(self.metadata))
            + self.metadata
        )

    @property
    def leaf(self) -> bytes:
        return sha256(self.record).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 § 2.1, as it is written there."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + root(leaves[:split]) + root(leaves[split:])).digest()


@dataclass(frozen=True)
class Signer:
    """A log or a witness: both keys of one name."""

    name: str
    is_log: bool = False
    seed: int = 1

    def keys(self) -> list[tuple[int, Any]]:
        seed = sha256(f"{self.name} {self.seed}".encode()).digest()
        ed25519 = Ed25519PrivateKey.from_private_bytes(seed)
        ml_dsa = MLDSA44PrivateKey.from_seed_bytes(seed)
        return [(ED25519 if self.is_log else COSIGNATURE, ed25519), (ML_DSA, ml_dsa)]

    def vkeys(self) -> str:
        lines = []
        for kind, key in self.keys():
            typed = bytes([kind]) + key.public_key().public_bytes_raw()
            lines.append(f"{self.name}+{self._key_id(typed).hex()}+{b64encode(typed).decode()}\n")
        return "".join(lines)

    def lines(self, text: bytes, seconds: int = START // 1_000_000) -> bytes:
        """Signature lines under the text of a head."""
        origin, size, digest = text.decode().splitlines()
        written = b""
        for kind, key in self.keys():
            typed = bytes([kind]) + key.public_key().public_bytes_raw()
            time = b"" if kind == ED25519 else struct.pack(">Q", seconds)
            signed = text
            if kind == COSIGNATURE:
                signed = b"cosignature/v1\ntime %d\n" % seconds + text
            if kind == ML_DSA:
                signed = (
                    b"subtree/v1\n\x00"
                    + bytes([len(self.name)])
                    + self.name.encode()
                    + time
                    + bytes([len(origin)])
                    + origin.encode()
                    + struct.pack(">QQ", 0, int(size))
                    + b64decode(digest)
                )
            blob = self._key_id(typed) + time + key.sign(signed)
            written += f"— {self.name} {b64encode(blob).decode()}\n".encode()
        return written

    def _key_id(self, typed: bytes) -> bytes:
        return sha256(self.name.encode() + b"\n" + typed).digest()[:4]


WITNESS = Signer("pruefbehoerde.example/w1")


@dataclass
class Log:
    """One log: its events, and the sizes at which it was signed and cosigned."""

    service: str
    events: list[Event]
    heads: Sequence[int] = ()
    lane: str = "main"
    log_name: str = "pruefpfad.test"
    epoch: int = 1
    seed: int = 1
    witnesses: Sequence[Signer] = (WITNESS,)
    stored_leaves: dict[int, bytes] = field(default_factory=dict)
    tree: list[bytes] | None = None  # Leaves of the tree, where they are not those of the events.
    notes: dict[int, bytes] = field(default_factory=dict)  # In place of what is signed here.
    size: int | None = None
    given: Callable[[Event], bool] = lambda event: True
    shared: Sequence[UUID] = ()
    ended: Sequence[Log] = ()  # Those before an incident, with the events that they had.

    @property
    def name(self) -> str:
        return f"{self.service}/{self.lane}"

    @property
    def origin(self) -> str:
        end = f"/{self.epoch}" if self.epoch > 1 else ""
        return f"{self.log_name}/{self.name}{end}"

    @property
    def signer(self) -> Signer:
        return Signer(self.origin, is_log=True, seed=self.seed)

    @property
    def leaves(self) -> list[bytes]:
        return self.tree if self.tree is not None else [event.leaf for event in self.events]

    def text(self, size: int) -> bytes:
        digest = b64encode(root(self.leaves[:size])).decode()
        return f"{self.origin}\n{size}\n{digest}\n".encode()

    def note(self, size: int) -> bytes:
        if size in self.notes:
            return self.notes[size]
        text = self.text(size)
        seconds = self.events[min(size, len(self.events)) - 1].recorded_at // 1_000_000
        lines = b"".join(each.lines(text, seconds) for each in (self.signer, *self.witnesses))
        return text + b"\n" + lines

    @property
    def head(self) -> int:
        return max((size for size in self.heads if size <= len(self.leaves)), default=0)

    def members(self, per_file: int) -> dict[str, bytes]:
        folder = f"logs/{self.name}/"
        found: dict[str, bytes] = {}
        events = [event for event in self.events if self.given(event)]
        for start in range(0, len(events), per_file):
            part = events[start : start + per_file]
            place = f"{part[0].position:012}.bin"
            records = (event.record for event in part)
            found[f"{folder}events/{place}"] = b"".join(
                struct.pack(">I", len(record)) + record for record in records
            )
            found[f"{folder}leaves/{place}"] = b"".join(
                self.stored_leaves.get(event.position, event.leaf) for event in part
            )
        own = dict(tiles(self.leaves[: self.head]))
        for log in self.ended:
            found |= log.left(f"{folder}epochs/{log.epoch}/", own)
        return found | self.notes_in(folder) | {folder + path: tile for path, tile in own.items()}

    def notes_in(self, folder: str) -> dict[str, bytes]:
        return {f"{folder}checkpoints/{size:012}.note": self.note(size) for size in self.heads}

    def left(self, folder: str, others: dict[str, bytes]) -> dict[str, bytes]:
        """What an ended log leaves: heads, and the full tiles that are not those of the new one."""
        full = dict(tiles(self.leaves[: max(self.heads) // 256 * 256]))
        known = {path.partition(".p/")[0]: tile for path, tile in others.items()}
        return self.notes_in(folder) | {
            folder + path: tile
            for path, tile in full.items()
            if not known.get(path.partition(".p/")[0], b"").startswith(tile)
        }

    def entry(self) -> dict[str, Any]:
        return {
            "service": self.service,
            "lane": self.lane,
            "origin": self.origin,
            "size": len(self.events) if self.size is None else self.size,
            "head": self.head,
            "ended": [log.epoch for log in self.ended],
            "shared": [str(each) for each in self.shared],
        }


def tiles(leaves: Sequence[bytes]) -> Iterable[tuple[str, bytes]]:
    level, hashes = 0, list(leaves)
    while hashes:
        for index in range((len(hashes) + 255) // 256):
            part = hashes[256 * index : 256 * index + 256]
            place = f"x{index // 1000:03}/{index % 1000:03}" if index > 999 else f"{index:03}"
            end = "" if len(part) == 256 else f".p/{len(part)}"
            yield f"tile/{level}/{place}{end}", b"".join(part)
        full = len(hashes) // 256
        hashes = [root(hashes[256 * index : 256 * index + 256]) for index in range(full)]
        level += 1


@dataclass
class History:
    """All logs of an installation, and how they become a bundle."""

    logs: list[Log]
    kind: str = "all"
    rules: list[dict[str, Any]] = field(default_factory=list)
    more: dict[str, bytes] = field(default_factory=dict)
    per_file: int = 100

    def log(self, name: str) -> Log:
        return next(log for log in self.logs if log.name == name)

    def members(self) -> dict[str, bytes]:
        found = dict(self.more)
        for log in self.logs:
            found |= log.members(self.per_file)
        manifest = {
            "format": "pruefpfad-bundle/1",
            "scope": {"kind": self.kind},
            "logs": [log.entry() for log in self.logs],
            "rules": self.rules,
            "members": {name: sha256(content).hexdigest() for name, content in found.items()},
        }
        return {"manifest.json": json.dumps(manifest).encode(), **found}

    def write(self, path: Path) -> Path:
        return write(path, self.members())

    def trust(self, path: Path) -> Path:
        signers = [each.signer for log in self.logs for each in (log, *log.ended)]
        witnesses = {each for log in self.logs for each in log.witnesses}
        path.write_text("".join(each.vkeys() for each in (*signers, *witnesses)))
        return path

    def known(self, folder: Path) -> list[Path]:
        """The last head of each log, as somebody outside keeps it."""
        paths = []
        for log in self.logs:
            for size in log.heads[-1:]:
                path = folder / f"{log.service}-{log.lane}-{size}.note"
                path.write_bytes(log.note(size))
                paths.append(path)
        return paths


def write(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


@cache
def aggregate(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, name)


def events(service: str, count: int, *, aggregates: int = 10, cause: str = "") -> list[Event]:
    """That many events over some aggregates; each names the event of `cause` at its position.
    There are five cases; ten aggregates belong to one each, seven to all of them."""
    versions: dict[UUID, int] = {}
    made = []
    for position in range(1, count + 1):
        which = aggregate(f"{service}-{position % aggregates}")
        versions[which] = versions.get(which, 0) + 1
        metadata = {"actorid": "system:test", "caseid": str(aggregate(f"case-{position % 5}"))}
        if cause:
            metadata["causationid"] = f"event:{cause}/{position}"
        made.append(
            Event(
                position,
                which,
                versions[which],
                f"{service}.Noted",
                START + position * 1000,
                json.dumps({"amount_cents": position * 100}).encode(),
                json.dumps(metadata, separators=(",", ":")).encode(),
                uuid5(which, str(position)),
            )
        )
    return made


def changed(log: Log, position: int, /, **changes: Any) -> None:
    """Replace an event by one with other fields, as somebody with the right to write could."""
    log.events[position - 1] = replace(log.events[position - 1], **changes)


def restored(log: Log, kept: int, count: int, known: int = 0, **said: Any) -> None:
    """Make of a log one that was put back to `kept` events, recorded the incident as its next event
    and others after it, `count` in all, and began anew. `known` is the head that the incident
    names, the last one without it; `said` is what it says otherwise than is true."""
    old = replace(log, ended=())
    last, known = log.events[kept - 1], known or max(log.heads)
    state = {
        "epoch": log.epoch + 1,
        "known_origin": log.origin,
        "known_size": known,
        "known_root": root(log.leaves[:known]).hex(),
        "found_size": kept,
        "found_leaf": last.leaf.hex(),
        "reason": "the disk failed",
    }
    incident = Event(
        kept + 1,
        aggregate(f"incident {log.epoch + 1}"),
        1,
        f"{log.service}.IncidentRecorded",
        last.recorded_at + 1,
        json.dumps(state | said).encode(),
        event_id=uuid5(aggregate(log.origin), "incident"),
    )
    further = [
        Event(
            position,
            aggregate(f"{log.origin} again {position}"),
            1,
            f"{log.service}.Noted",
            incident.recorded_at + position,
            event_id=uuid5(aggregate(log.origin), f"again {position}"),
        )
        for position in range(kept + 2, count + 1)
    ]
    log.events = [*log.events[:kept], incident, *further]
    log.ended = [*log.ended, old]
    log.epoch, log.heads, log.notes = log.epoch + 1, (count,), {}
