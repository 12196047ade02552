"""An operator whose services have recorded something, and a witness outside.

Heads are signed here with the product's formats, so that a bundle of it is what a bundle of the
running system is.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

from grant_audit.bundle.source import Source
from grant_store.event_ids import new_event_id
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.log_keys import (
    KINDS_OF_WITNESS,
    SigningKey,
    cosignature_lines,
    keys_of_log,
    signed_note,
)
from grant_store.log.origins import origin_line
from grant_store.log.store import LogStore, SignedHead
from grant_store.log.tiles import TileBuilder
from grant_store.log.tree import CompactRange
from grant_store.opening import open_ledger_view, open_log, open_store
from grant_store.rows import Append, NewEvent
from grant_store.store import Store
from grant_values.cases import case_id_of
from pruefpfad.bundles import DOWNSTREAM_FIRST

LOG_NAME = "pruefpfad.test"
WITNESS = "pruefbehoerde.example/w1"
PROGRAMME = "ziq"


def an_event(
    topic: str,
    aggregate: str,
    version: int,
    *,
    case: str = "",
    cause: str = "",
    schema_version: int = 1,
    **state: object,
) -> NewEvent:
    metadata = {"actorid": "system:test"}
    if cause:
        metadata["causationid"] = f"event:{cause}"
    if case:
        metadata["caseid"] = str(case_id_of(case))
    return NewEvent(
        new_event_id(),
        uuid5(UUID(int=0), aggregate),
        version,
        topic,
        schema_version,
        json.dumps(state).encode(),
        json.dumps(metadata, separators=(",", ":")).encode(),
    )


@dataclass
class Operator:
    """Stores, logs and keys of all services at one address."""

    url: str
    folder: Path
    stores: dict[str, Store] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    witness: Sequence[SigningKey] = tuple(
        SigningKey.generate(WITNESS, kind) for kind in KINDS_OF_WITNESS
    )
    epochs: dict[str, int] = field(default_factory=dict)  # Those of services that had incidents.
    _trees: dict[str, tuple[TileBuilder, CompactRange]] = field(default_factory=dict)

    def record(self, service: str, *events: NewEvent) -> int:
        """Append events; the position of the last one."""
        return self.stores[service].append(Append(events=events)).first_position + len(events) - 1

    def source(self, service: str) -> Source:
        [found] = [each for each in self.sources if each.service == service]
        return found

    def origin(self, service: str) -> str:
        return origin_line(LOG_NAME, service, "main", self.epochs.get(service, 1))

    def sign(self, service: str, *, cosigned: bool = True, every: int = 1_000_000) -> None:
        """Sign all that the service has recorded, a head for that many leaves, and have it
        cosigned."""
        ledger, size = self.source(service).ledger, self._tree(service)[1].size
        while leaves := ledger.leaves(size, every):
            self._sign(service, leaves, cosigned=cosigned)
            size += len(leaves)

    def _tree(self, service: str) -> tuple[TileBuilder, CompactRange]:
        return self._trees.setdefault(service, (TileBuilder(), CompactRange()))

    def _sign(self, service: str, leaves: Sequence[bytes], *, cosigned: bool) -> None:
        source, at = self.source(service), datetime.now(UTC)
        tiles, tree = self._tree(service)
        full = []
        for leaf in leaves:
            full += tiles.append(leaf)
            tree.append(leaf)
        checkpoint = Checkpoint(self.origin(service), tree.size, tree.root())
        keys = keys_of_log(self.folder / "keys", self.origin(service))
        note = signed_note(checkpoint, keys, at)
        epoch = self.epochs.get(service, 1)
        source.log.add_head(SignedHead(tree.size, tree.root(), note, at, epoch), full)
        if cosigned:
            for key in self.witness:
                line = cosignature_lines(checkpoint, [key], at)
                source.log.cosign(tree.size, f"{key.name} {key.kind}", line)

    def copy_ledger(self, service: str, path: Path) -> None:
        """A backup of one ledger."""
        ledger, copy = sqlite3.connect(self._ledger(service)), sqlite3.connect(path)
        with closing(ledger), closing(copy):
            ledger.backup(copy)

    def put_back(self, service: str, path: Path) -> None:
        """The backup takes the place of the ledger; the log stays."""
        copy, ledger = sqlite3.connect(path), sqlite3.connect(self._ledger(service))
        with closing(copy), closing(ledger):
            copy.backup(ledger)

    def _ledger(self, service: str) -> Path:
        return Path(self.url.removeprefix("sqlite:///")) / f"{service}.main.sqlite3"

    def record_incident(self, service: str, **said: object) -> int:
        """The next event, as two operators have it recorded; the log begins anew."""
        source, origin = self.source(service), self.origin(service)
        known, found = source.log.last_head(), source.ledger.head()
        assert known
        epoch = self.epochs.get(service, 1) + 1
        state = {
            "epoch": epoch,
            "known_origin": origin,
            "known_size": known.size,
            "known_root": known.root.hex(),
            "found_size": found.position,
            "found_leaf": found.leaf_hash.hex(),
            "reason": "Plattenfehler",
        }
        topic, said = f"{service}.IncidentRecorded", state | said
        position = self.record(service, an_event(topic, f"incident {epoch}", 1, **said))
        self.begin_epoch(service, epoch)
        return position

    def begin_epoch(self, service: str, epoch: int) -> None:
        """The next heads are of this epoch, from the first event on."""
        self.epochs[service] = epoch
        self._trees.pop(service, None)

    def sign_all(self) -> None:
        for source in self.sources:
            if source.ledger.head().position:
                self.sign(source.service)

    def trust(self) -> Path:
        """The file of keys that an auditor got by another way."""
        path = self.folder / "trust.txt"
        lines = [f"{key.verifier}\n" for key in self.witness]
        for each in sorted((self.folder / "keys").glob("*.vkey")):
            lines.append(each.read_text(encoding="utf-8"))
        path.write_text("".join(lines), encoding="utf-8")
        return path

    def known(self) -> list[Path]:
        """The last head of each log, as the witness keeps it."""
        paths = []
        for source in self.sources:
            head = source.log.last_head()
            if head:
                path = self.folder / f"{source.service}.note"
                path.write_bytes(head.note)
                paths.append(path)
        return paths

    def public_keys(self) -> Mapping[str, str]:
        return {
            each.name: each.read_text(encoding="utf-8")
            for each in sorted((self.folder / "keys").glob("*.vkey"))
        }


def log_of(url: str, service: str) -> Callable[[int], LogStore]:
    return lambda epoch: open_log(url, service, epoch=epoch)


@contextmanager
def an_operator(url: str, folder: Path) -> Iterator[Operator]:
    operator = Operator(url, folder)
    for service in DOWNSTREAM_FIRST:
        store = operator.stores[service] = open_store(url, service)
        store.migrate()
        ledger, log = open_ledger_view(url, service), open_log(url, service)
        log.migrate()
        operator.sources.append(Source(service, "main", ledger, log, log_of(url, service)))
    yield operator
    for source in operator.sources:
        operator.stores[source.service].close()
        source.ledger.close()
        source.log.close()


def some_cases(operator: Operator, count: int) -> None:
    """A programme, and cases that go through intake, eligibility, budgeting and disbursement."""
    record = operator.record
    definition = {"code": PROGRAMME, "rules": ["late", "complete"]}
    record(
        "intake",
        an_event(
            "intake.ProgrammeRegistered",
            "programme",
            1,
            programme=PROGRAMME,
            programme_version="v1",
            definition=definition,
            definition_sha256="aa" * 32,
        ),
    )
    record("budgeting", an_event("budgeting.BudgetLineOpened", "line", 1, programme=PROGRAMME))
    for number in range(1, count + 1):
        a_case(operator, f"ZIQ-{number}", number)


def a_case(operator: Operator, reference: str, number: int, programme: str = PROGRAMME) -> None:
    attachment = {"name": "Finanzierungsplan", "sha256": f"{number:064x}"}
    submitted = operator.record(
        "intake",
        an_event(
            "intake.ApplicationSubmitted",
            f"application {reference}",
            1,
            case=reference,
            reference=reference,
            programme=programme,
            attachments=[attachment],
            schema_version=2,  # The first one had other fields, and is read otherwise.
        ),
    )
    found = operator.record(
        "eligibility",
        *(
            an_event(
                topic,
                f"assessment {reference}",
                version,
                case=reference,
                cause=f"intake/main/{submitted}",
            )
            for version, topic in enumerate(
                ("eligibility.AssessmentOpened", "eligibility.FoundEligible"), 1
            )
        ),
    )
    cause = f"eligibility/main/{found}"
    final = operator.record(
        "budgeting",
        an_event("budgeting.FundsEarmarked", "line", 1 + number, case=reference, cause=cause),
        an_event("budgeting.GrantApproved", f"award {reference}", 1, case=reference, cause=cause),
    )
    operator.record(
        "disbursement",
        an_event(
            "disbursement.GrantAccountOpened",
            f"account {reference}",
            1,
            case=reference,
            cause=f"budgeting/main/{final}",
        ),
    )
