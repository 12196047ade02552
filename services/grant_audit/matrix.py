"""The Annex XIII matrix of a case: for each item what evidences it, or why nothing has to (R84).

An item is evidenced, not applicable with a reason, or missing; it is never silently empty. Pure
reads: what is missing here is filed or declared in intake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grant_audit import queries
from grant_audit.annex import Annex, Item, annex
from grant_audit.case_file import CaseFile
from grant_audit.documents import HeldDocument, documents_of
from grant_audit.pages import CaseFiles
from grant_audit.rebuilding import Progress, no_progress
from grant_contracts.programme import REAL_COSTS

EVIDENCED, NOT_APPLICABLE, MISSING = "evidenced", "not_applicable", "missing"
STATUSES = (EVIDENCED, NOT_APPLICABLE, MISSING)

PAYMENT = frozenset({"disbursement.PaymentExecuted"})


@dataclass(frozen=True)
class EvidencingEvent:
    """An event that evidences an item, and where it stands ("budgeting/main/17")."""

    topic: str
    place: str
    recorded_at: str


@dataclass(frozen=True)
class MatrixRow:
    """One item of one case. `lacks` names the groups of events of which none is on record.

    `wording` is the law's own, save in the languages of `translated`; `basis` is the provision.
    `reason` says why the item does not apply; `declared_at` where a person has declared it. A
    declaration beside evidence is `contradicted` and does not count.
    """

    item: int
    text: Mapping[str, str]
    wording: Mapping[str, str]
    translated: tuple[str, ...]
    basis: str
    responsible: Mapping[str, str]
    status: str
    events: tuple[EvidencingEvent, ...] = ()
    documents: tuple[HeldDocument, ...] = ()
    reason: Mapping[str, str] | None = None
    declared_at: str = ""
    lacks: tuple[tuple[str, ...], ...] = ()
    contradicted: bool = False


@dataclass(frozen=True)
class Matrix:
    """All items of one case, the version of the list, and its source."""

    reference: str
    version: str
    source: str
    rows: tuple[MatrixRow, ...]

    @property
    def missing(self) -> tuple[int, ...]:
        return tuple(row.item for row in self.rows if row.status == MISSING)

    @property
    def is_complete(self) -> bool:
        return not self.missing


def matrices(
    store: CaseFiles, programme: str | None = None, told: Progress = no_progress
) -> Iterator[Matrix]:
    """The matrix of every case, or of those of one programme, in order of reference."""
    definitions = queries.definitions(store)
    known = (file for file in queries.every_case(store) if programme in (None, file.programme))
    files = sorted(known, key=lambda each: each.reference)
    for count, file in enumerate(files, 1):
        yield _of_file(store, file, definitions)
        told("matrix", count, len(files))


def matrix_of(store: CaseFiles, reference: str) -> Matrix:
    """The matrix of one case. `Invalid` where nothing is on record under this reference."""
    return _of_file(store, queries.case(store, reference), queries.definitions(store))


def _of_file(
    store: CaseFiles, file: CaseFile, definitions: Mapping[str, Mapping[str, Any]]
) -> Matrix:
    # The programme may not have been heard of yet: then the newest version of the list counts.
    definition = definitions.get(file.programme_key, {})
    return matrix(file, queries.history_of(store, file.case_id), definition)


def matrix(
    file: CaseFile, history: Sequence[Mapping[str, Any]], definition: Mapping[str, Any]
) -> Matrix:
    """The matrix of a case, of its file, its whole history and the definition of its programme."""
    known = annex()
    version = known.version(str(definition.get("cci", "")))
    by_topic = _by_topic(history)
    forms = frozenset(each["form"] for each in definition.get("cost_forms", ()))
    rows = []
    for item in known.items:
        row = _evidence(item, file, by_topic, item.basis[version.valid_from.year])
        rows.append(_judged(row, item, file, forms, known))
    return Matrix(file.reference, version.value, version.source, tuple(rows))


def _by_topic(history: Sequence[Mapping[str, Any]]) -> dict[str, list[EvidencingEvent]]:
    found: dict[str, list[EvidencingEvent]] = {}
    for entry in history:
        place = f"{entry['source']}/{entry['position']}"
        event = EvidencingEvent(entry["type"], place, entry["recorded_at"])
        found.setdefault(entry["type"], []).append(event)
    return found


def _evidence(
    item: Item, file: CaseFile, by_topic: Mapping[str, list[EvidencingEvent]], basis: str
) -> MatrixRow:
    """The row with all that evidences it; it is missing until it is judged."""
    return MatrixRow(
        item=item.number,
        text=item.text,
        wording=item.wording,
        translated=item.translated,
        basis=basis,
        responsible=item.responsible,
        status=MISSING,
        events=tuple(_in_order(item, by_topic)),
        documents=tuple(_evidencing(item, file)),
        lacks=tuple(_lacking(item, file, by_topic)),
    )


def _judged(
    row: MatrixRow, item: Item, file: CaseFile, forms: frozenset[str], known: Annex
) -> MatrixRow:
    declared = file.intake.get("not_applicable", {}).get(str(item.number))
    if _is_evidenced(item, row):
        return replace(row, status=EVIDENCED, contradicted=declared is not None)
    unmet = next((each for each in item.conditions if not _meets(each, file, forms)), None)
    if unmet:
        return replace(row, status=NOT_APPLICABLE, reason=known.reasons[unmet])
    if declared is None:
        return row
    said = dict.fromkeys(("de", "en"), declared["reason"])
    return replace(row, status=NOT_APPLICABLE, reason=said, declared_at=declared["place"])


def _lacking(
    item: Item, file: CaseFile, by_topic: Mapping[str, list[EvidencingEvent]]
) -> Iterator[tuple[str, ...]]:
    """The groups of which no event is on record, or none that still stands: what the bank has
    returned was not paid."""
    for group in item.needs:
        returned = group == PAYMENT and not file.paid_cents
        if returned or not group.intersection(by_topic):
            yield tuple(sorted(group))


def _in_order(
    item: Item, by_topic: Mapping[str, list[EvidencingEvent]]
) -> Iterator[EvidencingEvent]:
    found = [event for topic in item.topics for event in by_topic.get(topic, ())]
    yield from sorted(found, key=lambda event: (event.recorded_at, event.place))


def _evidencing(item: Item, file: CaseFile) -> Iterator[HeldDocument]:
    for document in documents_of(file):
        belongs = item.attachments if document.is_attachment else item.number in document.items
        if belongs:
            yield document


def _is_evidenced(item: Item, row: MatrixRow) -> bool:
    """A filed document in force is enough; an attachment alone evidences no decision."""
    filed = any(each.is_in_force and not each.is_attachment for each in row.documents)
    return filed or (bool(item.needs) and not row.lacks)


def _meets(condition: str, file: CaseFile, forms: frozenset[str]) -> bool:
    """Whether a case is at the point of its life, or of the kind, from which an item is asked."""
    if condition == "examined":
        return bool(file.eligibility.get("checks")) or file.withdrawn_on is None
    if condition == "awarded":
        return file.is_awarded
    if condition == "carried_out":
        return not file.is_renounced or file.paid_cents > 0
    if condition == "claimed":
        return bool(file.disbursement.get("claims"))
    if condition == "ordered":
        return bool(file.orders)
    # A programme that does not say in which forms it pays is asked for the evidence of all.
    if condition == "real_costs":
        return not forms or REAL_COSTS in forms
    return not forms or forms != {REAL_COSTS}
