"""A clean history with its logs, and what an auditor holds who has never seen the operator's files.

The ledgers grow in parts. After each part the logs sign their heads, a witness with a folder of
its own cosigns them, a timestamp authority stamps them, and they are exported to a folder out of
the operator's reach. Nothing is tampered with here.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from uuid import uuid4

import msgspec

from grant_audit.bundle.source import Source
from grant_store.leaf import instant_of
from grant_store.log.checkpointer import Checkpointer
from grant_store.log.export import export
from grant_store.log.log_keys import PRIVATE_SUFFIX, keys_of_log
from grant_store.log.note import Note
from grant_store.log.proving import ProvingLog
from grant_store.log.store import LogStore, SignedHead
from grant_store.log.witness import PUBLIC_KEYS, Witness
from grant_store.opening import open_log, open_store
from grant_store.rows import Append, LedgerEvent
from histories.recording import Ledgers, new_event
from pruefpfad.bundles import DOWNSTREAM_FIRST, sources_of
from store.log.timestamp_authority import TimestampAuthority
from tamper.files import Files
from tamper.stores import Stores

LOG_NAME = "pruefpfad.test"
WITNESS = "pruefbehoerde.example/witness"
A_SECOND = timedelta(seconds=1)


def origin_of(service: str) -> str:
    return f"{LOG_NAME}/{service}/main"


@dataclass(frozen=True)
class Outside:
    """What reached the auditor by another way: keys, and the heads that the witness has seen.

    Some worlds have clocks that leap; then the operator has said by how much.
    """

    trust: Path
    known: Sequence[Path]
    root_certificate: Path
    tolerance_seconds: int = 60


@dataclass
class Scene:
    """One history. `backups` are copies of the stores, one taken after each part."""

    folder: Path
    stores: Stores
    tolerance_seconds: int = 60
    backups: list[Stores] = field(default_factory=list)
    is_anchored: bool = False
    """Whether the last event of each log names the head before it."""
    covered: dict[str, int] = field(default_factory=dict)
    """The size of the last cosigned head of each service's log,"""
    signed: dict[str, int] = field(default_factory=dict)
    """and that of the last head;"""
    recorded: dict[str, int] = field(default_factory=dict)
    """the position of the last event of each ledger."""
    _known: dict[str, Path] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.folder.name} ({self.stores.kind})"

    @property
    def witness(self) -> Path:
        return self.folder / "witness"

    @property
    def exported(self) -> Path:
        """The write-once folder of heads."""
        return self.folder / "exported"

    @property
    def public_keys(self) -> Path:
        """The folder of the logs' public keys, as services have it."""
        return self.folder / "public keys"

    @property
    def outside(self) -> Outside:
        return Outside(
            self.folder / "trust.txt",
            list(self._known.values()),
            self.folder / "authority" / "root.pem",
            self.tolerance_seconds,
        )

    def outside_with(self, heads: str) -> Outside:
        """What an auditor holds who brings "all" heads, the "last" ones only, "none", or those
        of all logs but one: "not SERVICE"."""
        last = [f"{service}.{size:012}.note" for service, size in sorted(self.covered.items())]
        if heads.startswith("not "):
            unknown = f"{heads.removeprefix('not ')}."
            names = [name for name in self._known if not name.startswith(unknown)]
        else:
            names = {"all": list(self._known), "last": last, "none": []}[heads]
        return replace(self.outside, known=[self._known[name] for name in names])

    def head_above(self, service: str, position: int) -> int:
        """The first cosigned head at or above a position; 0 if there is none."""
        known = [name.split(".") for name in self._known]
        sizes = [int(size) for each, size, _ in known if each == service]
        return min((size for size in sizes if size >= position), default=0)

    def know(self, note: Path) -> None:
        self._known[note.name] = note


class Building:
    """Makes a scene: ledgers that grow, logs, a witness and an authority."""

    def __init__(
        self, folder: Path, stores: Stores, tolerance_seconds: int, services: Sequence[str]
    ) -> None:
        self.scene = Scene(folder, stores, tolerance_seconds)
        self._stores = stores
        self._witness = Witness.init(self.scene.witness, WITNESS)
        self._authority = TimestampAuthority(folder / "authority")
        (folder / "known").mkdir()
        self._trust(services)

    def grow(self, rows: Mapping[str, Sequence[LedgerEvent]]) -> None:
        """Record these rows of each service at their positions and instants, as a service does
        that was started for them and ends."""
        for service in DOWNSTREAM_FIRST:
            instants = [instant_of(0)]
            store = open_store(self._stores.url, service, clock=lambda: instants[-1])  # noqa: B023
            store.migrate()
            for instant, same in groupby(rows.get(service, ()), lambda row: row.recorded_at):
                instants.append(instant)
                store.append(Append(events=[new_event(row) for row in same]))
            self.scene.recorded[service] = store.head().position
            store.close()
            log = open_log(self._stores.url, service)
            log.migrate()
            log.close()

    def sign(self, *, cosigned: bool = True) -> None:
        """Sign what each service has recorded since, have it cosigned and stamped, and export."""
        with sources_of(self._stores.url, "main") as sources:
            for source in sources:
                head = self._signed(source)
                if head and cosigned:
                    self._cosign(source, head)
                    self._stamp(source.log, head)
                export(ProvingLog(source.log, source.ledger), self.scene.exported)

    def back_up(self) -> None:
        number = len(self.scene.backups) + 1
        self.scene.backups.append(self._stores.copy(f"backup {number}"))

    def anchor(self) -> None:
        """Carry the last head of each log into its history, and sign that too."""
        anchors: dict[str, list[LedgerEvent]] = {}
        with sources_of(self._stores.url, "main") as sources:
            for source in sources:
                head = source.log.last_head()
                if head is not None:
                    [last] = source.ledger.events_after(head.size - 1, 1)
                    anchors[source.service] = [_anchoring(source.service, head, last)]
        self.grow(anchors)
        self.sign()
        self.scene.is_anchored = True

    def _signed(self, source: Source) -> SignedHead | None:
        """The new head of a log, as its checkpointer signs it; None if nothing is new."""
        rows = source.ledger.events_after(source.ledger.head().position - 1, 1)
        at = rows[0].recorded_at + A_SECOND if rows else instant_of(0)
        keys_of = partial(keys_of_log, self._keys)
        heads = Checkpointer(LOG_NAME, source.log, source.ledger, keys_of, lambda: at).sign_all()
        if not heads:
            return None
        self.scene.signed[source.service] = heads[-1].size
        return heads[-1]

    def _cosign(self, source: Source, head: SignedHead) -> None:
        scene, service = self.scene, source.service
        request = ProvingLog(source.log, source.ledger).request(head, scene.covered.get(service, 0))
        lines = self._witness.cosign(bytes(request), head.signed_at + A_SECOND)
        note = Note.parse(head.note).with_lines(lines)
        for line in note.lines:
            if line.name == WITNESS:
                source.log.cosign(head.size, WITNESS, str(line).encode())
        scene.covered[service] = head.size
        known = scene.folder / "known" / f"{service}.{head.size:012}.note"
        known.write_bytes(bytes(note))
        scene.know(known)

    def _stamp(self, log: LogStore, head: SignedHead) -> None:
        question = self._authority.question(Note.parse(head.note).text)
        log.add_timestamp(head.size, "tsa.test", self._authority.reply(question))

    def _trust(self, services: Sequence[str]) -> None:
        """The file of these services' keys, and a witness that believes them."""
        keys = [(self.scene.witness / PUBLIC_KEYS).read_text("utf-8")]
        for service in services:
            verifiers = [key.verifier for key in keys_of_log(self._keys, origin_of(service))]
            keys += [f"{verifier}\n" for verifier in verifiers]
            for verifier in verifiers:
                self._witness.trust(verifier, instant_of(0))
        (self.scene.folder / "trust.txt").write_text("".join(keys), "utf-8")
        private = shutil.ignore_patterns(f"*{PRIVATE_SUFFIX}")
        shutil.copytree(self._keys, self.scene.public_keys, ignore=private)

    @property
    def _keys(self) -> Path:
        return self._stores.keys


def _anchoring(service: str, head: SignedHead, last: LedgerEvent) -> LedgerEvent:
    """The row that an operator's command would record behind the last one."""
    state = {
        "origin": origin_of(service),
        "size": head.size,
        "root": head.root.hex(),
        "note_sha256": sha256(head.note).hexdigest(),
    }
    return last._replace(
        position=last.position + 1,
        event_id=uuid4(),
        originator_id=uuid4(),
        originator_version=1,
        topic=f"{service}.HeadAnchored",
        schema_version=1,
        state=msgspec.json.encode(state),
        metadata=b"{}",
    )


def in_parts(ledgers: Mapping[str, Sequence[LedgerEvent]], parts: int) -> list[Ledgers]:
    """The same ledgers cut at instants, so that whatever caused an event is in no later part."""
    instants = sorted(row.recorded_at for rows in ledgers.values() for row in rows)
    cuts = [instants[len(instants) * part // parts - 1] for part in range(1, parts + 1)]
    found: list[Ledgers] = []
    begin = instant_of(0)
    for cut in cuts:
        found.append(
            {
                name: [row for row in rows if begin < row.recorded_at <= cut]
                for name, rows in ledgers.items()
            }
        )
        begin = cut
    return found


def a_scene(
    folder: Path,
    ledgers: Mapping[str, Sequence[LedgerEvent]],
    parts: int = 4,
    tail: str = "",
    tolerance_seconds: int = 60,
    stores: Stores | None = None,
) -> Scene:
    """A history of these ledgers, in these stores that have nothing yet, or in SQLite files. With a
    `tail`, the last part is "unsigned" or "uncosigned"; without one, heads are anchored in it."""
    folder.mkdir(parents=True)
    recorded = [service for service in DOWNSTREAM_FIRST if ledgers.get(service)]
    building = Building(folder, stores or Files(folder / "stores"), tolerance_seconds, recorded)
    *before, last = in_parts(ledgers, parts)
    for part in before:
        building.grow(part)
        building.sign()
        building.back_up()
    building.grow(last)
    if tail != "unsigned":
        building.sign(cosigned=tail != "uncosigned")
    building.back_up()
    if not tail:
        building.anchor()
        building.back_up()
    return building.scene
