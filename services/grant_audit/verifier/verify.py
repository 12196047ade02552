#!/usr/bin/env python3
"""Verifies an audit bundle of Pruefpfad: alone, offline, with no trust in whoever wrote it.

    python verify.py BUNDLE.zip --trust KEYS --known-head NOTE [--known-head NOTE ...]

It needs Python 3.11 and the package `cryptography`, and nothing else. Read it before you run it,
from top to bottom: what was found (1), the file (2), an event and its leaf (3), the tree (4), heads
and signatures (5), time stamps (6); then the checks themselves, of one log (7) and across logs (8);
last, how events are printed (9) and the command (10). Who knows the formats may begin with (7).

A bundle holds one log per service. A log is a list of events at positions 1, 2, 3, ...; each event
is hashed to a leaf, the leaves to a tree (RFC 6962), and the log has signed the root of that tree
again and again: these are its heads. Whoever changes, removes, inserts or re-dates an event at or
below a head changes the root, and the signed head tells.

What the bundle says of itself proves nothing. Two things must reach you by another way:
KEYS, a file of the public keys (one NAME+ID+KEY a line) of the logs and of the witnesses, and the
heads that you, or a witness whom you trust, got earlier. Without them an operator who rewrote the
whole history and signed it anew could not be told from an honest one, and the verdict is at best
"incomplete". A known head must be older than the bundle.

A store that was put back to a backup says so in an event, the incident, and its log begins anew
under another name. What the log before had signed is here too, and must be as the incident says.

Exit code: 0 verified, 1 tampered, 2 incomplete (nothing is wrong, but not all is proven: no keys,
no known heads, events above the last head that enough witnesses have signed, or events that were
signed and lost, as an incident says), 3 unusable.
"""

from __future__ import annotations

import argparse
import json
import re
import struct
import sys
import traceback
import zipfile
import zlib
from array import array
from base64 import b64decode, b64encode
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

try:
    from datetime import UTC

    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError as missing:  # Python would end with 1, and that says "tampered".
    print(f"UNUSABLE: Python 3.11 and `cryptography` are needed: {missing}.", file=sys.stderr)
    sys.exit(3)

try:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
except ImportError:  # An older `cryptography`: said in the report, and never counted as verified.
    MLDSA44PublicKey = None  # type: ignore[assignment, misc]

FORMAT = "pruefpfad-bundle/1"
MEMBER_BYTES = 64 << 20  # No member of a bundle is larger: what claims to be is not read.
FINDINGS_TOLD = 20  # Of each check. The first ones tell the place, the rest are counted.

CHECKS = {
    "member": "every file is listed in the manifest, with its SHA-256, and belongs to the history",
    "position": "the positions of a log are 1, 2, 3, ... without a hole",
    "leaf": "every event hashes to the leaf that was stored with it and stands in the tree",
    "tile": "every hash of the tree follows from those below it",
    "root": "every head has the root of the tree at its size, so that each continues the last",
    "signature": "every head is signed by the log, and no known signer's signature is wrong",
    "witness": "enough witnesses have signed the head",
    "known head": "the heads that you brought are heads of this log",
    "log": "every log whose key you trust is in the bundle, and each under its own name",
    "aggregate": "the versions of each aggregate are 1, 2, 3, ... without a hole",
    "identity": "no two events have the same id",
    "time": "no event was recorded before the one in front of it, or before a head that lacks it",
    "causation": "what followed from an event of another log was recorded after it",
    "anchor": "the heads that the history itself mentions are heads of the log, note by note",
    "incident": "what an incident says of a log that it ended is what the heads of that log say",
    "timestamp": "a time stamp is on its head, not before its last event (by whom: not checked)",
    "document": "the lists of documents and the rule sets are those that the events name",
    "coverage": "every event is at or below a head that enough witnesses have signed",
}


class Unusable(Exception):
    """This is no bundle that could be verified, or the keys or heads cannot be read."""


# ---- 1. What was found ---------------------------------------------------------------------------


class Finding(NamedTuple):
    verdict: str  # "tampered" or "incomplete"
    check: str
    at: str  # SERVICE/LANE/POSITION of an event, or another place
    message: str


@dataclass
class Report:
    """How often each check was made, how often it failed, and where."""

    checked: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CHECKS, 0))
    failed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CHECKS, 0))
    findings: list[Finding] = field(default_factory=list)
    verdicts: set[str] = field(default_factory=set)
    logs: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    scope: dict[str, Any] = field(default_factory=lambda: {"kind": "all"})

    def check(self, holds: bool, check: str, at: str, message: str) -> None:
        self.checked[check] += 1
        if not holds:
            self.tampered(check, at, message)

    def tampered(self, check: str, at: str, message: str) -> None:
        self._find(Finding("tampered", check, at, message))

    def incomplete(self, check: str, at: str, message: str) -> None:
        self._find(Finding("incomplete", check, at, message))

    def _find(self, finding: Finding) -> None:
        self.verdicts.add(finding.verdict)
        self.failed[finding.check] += 1
        if self.failed[finding.check] <= FINDINGS_TOLD:
            self.findings.append(finding)

    @property
    def exit_code(self) -> int:
        return 1 if "tampered" in self.verdicts else 2 if self.verdicts else 0

    @property
    def verdict(self) -> str:
        """In a sentence; of a part of the history, it must not read as one of all."""
        if self.exit_code or self.scope["kind"] == "all":
            return VERDICTS[self.exit_code]
        ends = ", ".join(f"{log['name']}/{log['covered']}" for log in self.logs if log["events"])
        return f"VERIFIED, A PART. Its events are what was recorded and signed, up to {ends}."


VERDICTS = {
    0: "VERIFIED. The events, with the rules and lists of documents, are what was recorded and"
    " signed.",
    1: "TAMPERED. The places are named above.",
    2: "INCOMPLETE. Nothing is wrong, but what is named above is not proven.",
}


def plain(text: str) -> str:
    """Without what a terminal would obey: written as JSON writes it inside of strings."""
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)


# ---- 2. The file ---------------------------------------------------------------------------------

MEMBER_NAME = re.compile(r"[A-Za-z0-9._/-]+")  # You may type it in a shell.

# What the library for ZIP files raises when it is fed with nonsense.
NONSENSE = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error),
    *(EOFError, KeyError, ValueError, IndexError, OverflowError, NotImplementedError),
    *(RuntimeError, MemoryError, OSError),
)


def parsed_json(content: bytes, what: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{what} is no JSON.") from error


class LogEntry(NamedTuple):
    """A log as the manifest describes it; nothing of it is believed without a check."""

    name: str  # SERVICE/LANE
    origin: str
    size: int  # events of the log up to the cut of the bundle
    head: int  # size of the largest head
    ended: tuple[int, ...]  # epochs of the ledger before this log, whose heads are here
    shared: tuple[str, ...]  # budget lines of which a bundle of some cases has single events only


class Bundle:
    """The members of a bundle, each read at most once at a time, with a bound on its size."""

    def __init__(self, path: Path) -> None:
        try:
            self.zip = zipfile.ZipFile(path)
            self.sizes = {info.filename: info.file_size for info in self.zip.infolist()}
            claimed = sum(info.file_size for info in self.zip.infolist())
            written = path.stat().st_size
        except NONSENSE as error:
            raise Unusable(f"{path} is no ZIP file that can be read: {error}") from error
        if any(info.compress_type not in (0, 8) for info in self.zip.infolist()):
            raise Unusable("The bundle has members that are packed in an unknown way.")
        if len(self.sizes) != len(self.zip.infolist()):
            twice = Counter(self.zip.namelist()).most_common(1)[0][0]
            raise Unusable(f"The bundle has two members of the name {twice}.")
        odd = next((name for name in self.sizes if not MEMBER_NAME.fullmatch(name)), None)
        if odd is not None:
            raise Unusable(
                f"The bundle has a member of the name {odd[:200]!r}, which none can have."
            )
        if claimed > 1100 * written:  # More than the best compression could hold.
            raise Unusable(f"The members claim {claimed} bytes, which {written} cannot hold.")
        self.hashes: dict[str, str] = {}
        self.unread: set[str] = set()
        self.scope: dict[str, Any] = {}
        self.logs: list[LogEntry] = []
        self.rules: list[tuple[str, int, str]] = []  # Log, position, member.
        self._read_manifest()

    def _read_manifest(self) -> None:
        manifest = parsed_json(self.read("manifest.json"), "manifest.json")
        version = manifest.get("format") if isinstance(manifest, dict) else None
        if version != FORMAT:
            raise Unusable(f"The bundle has the format {version!r}; this program reads {FORMAT}.")
        try:
            self.hashes = {str(name): str(digest) for name, digest in manifest["members"].items()}
            self.scope = manifest["scope"] | {"kind": str(manifest["scope"]["kind"])}
            self.logs = [_log_entry(each) for each in manifest["logs"]]
            self.rules = [(r["log"], int(r["position"]), str(r["path"])) for r in manifest["rules"]]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise Unusable(f"manifest.json is not as {FORMAT} wants it: {error!r}") from error
        if not any(log.size for log in self.logs):
            raise Unusable("manifest.json lists no log with an event: nothing can be verified.")
        if len({log.name for log in self.logs}) != len(self.logs):
            raise Unusable("manifest.json names a log twice.")
        if len({each[:2] for each in self.rules}) != len(self.rules):
            raise Unusable("manifest.json names two rule sets of one event.")
        self.numbers = {log.name: number for number, log in enumerate(self.logs)}
        self.unread = set(self.sizes) - {"manifest.json"}

    @property
    def is_whole(self) -> bool:
        return bool(self.scope["kind"] == "all")

    def has(self, name: str) -> bool:
        return name in self.sizes

    def names(self, folder: str, ending: str | tuple[str, ...]) -> list[str]:
        return sorted(n for n in self.sizes if n.startswith(folder) and n.endswith(ending))

    def read(self, name: str, report: Report | None = None) -> bytes:
        """The content of a member; with a report, its hash is compared with the manifest's."""
        if not self.has(name):
            raise Unusable(f"The bundle has no {name}.")
        if self.sizes[name] > MEMBER_BYTES:
            raise Unusable(f"{name} claims {self.sizes[name]} bytes; {MEMBER_BYTES} are allowed.")
        try:
            content = self.zip.read(name)
        except NONSENSE as error:
            raise Unusable(f"{name} cannot be read from the bundle: {error}") from error
        if report and name in self.unread:
            self.unread.discard(name)
            is_listed = self.hashes.get(name) == sha256(content).hexdigest()
            report.check(is_listed, "member", name, "is not the file that the manifest lists")
        return content

    def check_listed(self, report: Report) -> None:
        """Look for members that the manifest lists and that are not there."""
        for name in sorted(set(self.hashes) - set(self.sizes)):
            report.tampered("member", name, "is listed in the manifest, but not in the bundle")

    def check_the_rest(self, report: Report) -> None:
        """Compare the members that no other check has read. Whatever proves something was read, so
        that these are the operator's word, or were put in by somebody."""
        rest = sorted(self.unread)
        for name in rest:
            self.read(name, report)
            if name.startswith(("logs/", "rules/")):
                report.tampered("member", name, "belongs to no event and no head that is here")
        said = sorted({name.partition("/")[0] for name in rest} - {"logs", "rules"})
        if said:
            message = "Proven by nothing, but only said by whoever wrote the bundle"
            report.notes.append(f"{message}: {', '.join(said)}.")


def _log_entry(entry: dict[str, Any]) -> LogEntry:
    name, size, head = f"{entry['service']}/{entry['lane']}", entry["size"], entry["head"]
    if not all(type(each) is int and 0 <= each < 1 << 62 for each in (size, head)):
        raise ValueError(f"size {size!r} and head {head!r} of {name}")
    shared = tuple(str(UUID(each)) for each in entry.get("shared", ()))
    ended = tuple(sorted({int(each) for each in entry.get("ended", ())}))
    return LogEntry(name, str(entry["origin"]), size, head, ended, shared)


# ---- 3. An event, and the leaf that it is hashed to ----------------------------------------------
# A record is a length and the bytes that were hashed; integers are big-endian. The bytes:
# 0x00 0x01 | position int64 | event id 16 | aggregate id 16 | version int64 | topic (int32 length,
# UTF-8) | schema version int32 | recorded at, int64 microseconds since 1970-01-01T00:00Z |
# state (int32 length, bytes) | metadata (int32 length, bytes). The leaf is their SHA-256.

BEFORE_TOPIC = struct.Struct(">2sq16s16sqi")
AFTER_TOPIC = struct.Struct(">iqi")
LENGTH = struct.Struct(">i")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Event(NamedTuple):
    position: int
    event_id: bytes
    aggregate: bytes
    version: int
    topic: bytes
    schema_version: int
    recorded_at: int
    state: bytes
    metadata: bytes


def event_of(record: bytes) -> Event:
    """The fields of a record; a ValueError where it is none."""
    prefix, position, event_id, aggregate, version, length = BEFORE_TOPIC.unpack_from(record)
    after = BEFORE_TOPIC.size + length
    schema_version, recorded_at, state_bytes = AFTER_TOPIC.unpack_from(record, after)
    state_at = after + AFTER_TOPIC.size
    state_end = state_at + state_bytes
    (metadata_bytes,) = LENGTH.unpack_from(record, state_end)
    end = state_end + LENGTH.size + metadata_bytes
    if prefix != b"\x00\x01" or min(length, state_bytes, metadata_bytes) < 0 or end != len(record):
        raise ValueError("lengths that do not fit the record")
    return Event(
        *(position, event_id, aggregate, version, record[BEFORE_TOPIC.size : after]),
        *(schema_version, recorded_at, record[state_at:state_end], record[state_end + 4 :]),
    )


def records(bundle: Bundle, log: LogEntry, report: Report) -> Iterator[tuple[bytes, bytes, str]]:
    """Each record of a log in order, the leaf stored with it, and the member that it stands in."""
    for name in bundle.names(f"logs/{log.name}/events/", ".bin"):
        content = bundle.read(name, report)
        leaves = bundle.read(name.replace("/events/", "/leaves/"), report)
        at = number = 0
        while at < len(content):
            end = at + 4 + int.from_bytes(content[at : at + 4], "big")
            if end > len(content):
                raise Unusable(f"{name}: record {number + 1} goes beyond the end of the file.")
            yield content[at + 4 : end], leaves[32 * number : 32 * number + 32], name
            at, number = end, number + 1


def case_of(event: Event) -> str:
    return str(readable(event.metadata, {}).get("caseid", ""))


def readable(content: bytes, otherwise: Any = None) -> Any:
    """JSON as a value; what is none (encrypted personal data, say) as base64 or `otherwise`."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return b64encode(content).decode() if otherwise is None else otherwise
    return value if otherwise is None or isinstance(value, dict) else otherwise


def instant(microseconds: int) -> str:
    try:
        return (EPOCH + timedelta(microseconds=microseconds)).isoformat()
    except OverflowError:
        return f"{microseconds} microseconds"


RULES = b"intake.ProgrammeRegistered"


def documents_in(event: Event) -> list[dict[str, Any]]:
    """Each document that an event names by its SHA-256, as the bundle must list it."""
    if b'"sha256"' not in event.state:
        return []
    of_event = {"position": event.position, "topic": event.topic.decode(errors="replace")}
    found, parts = [], [readable(event.state, {})]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            if isinstance(part.get("sha256"), str):
                texts = {name: each for name, each in part.items() if isinstance(each, str | int)}
                found.append(texts | of_event)
            part = list(part.values())
        parts += reversed(part) if isinstance(part, list) else ()
    return found


def rules_in(event: Event) -> tuple[str, Any] | None:
    """The name that the file of a rule set begins with, and the rules, where an event has them."""
    state = readable(event.state, {}) if event.topic == RULES else {}
    if not {"programme", "programme_version", "definition"} <= state.keys():
        return None
    name = re.sub("[^A-Za-z0-9._-]", "_", f"{state['programme']}-{state['programme_version']}")
    return f"rules/{name}", state["definition"]


# ---- 4. The tree ---------------------------------------------------------------------------------
# The bundle has it in tiles (c2sp.org/tlog-tiles): tile/0/N are leaves 256 N ... 256 N + 255, and
# each hash of a tile of level L + 1 is the root over a full tile of level L.


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def folded(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of neighbouring hashes."""
    while len(hashes) > 1:
        hashes = [node(hashes[i], hashes[i + 1]) for i in range(0, len(hashes) - 1, 2)]
    return hashes[0]


TILE_NAME = re.compile(
    r"tile/(?P<level>[0-9]{1,2})/(?P<index>(x[0-9]{3}/){0,5}[0-9]{3})(\.p/[0-9]+)?"
)


class MissingTile(Exception):
    """A hash of the tree is asked for that the bundle does not have."""


class Tree:
    """The tree of a log at a size, read from the tiles in a folder of the bundle. One that an
    incident ended shares tiles with the one that goes on: what it lacks is looked up there."""

    def __init__(
        self, bundle: Bundle, folder: str, size: int, report: Report, other: Tree | None = None
    ) -> None:
        self.size = size
        self.missing = ""  # The tile for want of which `has` could not tell.
        self._folder, self._other = folder, other
        self._bundle, self._report = bundle, report
        self.tile = lru_cache(maxsize=64)(self._tile)
        self.subtree = lru_cache(maxsize=2048)(self._subtree)

    def path(self, level: int, index: int) -> str:
        groups = f"{index:0{(len(str(index)) + 2) // 3 * 3}}"
        parts = [groups[at : at + 3] for at in range(0, len(groups), 3)]
        width = self._width(level, index)
        end = "" if width == 256 else f".p/{width}"
        return f"tile/{level}/" + "/".join(["x" + part for part in parts[:-1]] + parts[-1:]) + end

    def _width(self, level: int, index: int) -> int:
        return min(256, (self.size >> 8 * level) - 256 * index)

    def _tile(self, level: int, index: int) -> list[bytes]:
        name, width = self._folder + self.path(level, index), self._width(level, index)
        if self._bundle.has(name):
            content = self._bundle.read(name, self._report)
            tile = [content[at : at + 32] for at in range(0, len(content), 32)]
        elif self._other:
            tile = self._other.tile(level, index)[:width]
        else:
            raise MissingTile(f"{name} is not in the bundle")
        if not tile or len(tile) != width or len(tile[-1]) != 32:
            raise MissingTile(f"{name} has not the {width} hashes that belong there")
        return tile

    def _subtree(self, height: int, index: int) -> bytes:
        """The hash over the leaves from index * 2**height on, 2**height of them."""
        level, above = divmod(height, 8)
        tile, first = divmod(index << above, 256)
        return folded(self.tile(level, tile)[first : first + (1 << above)])

    def leaf(self, position: int) -> bytes:
        tile = self.tile(0, position - 1 >> 8)
        return tile[position - 1 & 255]

    def root(self, size: int) -> bytes:
        """The root of the tree when it had this size, RFC 6962 section 2.1."""
        roots, begin = [], 0
        for height in reversed(range(size.bit_length())):
            if size >> height & 1:
                roots.append(self.subtree(height, begin >> height))
                begin += 1 << height
        root = roots.pop() if roots else sha256(b"").digest()
        while roots:
            root = node(roots.pop(), root)
        return root

    def has(self, head: Head) -> bool | None:
        """Whether it is the tree of this head, or grew out of it; None where a tile is missing."""
        try:
            return head.size <= self.size and self.root(head.size) == head.root
        except MissingTile as missing:
            self.missing = str(missing)
            return None

    def first_other(self, other: Tree, size: int) -> int:
        """The first position up to a size at which another tree has another leaf, as far as tiles
        tell that this one does not share with it; else 0."""
        own = (
            i for i in range(size + 255 >> 8) if self._bundle.has(self._folder + self.path(0, i))
        )
        first = 256 * next(own, size) + 1
        try:
            for position in range(first, min(first + 256, size + 1)):
                if position > other.size or self.leaf(position) != other.leaf(position):
                    return position
        except MissingTile:
            pass
        return 0

    def check_tiles(self) -> None:
        """Every full tile folds to its hash in the level above, up to the root. Where one is not
        in the bundle, whatever asks for a hash of it says so."""
        for name in self._bundle.names(f"{self._folder}tile/", ""):
            found = TILE_NAME.fullmatch(name.removeprefix(self._folder))
            index = int(found["index"].replace("x", "").replace("/", "")) if found else 0
            level = int(found["level"]) if found else 0
            if self._folder + self.path(level, index) != name:
                self._report.tampered("tile", name, "is no tile of the tree at its largest head")
                continue
            try:
                wrong = self._unfit(level, index)
            except MissingTile as missing:
                self._report.tampered("tile", name, f"hangs in the air: {missing}")
                continue
            message = f"and {self._folder}{''.join(wrong[:1])} do not fit each other"
            self._report.check(not wrong, "tile", name, message)

    def _unfit(self, level: int, index: int) -> list[str]:
        """The tiles above and below that do not fit one. Below are those that it was made from: in
        the tree of an ended log, whatever it does not share has to be there."""
        tile, wrong = self.tile(level, index), []
        if len(tile) == 256 and folded(tile) != self.tile(level + 1, index >> 8)[index & 255]:
            wrong.append(self.path(level + 1, index >> 8))
        if level and self._other and self._bundle.is_whole:
            places = enumerate(tile, 256 * index)
            fits = ((i, folded(self.tile(level - 1, i)) == hash_) for i, hash_ in places)
            wrong += [self.path(level - 1, i) for i, does_fit in fits if not does_fit]
        return wrong


# ---- 5. Heads and signatures ---------------------------------------------------------------------
# A head is a signed note (c2sp.org/signed-note, c2sp.org/tlog-checkpoint): the lines origin, size
# and root, an empty line, and signature lines "- NAME BASE64(key id 4 bytes | signature)".
# A key: NAME+ID+BASE64(kind byte | public key). Kind 1: Ed25519 over the text, used by logs; 4: a
# witness's Ed25519 with a time; 6: ML-DSA-44 with a time, used by both (c2sp.org/tlog-cosignature).

ED25519, COSIGNATURE, ML_DSA = 1, 4, 6
KEY_BYTES = {ED25519: 32, COSIGNATURE: 32, ML_DSA: 1312}
NOTE_BYTES = 1 << 20
NOTE_LINES = 100


class Key(NamedTuple):
    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return sha256(named).digest()[:4]


class Head(NamedTuple):
    origin: str
    size: int
    root: bytes
    lines: tuple[tuple[str, bytes], ...]  # Name; key id and signature.
    noted: bytes = b""  # What is left of the lines of those that are many.

    @property
    def text(self) -> bytes:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n".encode()

    def without_lines(self) -> Head:
        """With the hash of the note as the log made it, which had no lines of witnesses."""
        own = (line for line in self.lines if line[0] == self.origin)
        lines = (f"\N{EM DASH} {name} {b64encode(blob).decode()}\n" for name, blob in own)
        noted = sha256(self.text + b"\n" + "".join(lines).encode()).digest()
        return self._replace(lines=(), noted=noted)


def key_of(vkey: str) -> Key:
    try:
        name, key_id, encoded = vkey.split("+", 2)
        typed = b64decode(encoded, validate=True)
        key = Key(name, typed[0], typed[1:])
    except (ValueError, IndexError) as error:
        raise Unusable(f"keys: expected NAME+ID+KEY, not {vkey[:60]!r}") from error
    if len(key.public) != KEY_BYTES.get(key.kind) or key.key_id.hex() != key_id:
        raise Unusable(f"keys: the key of {name!r} is of no known kind, or its id is not its own.")
    return key


def keys_in(path: Path) -> list[Key]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise Unusable(f"--trust: {path} cannot be read: {error}") from error
    bare = (line.partition("#")[0].strip() for line in lines)
    return [key_of(line) for line in bare if line]


def head_of(note: bytes) -> Head:
    """The head in a note; a ValueError where it is none."""
    if len(note) > NOTE_BYTES:
        raise ValueError("a note of more than a megabyte")
    text, _, signatures = note.decode().rpartition("\n\n")
    if signatures.count("\n") > NOTE_LINES:
        raise ValueError(f"a note of more than {NOTE_LINES} signatures")
    origin, size, root = text.split("\n")  # Exactly these three lines.
    if not re.fullmatch("0|[1-9][0-9]{0,17}", size, re.ASCII) or not signatures.endswith("\n"):
        raise ValueError("a size that is no number, or a signature line without an end")
    digest = b64decode(root, validate=True)
    if len(digest) != 32 or b64encode(digest).decode() != root:
        raise ValueError("a root that is not 32 bytes in base64")
    lines = tuple(_signature_line(line) for line in signatures[:-1].split("\n"))
    return Head(origin, int(size), digest, lines)


def _signature_line(line: str) -> tuple[str, bytes]:
    dash, name, encoded = line.split(" ")
    signature = b64decode(encoded, validate=True)
    if dash != "\N{EM DASH}" or not name or b64encode(signature).decode() != encoded:
        raise ValueError("a signature line that is none")
    return name, signature


def message(key: Key, head: Head, seconds: int) -> bytes:
    """The bytes that this key signs to sign this head."""
    if key.kind == ED25519:
        return head.text
    if key.kind == COSIGNATURE:
        return b"cosignature/v1\ntime %d\n" % seconds + head.text
    name, origin = key.name.encode(), head.origin.encode()
    return b"".join(
        (
            *(b"subtree/v1\n\x00", bytes([len(name)]), name, struct.pack(">Q", seconds)),
            *(bytes([len(origin)]), origin, struct.pack(">QQ", 0, head.size), head.root),
        )
    )


@lru_cache(maxsize=256)
def public_key(key: Key) -> Any:
    if key.kind != ML_DSA:
        return Ed25519PublicKey.from_public_bytes(key.public)
    if MLDSA44PublicKey is None:
        raise UnsupportedAlgorithm("ML-DSA-44")
    return MLDSA44PublicKey.from_public_bytes(key.public)


def usable(trust: Sequence[Key], report: Report) -> list[Key]:
    """The keys that this installation can verify with. What it cannot check is not proven."""
    found = []
    for key in trust:
        try:
            public_key(key)
            found.append(key)
        except ValueError as error:
            raise Unusable(f"--trust: the key of {key.name} is no public key.") from error
        except UnsupportedAlgorithm:
            report.incomplete("signature", key.name, "needs a `cryptography` that knows ML-DSA-44")
    return found


class Signed(NamedTuple):
    """Who has verifiably signed a head: names that signed with each kind of key that is trusted of
    them, so that whoever breaks one algorithm gains nothing; those that signed with some only; and
    the times that they state."""

    names: set[str]
    partly: set[str]
    times: list[tuple[str, int]]  # Name, and seconds since 1970.


def signed_by(head: Head, trust: Sequence[Key], report: Report, at: str) -> Signed:
    """Check all signatures of trusted keys. Lines of other keys are ignored."""
    trusted = {(key.name, key.key_id): key for key in trust}
    found: set[tuple[str, int]] = set()
    times: list[tuple[str, int]] = []
    for name, blob in head.lines:
        key = trusted.get((name, blob[:4]))
        if key is None:
            continue
        skip = 4 if key.kind == ED25519 else 12
        seconds = int.from_bytes(blob[4:skip], "big")
        try:
            public_key(key).verify(blob[skip:], message(key, head, seconds))
        except (InvalidSignature, ValueError):
            report.tampered("signature", at, f"the signature of {name} is wrong")
        else:
            report.checked["signature"] += 1
            found.add((name, key.kind))
            times += [(name, seconds)] if seconds else []
    kinds = {name: {key.kind for key in trust if key.name == name} for name, _ in found}
    names = {n for n, needed in kinds.items() if {(n, k) for k in needed} <= found}
    return Signed(names, set(kinds) - names, times)


# ---- 6. Time stamps ------------------------------------------------------------------------------
# An RFC 3161 response is DER: tag, length, content, nested. Only what it says is read here, the
# hash and the time; that an authority has signed it is checked by the `openssl` command printed.

INTEGER, OCTETS, OBJECT, SEQUENCE, TIME, EXPLICIT = 0x02, 0x04, 0x06, 0x30, 0x18, 0xA0


def der(content: bytes, tag: int, at: int = 0) -> tuple[bytes, int]:
    """The content of the element at a place, which must have this tag, and the place behind it."""
    if content[at] != tag:
        raise ValueError(f"expected the DER tag {tag:#x}, not {content[at]:#x}")
    length, start = content[at + 1], at + 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(content[at + 2 : start], "big")
    if start + length > len(content):
        raise ValueError("an element that is longer than what holds it")
    return content[start : start + length], start + length


def stamped(response: bytes) -> tuple[bytes, datetime]:
    """The hash that was stamped, and when. ValueError or IndexError where there is none."""
    body, _ = der(response, SEQUENCE)
    status, after = der(body, SEQUENCE)
    if der(status, INTEGER)[0] not in (b"\x00", b"\x01"):
        raise ValueError("the authority has not granted it")
    content, _ = der(body, SEQUENCE, after)
    _, after = der(content, OBJECT)
    signed, _ = der(der(content, EXPLICIT, after)[0], SEQUENCE)
    _, after = der(signed, INTEGER)  # Version, then the set of digest algorithms.
    _, after = der(signed, 0x31, after)
    inner, _ = der(signed, SEQUENCE, after)
    _, after = der(inner, OBJECT)
    info, _ = der(der(der(inner, EXPLICIT, after)[0], OCTETS)[0], SEQUENCE)
    _, after = der(info, INTEGER)  # Version, then the policy.
    _, after = der(info, OBJECT, after)
    imprint, after = der(info, SEQUENCE, after)
    _, behind = der(imprint, SEQUENCE)
    _, after = der(info, INTEGER, after)  # Serial number.
    text = der(info, TIME, after)[0].decode("ascii")
    moment = datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return der(imprint, OCTETS, behind)[0], moment


# ---- 7. One log ----------------------------------------------------------------------------------


class Given(NamedTuple):
    """What came by another way than the bundle."""

    trust: list[Key]
    known: list[Head]
    quorum: int
    tolerance: int  # microseconds that the clocks of two machines may differ


class Identities:
    """The ids of all events, in 28 bytes each, by their last bits, which are random: so that each
    block is small when it is sorted, and a million of them are compared in little memory."""

    ENTRY = struct.Struct(">16sIq")

    def __init__(self) -> None:
        self.blocks = [bytearray() for _ in range(64)]

    def add(self, event: Event, log: int) -> None:
        block = self.blocks[event.event_id[15] & 63]
        block += self.ENTRY.pack(event.event_id, log, event.position)

    def check(self, logs: Sequence[LogEntry], report: Report) -> None:
        width = self.ENTRY.size
        for block in self.blocks:
            content = bytes(block)
            entries = sorted([content[at : at + width] for at in range(0, len(content), width)])
            report.checked["identity"] += len(entries)
            for one, other in pairwise(entries):
                if one[:16] == other[:16]:
                    (_, first, before), (_, log, position) = map(self.ENTRY.unpack, (one, other))
                    message = f"has the id of {logs[first].name}/{before}"
                    report.tampered("identity", f"{logs[log].name}/{position}", message)


class Past:
    """What is remembered of each event of a log, in 26 bytes, for checks across logs."""

    def __init__(self) -> None:
        self.positions, self.recorded = array("q"), array("q")
        self.cause_log = array("h")  # The number of a log in the bundle; -1 for none.
        self.cause_position = array("q")

    def recorded_at(self, position: int) -> int | None:
        place = bisect_left(self.positions, position)
        found = place < len(self.positions) and self.positions[place] == position
        return self.recorded[place] if found else None


# The events of a budget line: of all that a case leaves, only these stand among those of others.
BUDGET_LINE = frozenset(
    b"budgeting." + name
    for name in (
        *(b"BudgetLineOpened", b"CeilingChanged", b"FundsEarmarked", b"EarmarkRefused"),
        *(b"EarmarkReleased", b"FundsCommitted", b"FundsSpent", b"SpendingReversed"),
    )
)

STRIDE = 256 * 256  # So many new events at most does a log read before it signs the next head.
LAG = 60 * 1_000_000  # So many microseconds it may take for that.
CAUSE = re.compile(rb'"causationid":"event:([a-z0-9]+/[a-z0-9]+)/([1-9][0-9]{0,17})"')


def ledger_of(origin: str) -> str:
    """The origin of a log without the number of its epoch, which the first one does not have."""
    return re.sub("/[0-9]+$", "", origin)


def origin_of(ledger: str, epoch: int) -> str:
    return f"{ledger}/{epoch}" if epoch > 1 else ledger


def epoch_of(origin: str) -> int:
    return int(origin.removeprefix(ledger_of(origin))[1:10] or 1)


class Epoch(NamedTuple):
    """One growth of a ledger, over which one log has signed heads, in order of size. It goes on, or
    an incident ended it: then the next one begins at the first event, under another origin."""

    origin: str
    folder: str
    tree: Tree
    heads: list[Head]


class Incident(NamedTuple):
    """What was put on record of a store that no longer led to the last head known of it: that head,
    and what was found instead."""

    position: int
    epoch: int  # Begins here.
    origin: str
    size: int
    root: str
    found_size: int
    found_leaf: str


def incident_of(event: Event) -> Incident:
    """The incident that an event records; a KeyError or ValueError where it is none."""
    state = readable(event.state, {})
    numbers = [state[name] for name in ("epoch", "known_size", "found_size")]
    if not all(type(number) is int and 0 <= number < 1 << 62 for number in numbers):
        raise ValueError(f"numbers {numbers}")
    epoch, size, found_size = numbers
    known = (str(state["known_origin"]), size, str(state["known_root"]))
    return Incident(event.position, epoch, *known, found_size, str(state["found_leaf"]))


class LogCheck:
    """The checks of one log, in the order in which `run` makes them."""

    def __init__(
        self, bundle: Bundle, log: LogEntry, given: Given, ids: Identities, report: Report
    ) -> None:
        self.bundle, self.log, self.given, self.report = bundle, log, given, report
        self.ids, self.number = ids, bundle.numbers[log.name]
        self.folder = f"logs/{log.name}/"
        self.tree = Tree(bundle, self.folder, log.head, report)
        self.past = Past()
        self.ledger = ledger_of(log.origin)
        self.next_position, self.missing = 1, 1 << 63  # Expected next; where the last hole began.
        self.incidents: list[Incident] = []
        self.anchors: list[tuple[int, dict[str, Any]]] = []  # Position and state of the event.
        self.documents: dict[int, list[Any]] = {}  # By the event that is to name them.
        self.rules: dict[int, tuple[str, Any]] = {}  # Files of rules, by the event that has them.
        self.versions: dict[bytes, int] = {}  # The last of each aggregate.
        self.shared = {UUID(each).bytes for each in log.shared if not bundle.is_whole}
        self.parted: set[bytes] = set()  # Shared aggregates of which events are here.

    def run(self) -> Past:
        message = f"is here under this name, but it is {self.log.origin}"
        is_its = self.ledger.endswith(f"/{self.log.name}")
        self.report.check(is_its, "log", self.log.name, message)
        self.tree.check_tiles()
        self.check_events()
        self.check_incidents()
        self.newest = self.epoch(self.log.origin, self.folder)
        start = f"{self.folder}epochs/"
        here = {name.removeprefix(start).split("/")[0] for name in self.bundle.names(start, "")}
        self.ended = [
            self.epoch(origin_of(self.ledger, number), f"{start}{number}/")
            for number in self.log.ended
            if str(number) in here
        ]
        covered = max(self.check_heads(each) for each in (self.newest, *self.ended))
        self.check_known_heads()
        self.check_anchors()
        self.check_coverage(covered)
        return self.past

    def at(self, position: int) -> str:
        return f"{self.log.name}/{position}"

    # -- Events

    def check_events(self) -> None:
        for name, position, path in self.bundle.rules:
            if name == self.log.name:
                rules = parsed_json(self.bundle.read(path, self.report), path)
                self.rules[position] = (path, rules)
        last = Event(0, b"", b"", 0, b"", 0, -(1 << 63), b"", b"")
        in_member = ""
        for record, stored, member in records(self.bundle, self.log, self.report):
            if member != in_member:
                self.expect_documents(member)
                in_member = member
            try:
                event = event_of(record)
            except (ValueError, struct.error):
                self.report.tampered("leaf", self.at(last.position + 1), "is no event")
                continue
            self.check_leaf(event, sha256(record).digest(), stored)
            self.check_order(event, last)
            self.check_version(event)
            self.remember(event)
            last = event
        self.expect_documents("")
        for check in ("position", "leaf", "time"):
            self.report.checked[check] += len(self.past.positions)
        if self.bundle.is_whole and self.next_position != self.log.size + 1:
            end, message = self.next_position, f"the log is said to end at {self.log.size}"
            is_missing = "is missing" if end <= self.log.size else "is beyond the end"
            end = min(end, self.log.size + 1)
            self.report.tampered("position", self.at(end), f"{is_missing}: {message}")
        if self.parted:
            lines = ", ".join(str(UUID(bytes=each)) for each in sorted(self.parted))
            self.report.notes.append(
                f"{self.log.name}: other cases draw on these budget lines too, so that the bundle"
                f" has single events of them; that none is missing is not proven: {lines}"
            )

    def check_leaf(self, event: Event, digest: bytes, stored: bytes) -> None:
        """The event, the leaf that was stored beside it, and the one that the tree has there."""
        at, in_tree = self.at(event.position), stored
        if 0 < event.position <= self.tree.size:
            try:
                in_tree = self.tree.leaf(event.position)
            except MissingTile as missing:
                self.report.tampered("tile", at, f"cannot be found in the tree: {missing}")
        if digest == stored == in_tree:
            return
        message = "is not the event that the tree has at this position"
        if stored == in_tree:
            message = "does not hash to its leaf: the event was changed"
        elif digest == in_tree:
            message = "hashes to its place in the tree; the leaf beside it does not"
        self.report.tampered("leaf", at, message)

    def check_order(self, event: Event, last: Event) -> None:
        """Position and time: each follows from what came before. Of a hole, the place is the first
        position that is missing; one event with a wrong position does not put the rest in doubt."""
        position, skipped = event.position, self.next_position
        if position < skipped and position != self.missing + 1:
            self.report.tampered("position", self.at(position), f"stands behind {last.position}")
        else:
            if position > skipped and self.bundle.is_whole:
                message = f"is missing: event {position} follows event {last.position}"
                self.report.tampered("position", self.at(skipped), message)
                self.missing = skipped
            self.next_position = position + 1
        if event.recorded_at < last.recorded_at:
            message = f"was recorded {instant(event.recorded_at)}, before position {last.position}"
            self.report.tampered("time", self.at(event.position), message)

    def check_version(self, event: Event) -> None:
        """Each is the next one. In a bundle of some cases, those of a budget line only rise; what
        the manifest calls shared and is none must be there without a hole."""
        expected = self.versions.get(event.aggregate, 0) + 1
        self.versions[event.aggregate] = event.version
        is_shared = event.aggregate in self.shared and event.topic in BUDGET_LINE
        if is_shared and event.version >= expected:
            self.parted.add(event.aggregate)
            return
        which = UUID(bytes=event.aggregate)
        message = f"is version {event.version} of {which}, expected {expected}"
        is_next = event.version == expected
        self.report.check(is_next, "aggregate", self.at(event.position), message)

    def remember(self, event: Event) -> None:
        """What later checks ask for, and what somebody should read."""
        cause = CAUSE.search(event.metadata)
        number = self.bundle.numbers.get(cause[1].decode(), -1) if cause else -1
        self.ids.add(event, self.number)
        if cause and number < 0:
            self.miss_log(event, cause[1].decode())
        self.past.positions.append(event.position)
        self.past.recorded.append(event.recorded_at)
        self.past.cause_log.append(number)
        self.past.cause_position.append(int(cause[2]) if cause else 0)
        self.check_documents(event)
        if event.topic.endswith(b".HeadAnchored"):
            self.anchors.append((event.position, readable(event.state, {})))
        elif event.topic.endswith(b".DemonstrationDeclared") and event.position == 1:
            self.report.notes.append(f"{self.log.name} is a DEMONSTRATION: programs acted in it.")
        elif event.topic.endswith(b".IncidentRecorded"):
            self.report.notes.append(f"{self.at(event.position)} records an INCIDENT: read it.")
            try:
                self.incidents.append(incident_of(event))
            except (KeyError, ValueError) as error:
                message = f"records an incident that cannot be read: {error!r}"
                self.report.tampered("incident", self.at(event.position), message)

    def miss_log(self, event: Event, upstream: str) -> None:
        """An event follows from one of a log that is not listed: it was left out."""
        find = self.report.tampered if self.bundle.is_whole else self.report.incomplete
        message = f"says that it follows from an event of {upstream}, a log that is not here"
        find("causation", self.at(event.position), message)

    def expect_documents(self, member: str) -> None:
        """Take the list beside the next member with events; nothing of the last may be left."""
        for position in [*self.documents, *([] if member else self.rules)]:
            message = "is said to name a document or rules, and is not there"
            self.report.tampered("document", self.at(position), message)
        self.documents = {}
        name = member.replace("/events/", "/documents/").replace(".bin", ".json")
        if member and self.bundle.has(name):
            try:
                for entry in parsed_json(self.bundle.read(name, self.report), name):
                    self.documents.setdefault(entry["position"], []).append(entry)
            except (KeyError, TypeError) as error:
                raise Unusable(f"{name} is no list of documents: {error!r}") from error

    def check_documents(self, event: Event) -> None:
        """The list and the file of rules that belong to an event, and the same from its state."""
        at, position = self.at(event.position), event.position
        documents, listed = documents_in(event), self.documents.pop(position, [])
        if documents or listed:
            message = "does not name the documents that the bundle lists of it"
            self.report.check(documents == listed, "document", at, message)
        rules, (path, of_file) = rules_in(event), self.rules.pop(position, ("", None))
        if rules or path:
            name, definition = rules or ("", None)
            is_named = path in (f"{name}.{position}.json", f"{name}.json")
            message = f"does not have the rules that the bundle has of it in {path or 'no file'}"
            self.report.check(is_named and definition == of_file, "document", at, message)

    # -- Heads

    def epoch(self, origin: str, folder: str) -> Epoch:
        """The heads in a folder, without their signatures: there may be hundreds of thousands. What
        an ended log left of its tree are the tiles that were full, without those that are the same
        in the log that goes on."""
        found = self.heads_in(origin, folder, self.report)
        heads = [
            each.without_lines()._replace(origin=origin) for each in found
        ]  # One text for all.
        if folder == self.folder:
            return Epoch(origin, folder, self.tree, heads)
        full = heads[-1].size >> 8 << 8 if heads else 0
        tree = Tree(self.bundle, folder, full, self.report, self.tree)
        tree.check_tiles()
        return Epoch(origin, folder, tree, heads)

    def heads_in(self, origin: str, folder: str, report: Report) -> Iterator[Head]:
        """Each head in a folder, with its signatures, in order of size."""
        last = -1
        for name, note in self.notes_in(f"{folder}checkpoints/"):
            try:
                head = head_of(note)
            except ValueError as error:
                report.tampered("signature", name, f"is no signed head: {error}")
                continue
            is_named = name.endswith((f"/{head.size:012}.note", ".notes"))
            if head.origin == origin and is_named and head.size > last:
                yield head
                last = head.size
            else:
                message = f"is a head of {head.origin} with size {head.size}"
                report.tampered("root", name, message)

    def notes_in(self, folder: str) -> Iterator[tuple[str, bytes]]:
        """Each note, and the member that it stands in: one of its own or, where there are very
        many, one with a thousand, each behind its length."""
        for name in self.bundle.names(folder, (".note", ".notes")):
            content = self.bundle.read(name, self.report)
            if name.endswith(".note"):
                yield name, content
                continue
            at = 0
            while at < len(content):
                end = at + 4 + int.from_bytes(content[at : at + 4], "big")
                if end > len(content):
                    raise Unusable(f"{name}: a note goes beyond the end of the file.")
                yield name, content[at + 4 : end]
                at = end

    def check_heads(self, epoch: Epoch) -> int:
        """Roots, signatures and witnesses. Up to which position they cover the history."""
        trust, origin, quorum = self.given.trust, epoch.origin, self.given.quorum
        has_keys = any(key.name == origin for key in trust)
        # The operator holds the keys of all logs: one of them is no witness of another.
        witnesses = {key.name for key in trust if key.kind == COSIGNATURE} - {origin}
        has_root = self.has_root if epoch is self.newest else self.is_kept
        covered = good = last = 0
        partly: dict[str, list[int]] = {}  # Heads that a witness has signed with some of its keys.
        for head in self.heads_in(origin, epoch.folder, Report()):  # What is wrong was told.
            at = f"{self.log.name}/{good + 1}..{head.size}"
            is_good = has_root(epoch, head, at, good)
            good = head.size if is_good else good
            signed = signed_by(head, trust, self.report, at)
            if has_keys:
                message = f"the head of size {head.size} is not signed by the log's trusted keys"
                self.report.check(origin in signed.names, "signature", at, message)
            for name, seconds in signed.times if is_good else ():
                what = f"was recorded after the head of size {head.size} was signed"
                self.check_moment("time", seconds, head, what)
                if name == origin and head.size - last < STRIDE:
                    self.check_next(seconds, head)
            last = head.size
            for name in signed.partly & witnesses:
                partly.setdefault(name, []).append(head.size)
            if len(signed.names & witnesses) >= quorum > 0:
                covered = head.size if is_good or epoch is self.newest else covered
                self.report.checked["witness"] += 1
        for name, sizes in sorted(partly.items()):
            self.report.notes.append(
                f"{self.log.name}: {name} has signed {len(sizes)} of the heads, first that of size"
                f" {sizes[0]}, with some of its keys only, and counts for nothing there: a line was"
                " changed or taken out, or a key is younger. Compare with what the witness has."
            )
        if trust and (epoch.heads or self.log.size) and not has_keys:
            message = f"no key of {origin} is among those trusted"
            self.report.incomplete("signature", self.log.name, message)
        self.check_timestamps(epoch)
        if epoch is not self.newest:
            self.check_parting(epoch)
        if quorum == 0:  # The auditor's own heads take the place of witnesses.
            known = [h for h in self.given.known if h.origin == origin and self.tree.has(h)]
            covered = max((head.size for head in known), default=0)
        return covered

    def has_root(self, epoch: Epoch, head: Head, at: str, good: int) -> bool:
        """Whether the tree has the root of this head; the head before it, `good`, had its own."""
        if head.size > min(self.tree.size, self.log.size):
            message = f"a head of size {head.size} is signed, but the log ends at {self.log.size}"
            self.report.tampered("root", at, message)
            return False
        holds = self.tree.has(head)
        if holds is None:
            message = f"head {head.size} cannot be computed: {self.tree.missing}"
            self.report.tampered("tile", at, message)
        else:
            message = f"the tree has another root at {head.size}; the last that agrees is {good}"
            self.report.check(holds, "root", at, message)
        return holds is True

    def check_moment(self, check: str, seconds: int, head: Head, what: str) -> None:
        """Whether somebody signed a head after its last event was recorded. A clock that was ahead
        and was put right can make it seem otherwise, and nobody is accused of that."""
        self.report.checked[check] += 1
        recorded_at = self.past.recorded_at(head.size) or 0
        if (seconds + 1) * 1_000_000 + self.given.tolerance < recorded_at:
            message = f"{what}: the clocks differ, or one was set"
            self.report.incomplete(check, self.at(head.size), message)

    def check_next(self, seconds: int, head: Head) -> None:
        """Whether what a head lacks was recorded after the log had signed it, for it had read all
        there was. Who inserts or appends an event with an early date is told so; nobody is accused,
        because a clock that was set, or an append that hung, can look the same."""
        place = bisect_left(self.past.positions, head.size + 1)
        if place == len(self.past.positions):
            return
        self.report.checked["time"] += 1
        early = seconds * 1_000_000 - self.past.recorded[place]
        if early > LAG + self.given.tolerance:
            message = (
                f"was recorded {early // 1_000_000} s before the head of size {head.size} was"
                " signed, which lacks it: it was dated back, or a clock was set"
            )
            self.report.incomplete("time", self.at(self.past.positions[place]), message)

    # -- Logs that incidents ended

    def check_incidents(self) -> None:
        """Each ends the log before it and begins the next one; the last has begun this one."""
        last, epoch = 1, epoch_of(self.log.origin)
        for each in self.incidents:
            at = self.at(each.position)
            is_next = each.epoch > last and each.origin == origin_of(self.ledger, each.epoch - 1)
            message = f"ends {each.origin} and begins epoch {each.epoch}, but epoch {last} went on"
            self.report.check(is_next, "incident", at, message)
            message = f"says of event {each.found_size} what it is not"
            self.report.check(self.was_found(each), "incident", at, message)
            message = f"ends {each.origin}, of which a head of {each.size} events is lost"
            self.report.incomplete("incident", at, f"{message}: what it had signed is not all here")
            last = max(last, each.epoch)
        if epoch != last:  # The one that began this log may lie above the end of this bundle.
            is_cut = epoch > last and (not self.bundle.is_whole or self.tree.size > self.log.size)
            find = self.report.incomplete if is_cut or not self.tree.size else self.report.tampered
            message = f"is {self.log.origin}, but by the incidents that are here it is epoch {last}"
            find("incident", self.log.name, message)

    def was_found(self, incident: Incident) -> bool:
        """Whether the event in front of an incident is the one that the incident names."""
        size, is_before = incident.found_size, incident.found_size < incident.position
        try:
            leaf = self.tree.leaf(size).hex() if 0 < size <= self.tree.size else ""
        except MissingTile:
            leaf = ""  # This part of the history does not tell.
        return is_before and leaf in ("", incident.found_leaf)

    def ended_by(self, head: Head) -> Incident | None:
        later = bisect_right(self.incidents, epoch_of(head.origin), key=lambda each: each.epoch)
        return self.incidents[later] if later < len(self.incidents) else None

    def leads_to(self, head: Head) -> bool | None:
        """Whether a head of an ended log is in this history. None where nobody can tell: the log
        that goes on has signed no head of this size yet, or a tile is missing."""
        end = self.ended_by(head)
        if self.tree.size < head.size < (end.position if end else self.log.size + 1):
            return None
        return self.tree.has(head)

    def is_kept(self, epoch: Epoch, head: Head, at: str, good: int) -> bool:
        """Whether this history leads to a head of an ended log. What it does not lead to was lost:
        the ended log must have grown consistently all the same, as far as its tiles show."""
        kept, end = self.leads_to(head), self.ended_by(head)
        if kept is None and head.size <= self.tree.size:
            message = f"head {head.size} cannot be computed: {self.tree.missing}"
            self.report.tampered("tile", at, message)
        if head.size <= epoch.tree.size:
            message = f"the tree of {head.origin} has another root at {head.size}"
            self.report.check(epoch.tree.has(head) is True, "root", at, message)
        if kept and end and head.size >= end.position:
            message = f"a head of {head.origin} is signed over the incident that ended it"
            self.report.tampered("incident", at, message)
        self.check_said(head)
        return kept is True

    def check_said(self, head: Head) -> None:
        """An incident names the last head of the log that it ends: there is no longer one."""
        end = self.ended_by(head)
        if end and end.origin == head.origin:
            is_last = head.size < end.size or (head.size, head.root.hex()) == (end.size, end.root)
            named = f"names a head of {end.size} events as the last one of {end.origin}, but one of"
            message = f"{named} {head.size} is signed, with the root {head.root.hex()}"
            self.report.check(is_last, "incident", self.at(end.position), message)

    def check_parting(self, epoch: Epoch) -> None:
        """An ended log and this history part once, and for good. Where, is said."""
        kept = [self.leads_to(head) for head in epoch.heads]
        for (one, other), (before, after) in zip(
            pairwise(epoch.heads), pairwise(kept), strict=True
        ):
            if before is False and after:
                message = f"{other.origin} at {other.size} is in the history, but not at {one.size}"
                self.report.tampered("root", f"{self.log.name}/1..{one.size}", message)
        lost = [
            head.size for head, is_kept in zip(epoch.heads, kept, strict=True) if is_kept is False
        ]
        if lost:
            proven = max((h.size for h in epoch.heads if h.size <= epoch.tree.size), default=0)
            parting = epoch.tree.first_other(self.tree, proven)
            first = f"; event {parting} is the first that was another" if parting else ""
            self.report.notes.append(
                f"{self.log.name}: {kept.count(True)} heads of {epoch.origin} are in this history,"
                f" {len(lost)} from {lost[0]} to {lost[-1]} are not{first}."
            )

    # -- Heads from outside, stamps, and what is covered

    def check_known_heads(self) -> None:
        """The heads from outside: contained, or the history was rolled back or forked."""
        known = [head for head in self.given.known if head.origin == self.log.origin]
        has_key = any(key.name == self.log.origin for key in self.given.trust)
        # A log that is said to be empty may have been emptied.
        if self.given.known and not known and (self.log.size or has_key):
            message = f"you brought no head of {self.log.origin}"
            self.report.incomplete("known head", self.log.name, message)
        for head in self.given.known:
            if head.origin != self.log.origin and ledger_of(head.origin) == self.ledger:
                self.check_head_of_ended_log(head)
        roots = {head.size: head.root for head in self.newest.heads}
        for head in known:
            at = self.at(head.size)
            if head.size > self.log.size:
                self.check_head_beyond(head)
            elif head.size in roots:
                is_same = roots[head.size] == head.root
                self.report.check(is_same, "known head", at, "has another root in the bundle")
            elif self.bundle.is_whole:
                self.report.tampered("known head", at, "is not among the heads of the log")
            elif (holds := self.tree.has(head)) is None:
                message = "is not reached from this part of the history; ask for one of --all"
                self.report.incomplete("known head", at, message)
            else:
                self.report.check(holds, "known head", at, "is not in the tree of the log")

    def check_head_beyond(self, head: Head) -> None:
        """A bundle that was cut at an earlier head may have the tree, without events, up to a later
        one. Then the history was not rolled back, but what lies between is not there to be seen."""
        if self.tree.has(head):
            message = f"continues this log, but the bundle was cut at {self.log.size}, below it"
            self.report.incomplete("known head", self.at(head.size), message)
        else:
            message = f"the log ends at {self.log.size}: it was rolled back, or your head is"
            message = f"{message} newer than this bundle"
            self.report.tampered("known head", self.at(head.size), message)

    def check_head_of_ended_log(self, head: Head) -> None:
        """What was signed before an incident must still be in the history, or it was lost: however
        well that is explained, it is not the history of which you hold this head."""
        at, kept = self.at(head.size), self.leads_to(head)
        self.check_said(head)
        if kept is None:
            message = f"of {head.origin} is not yet below a head of {self.log.origin}"
            self.report.incomplete("known head", at, message)
        else:
            message = f"of {head.origin} is not in the history: since then events were lost or"
            self.report.check(kept, "known head", at, f"{message} replaced")

    def check_anchors(self) -> None:
        """Heads that events mention: neither they can be dropped later without a trace, nor can the
        note be exchanged that the log had signed, to which others have only added their lines."""
        epochs = (self.newest, *self.ended)
        heads = {(head.origin, head.size): head for epoch in epochs for head in epoch.heads}
        for position, state in self.anchors:
            origin, size, at = str(state.get("origin")), state.get("size"), self.at(position)
            if ledger_of(origin) != self.ledger:
                continue
            head = heads.get((origin, size)) if type(size) is int else None
            if head:
                message = f"mentions another head of size {size}, or another note, than is there"
                is_its = (head.root.hex(), head.noted.hex()) == (
                    state.get("root"),
                    state.get("note_sha256"),
                )
                self.report.check(is_its, "anchor", at, message)
            elif self.bundle.is_whole:
                is_ended = epoch_of(origin) < epoch_of(self.log.origin)  # It may be lost with them.
                find = self.report.incomplete if is_ended else self.report.tampered
                find("anchor", at, f"mentions a head of size {size} that is not there")

    def check_timestamps(self, epoch: Epoch) -> None:
        """What was stamped, and when. Whether the authority signed it, the command in the report
        tells."""
        heads = {f"{head.size:012}": head for head in epoch.heads}
        folder = f"{epoch.folder}timestamps/"
        for name in self.bundle.names(folder, ".tsr"):
            head = heads.get(name.removeprefix(folder)[:12])
            if head is None:
                self.report.tampered("timestamp", name, "is on a head that is not in the bundle")
                continue
            try:
                imprint, moment = stamped(self.bundle.read(name, self.report))
            except (ValueError, IndexError) as error:
                self.report.tampered("timestamp", name, f"is no time stamp on a head: {error}")
                continue
            is_its = sha256(head.text).digest() == imprint
            message = f"is not on the text of the head of size {head.size}"
            self.report.check(is_its, "timestamp", name, message)
            what = f"was recorded after the time stamp of {moment.isoformat()} on its head"
            if self.tree.has(head):
                self.check_moment("timestamp", int(moment.timestamp()), head, what)
            command = f"openssl ts -verify -digest {imprint.hex()} -in {name} -CAfile AUTHORITY.pem"
            self.report.notes.append(
                f"Not checked here: whether an authority signed {name}. Unpack the bundle and ask:"
                f" {command}"
            )

    def check_coverage(self, covered: int) -> None:
        """Say of which events nothing is proven yet."""
        events, quorum = len(self.past.positions), self.given.quorum
        if not self.bundle.is_whole and 0 < self.log.head < self.log.size:
            self.report.notes.append(
                f"{self.log.name}: events {self.log.head + 1} to {self.log.size} are above the last"
                " signed head; if any of them belongs to this part, it is not here to be seen."
            )
        above = events - bisect_left(self.past.positions, covered + 1)
        self.report.checked["coverage"] += events - above
        if above and (self.given.trust or not quorum):  # Without keys, one finding says it of all.
            who = "a witness has" if quorum == 1 else f"{quorum} witnesses have"
            what = f"{who} signed" if quorum else "you have"
            last = f"{covered}, the last head that {what}" if covered else f"any head that {what}"
            lies = "lies" if above == 1 else f"and {above - 1} more lie"
            self.report.incomplete("coverage", self.at(covered + 1), f"{lies} above {last}")
        self.report.logs.append(self.log._asdict() | {"events": events, "covered": covered})


# ---- 8. All logs ---------------------------------------------------------------------------------


def check_causes(bundle: Bundle, pasts: list[Past], given: Given, report: Report) -> None:
    """What followed from an event names it: it must be there, and have been recorded before."""
    for log, past in zip(bundle.logs, pasts, strict=True):
        for place, number in enumerate(past.cause_log):
            if number < 0:
                continue
            cause, upstream = past.cause_position[place], bundle.logs[number]
            before = pasts[number].recorded_at(cause)
            if before is None and cause <= upstream.size and not bundle.is_whole:
                continue  # Of another case: this bundle does not have it.
            report.checked["causation"] += 1
            at, cause_at = f"{log.name}/{past.positions[place]}", f"{upstream.name}/{cause}"
            if before is None or (upstream is log and cause >= past.positions[place]):
                message = f"says that it follows from {cause_at}, which is not there"
                report.tampered("causation", at, message)
            elif before > past.recorded[place] + given.tolerance:
                # A clock that was put right does that too, so that nobody is accused of it.
                seconds = (before - past.recorded[place]) / 1_000_000
                message = f"was recorded {seconds:.0f} s before {cause_at}, from which it follows"
                report.incomplete("causation", at, f"{message}: the clocks differ, or one was set")


def check_logs(bundle: Bundle, given: Given, report: Report) -> None:
    """Look for logs that should be here: those of which you have a head or a key."""
    ledgers = {ledger_of(log.origin) for log in bundle.logs}
    headed = {head.origin for head in given.known}
    for origin in sorted(headed):
        if ledger_of(origin) not in ledgers:
            message = "is a log of which you have a head; it is not here"
            report.tampered("known head", origin, message)
    for origin in sorted({key.name for key in given.trust if key.kind == ED25519} - headed):
        report.checked["log"] += 1
        if ledger_of(origin) not in ledgers:
            report.incomplete("log", origin, "is a log whose key you trust; it is not here")


def note_policy(bundle: Bundle, given: Given, report: Report) -> None:
    """How many witnesses the operator says must sign: no check rests on it, but you should know."""
    if not bundle.has("policy.json"):
        return
    quorum = readable(bundle.read("policy.json", report), {}).get("quorum")
    if type(quorum) is int and quorum > given.quorum:
        report.notes.append(
            f"By the operator's policy at least {quorum} of the witnesses must sign each head;"
            f" you asked for {given.quorum} (--quorum)."
        )


def verify(bundle: Bundle, given: Given, report: Report) -> None:
    report.scope = bundle.scope
    if not bundle.is_whole:
        report.notes.append(
            "This is a part of the history. That each event in it is genuine is proven here; that"
            " none was left out, only a bundle of everything (--all) can prove."
        )
    if not given.trust:
        message = (
            "was not given: whoever wrote the bundle can have signed it, and no event is proven"
        )
        report.incomplete("signature", "--trust", message)
    if not given.known:
        message = "was not given: a history that was rolled back would look the same"
        report.incomplete("known head", "--known-head", message)
    bundle.check_listed(report)
    ids = Identities()
    pasts = [LogCheck(bundle, log, given, ids, report).run() for log in bundle.logs]
    ids.check(bundle.logs, report)
    check_causes(bundle, pasts, given, report)
    check_logs(bundle, given, report)
    note_policy(bundle, given, report)
    bundle.check_the_rest(report)


# ---- 9. Reading ----------------------------------------------------------------------------------


def as_read(log: LogEntry, event: Event, stored: bytes) -> dict[str, Any]:
    """An event as a person reads it: the fields that were hashed, then the leaf."""
    fields = event._asdict() | {
        "event_id": str(UUID(bytes=event.event_id)),
        "aggregate": str(UUID(bytes=event.aggregate)),
        "topic": event.topic.decode(errors="replace"),
        "recorded_at": instant(event.recorded_at),
        "state": readable(event.state),
        "metadata": readable(event.metadata),
    }
    return {"log": log.name, **fields, "leaf": stored.hex()}


def read_events(bundle: Bundle, what: str, wanted: Callable[[LogEntry, Event], bool]) -> int:
    """Print the events that are asked for, a line of JSON each, in order of time. Exit code."""
    found: list[tuple[int, str]] = []
    for log in bundle.logs:
        for record, stored, member in records(bundle, log, Report()):
            try:
                event = event_of(record)
            except (ValueError, struct.error) as error:
                raise Unusable(f"{member} holds something that is no event: {error}") from error
            if wanted(log, event):
                line = plain(json.dumps(as_read(log, event, stored), ensure_ascii=False))
                found.append((event.recorded_at, line))
    for _, line in sorted(found, key=lambda each: each[0]):
        print(line)
    if not found:
        print(plain(f"There is no {what} in this bundle."), file=sys.stderr)
    return 0 if found else 3


# ---- 10. The command -----------------------------------------------------------------------------


def print_report(report: Report, path: Path) -> None:
    print(plain(f"{path}"))
    for log in report.logs:
        covered = f"covered to position {log['covered']} of {log['size']}"
        print(
            plain(f"  {log['name']:<22} {log['events']:>9} events, {covered}   ({log['origin']})")
        )
    print(f"\n  {'check':<12} {'made':>9} {'failed':>7}  what it means when it holds")
    for check, meaning in CHECKS.items():
        made, failed = report.checked[check], report.failed[check]
        print(f"  {check:<12} {made:>9} {failed:>7}  {meaning}")
    print()
    for note in report.notes:
        print(plain(f"Note: {note}"))
    for verdict, check, at, message in report.findings:
        print(plain(f"{verdict.upper()}: {check}: {at} {message}."))
    told, found = len(report.findings), sum(report.failed.values())
    if found > told:
        print(f"... and {found - told} more of the same checks.")
    print(plain(f"Verdict: {report.verdict}"))


def print_json(report: Report, path: Path) -> None:
    content = {
        "bundle": str(path),
        "exit_code": report.exit_code,
        "verdict": report.verdict,
        "scope": report.scope,
        "logs": report.logs,
        "checks": {c: [report.checked[c], report.failed[c]] for c in CHECKS},
        "findings": [finding._asdict() for finding in report.findings],
        "notes": report.notes,
    }
    for line in json.dumps(content, indent=2, ensure_ascii=False).split("\n"):
        print(plain(line))


def known_heads(paths: Sequence[Path], trust: Sequence[Key]) -> list[Head]:
    """The heads from outside. Where the log's key is trusted, they must be signed with it."""
    heads = []
    files = [sorted(path.glob("*.note")) if path.is_dir() else [path] for path in paths]
    for path in (each for some in files for each in some):
        try:
            head = head_of(path.read_bytes())
        except (OSError, ValueError) as error:
            raise Unusable(f"--known-head: {path} holds no signed head: {error}") from error
        is_known = any(key.name == head.origin for key in trust)
        if is_known and head.origin not in signed_by(head, trust, Report(), "").names:
            raise Unusable(f"--known-head: {path} is not signed by the trusted key of its log.")
        heads.append(head)
    return heads


def not_negative(word: str) -> int:
    number = int(word)
    if number < 0:
        raise argparse.ArgumentTypeError(f"expected 0 or more, not {word}")
    return number


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    summary, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("bundle", type=Path, metavar="BUNDLE")
    add("--trust", type=Path, metavar="KEYS", help="file of public keys, got by another way")
    help_ = "head that you got earlier, or a folder of such files"
    add(
        "--known-head",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="NOTE",
        help=help_,
    )
    add(
        "--quorum",
        type=not_negative,
        default=1,
        metavar="N",
        help="witnesses that must have signed (1)",
    )
    help_ = "between machines (60)"
    add("--clock-tolerance", type=not_negative, default=60, metavar="SECONDS", help=help_)
    add("--json", action="store_true", help="print the report for programs")
    add("--show", metavar="LOG/POSITION", help="print one event, such as intake/main/17, and end")
    add("--list", metavar="CASE", help="print the events of a case (reference or id), and end")
    return parser.parse_args(words)


def run(options: argparse.Namespace) -> int:
    bundle = Bundle(options.bundle)
    if options.show:
        what = f"event {options.show}"
        return read_events(bundle, what, lambda log, e: f"{log.name}/{e.position}" == options.show)
    if options.list:
        case = {options.list, str(uuid5(NAMESPACE_URL, f"/cases/{options.list}"))}
        what = f"event of the case {options.list}"
        return read_events(bundle, what, lambda log, event: case_of(event) in case)
    report = Report()
    trust = usable(keys_in(options.trust) if options.trust else [], report)
    known = known_heads(options.known_head, trust)
    tolerance = options.clock_tolerance * 1_000_000
    try:
        verify(bundle, Given(trust, known, options.quorum, tolerance), report)
    except Unusable as unusable:
        if report.exit_code != 1:
            raise
        report.notes.append(f"Not everything could be checked: {unusable}")
    (print_json if options.json else print_report)(report, options.bundle)
    return report.exit_code


def main(words: Sequence[str] | None = None) -> int:
    try:
        options = arguments(words)
    except SystemExit as wrong:  # Wrong use must not look like "incomplete".
        return 3 if wrong.code else 0
    for stream in (sys.stdout, sys.stderr):  # Some consoles cannot write every letter.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        return run(options)
    except Unusable as unusable:
        print(plain(f"UNUSABLE: {unusable}"), file=sys.stderr)
    except BrokenPipeError:
        pass
    return 3


def program() -> int:
    """A defect of this program must not look like "tampered", which is what Python ends with."""
    try:
        return main()
    except Exception:  # noqa: BLE001 - whatever it is, it is told, and proves nothing.
        traceback.print_exc()
        print("UNUSABLE: this program failed, see above; that proves nothing.", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(program())
