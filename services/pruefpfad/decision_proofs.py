"""Proofs that are handed out with decisions: for each award, rejection and payment a file.

Of a payment it is `PaymentExecuted` that is proven: it has the amount and says that the bank has
paid. `PaymentTransmitted` says only that an order left, and may be followed by a return.
Reads ledgers through their view, and decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec

from grant_store.lifted import lifted_state
from grant_store.log.proof_file import SUFFIX
from grant_store.log.proving import ProvingLog
from grant_store.log.write_once import write_once
from grant_store.rows import LedgerEvent

PROVEN = {
    "budgeting": frozenset(
        {
            "budgeting.GrantApproved",
            "budgeting.GrantPartiallyApproved",
            "budgeting.ApplicationRejected",
        }
    ),
    "disbursement": frozenset({"disbursement.PaymentExecuted"}),
}
"""The events of each service that somebody outside gets a proof of."""

LEAF = ".leaf"
_NAMING = {
    "budgeting": "budgeting.ProceedingsOpened",
    "disbursement": "disbursement.GrantAccountOpened",
}
"""The first event of a case in each service, which has its reference."""
_PAGE = 1024
_SIGNATURE = "\n— ".encode()
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]|^\.")


@dataclass(frozen=True)
class HandedOut:
    """A proof, or, without a file, an event that no head covers yet."""

    reference: str
    topic: str
    position: int
    size: int
    witnessed: bool
    path: Path | None
    is_new: bool = False


class _Reference(msgspec.Struct):
    reference: str


def hand_out(
    service: str,
    proving: ProvingLog,
    folder: Path,
    case_id: UUID | None = None,
    *,
    cosigned: bool = True,
    for_good: bool = False,
) -> Iterator[HandedOut]:
    """Write the proofs of a service's decisions, all or those of one case, and say which.

    `cosigned` takes the first head that covers an event and was cosigned; otherwise it is the last
    head. A proof that is there stays, unless more have cosigned by now; `for_good` it stays always.
    """
    for reference, event in decisions(service, proving, case_id):
        head = proving.covering(event.position, cosigned=cosigned)
        if head is None:
            yield HandedOut(reference, event.topic, event.position, 0, False, None)
            continue
        path = folder / _safe(reference) / f"{event.topic}-{event.position}{SUFFIX}"
        signatures = _signatures(proving.note_of(head))
        is_new = _signatures(_content(path)) < (1 if for_good else signatures)
        if is_new:
            write = write_once if for_good else _write
            proof, record = proving.proof(event, head)
            write(path.with_suffix(LEAF), record)
            write(path, bytes(proof))
        witnessed = signatures > _signatures(head.note)
        yield HandedOut(reference, event.topic, event.position, head.size, witnessed, path, is_new)


def decisions(
    service: str, proving: ProvingLog, case_id: UUID | None = None
) -> Iterator[tuple[str, LedgerEvent]]:
    """The events of a service that are proven, in order, each with the reference of its case."""
    topics, naming = PROVEN[service], _NAMING[service]
    references: dict[UUID, str] = {}
    for event in _events(proving):
        if event.topic not in topics and event.topic != naming:
            continue
        if case_id is not None and event.originator_id != case_id:
            continue
        if event.topic == naming:
            references[event.originator_id] = _reference_in(event)
        else:
            yield references.get(event.originator_id, str(event.originator_id)), event


def _events(proving: ProvingLog) -> Iterator[LedgerEvent]:
    position = 0
    while page := proving.ledger.events_after(position, _PAGE):
        yield from page
        position = page[-1].position


def _reference_in(event: LedgerEvent) -> str:
    return lifted_state(event, _Reference).reference


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, in place of what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}")
    draft.write_bytes(content)
    draft.replace(path)


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _signatures(note: bytes) -> int:
    """How many signature lines a note has, or a proof with it: the more, the better a proof."""
    return note.count(_SIGNATURE)


def _safe(reference: str) -> str:
    """A reference as the name of a folder."""
    return _UNSAFE.sub("_", reference)
