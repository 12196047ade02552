"""What the case file answers: pure reads over the audit's store. Nothing is written or decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec

from grant_audit.case_file import STATES, CaseFile
from grant_audit.pages import (
    CASE,
    DEMONSTRATION,
    HISTORY,
    LINE,
    NO_CASE,
    PROGRAMME,
    RUN,
    SECTIONS,
    CaseFiles,
    section_key,
)
from grant_values.cases import case_id_of
from grant_values.invalid import Invalid
from grant_values.legal_time import legal_date
from grant_values.money import Cents

Entry = dict[str, Any]


@dataclass(frozen=True)
class CaseLine:
    """One case in a list."""

    reference: str
    state: str
    programme: str
    applicant: str
    title: str
    received_on: date | None
    eligible_cents: Cents
    grant_cents: Cents
    paid_cents: Cents


@dataclass(frozen=True)
class LineRow:
    """One budget line. What is earmarked is not yet committed; what is paid was committed."""

    programme: str
    fund: str
    year: int
    ceiling_cents: Cents
    earmarked_cents: Cents
    committed_cents: Cents
    paid_cents: Cents

    @property
    def promised_cents(self) -> Cents:
        """Earmarked or committed: what the line has given its word for."""
        return self.earmarked_cents + self.committed_cents

    @property
    def free_cents(self) -> Cents:
        return self.ceiling_cents - self.promised_cents


@dataclass(frozen=True)
class ApprovedOperation:
    """An operation of the public list. `beneficiary_name` is empty where a person may stand behind.

    `cofinancing_rate` is the rate of the programme's definition, as text.
    """

    reference: str
    number: int | None
    title: str
    summary: str
    starts_on: date
    ends_on: date
    eligible_cents: Cents
    eu_cents: Cents
    cofinancing_rate: str
    beneficiary_key: str
    beneficiary_name: str
    land: str
    postcode: str
    category_code: str
    programme_code: str
    programme_title: str
    authority: str


def every_case(store: CaseFiles, sections: Collection[str] = SECTIONS) -> Iterator[CaseFile]:
    """All cases that have any of these sections, with these alone, in order of their ids."""
    pages = (page for page in store.documents(CASE) if page.key.partition("/")[2] in sections)
    for case_id, own in groupby(pages, lambda page: page.key.partition("/")[0]):
        read = {page.key.partition("/")[2]: _read(page.body) for page in own}
        yield CaseFile(UUID(case_id), **read)


def cases(
    store: CaseFiles, state: str | None = None, programme: str | None = None
) -> list[CaseLine]:
    """The cases in this state and of this programme, in order of reference; None means all."""
    if state is not None and state not in STATES:
        raise Invalid("state", f"expected one of {', '.join(STATES)}, not {state!r}")
    lines = (case_line(file) for file in every_case(store))
    return sorted(
        (
            line
            for line in lines
            if state in (None, line.state) and programme in (None, line.programme)
        ),
        key=lambda line: line.reference,
    )


def case(store: CaseFiles, reference: str) -> CaseFile:
    """The file of one case. `Invalid` where nothing is on record under this reference."""
    case_id = case_id_of(reference)
    pages = store.documents(CASE, f"{case_id}/")
    if not pages:
        raise Invalid("reference", f"expected that of a case on record, not {reference!r}")
    sections = {page.key.partition("/")[2]: _read(page.body) for page in pages}
    return CaseFile(case_id, **sections)


def section_of(store: CaseFiles, reference: str, service: str) -> Entry:
    """One service's section of a case; empty where nothing is on record."""
    pages = store.documents(CASE, section_key(case_id_of(reference), service))
    return _read(pages[0].body) if pages else {}


def case_line(file: CaseFile) -> CaseLine:
    """Where a case stands, of all that is in its file."""
    received_at = file.intake.get("received_at")
    instant = datetime.fromisoformat(received_at) if received_at else None
    return CaseLine(
        reference=file.reference,
        state=file.state,
        programme=file.programme,
        applicant=file.intake.get("applicant", {}).get("name") or "",
        title=file.intake.get("operation", {}).get("title", ""),
        received_on=legal_date(instant) if instant else None,
        eligible_cents=file.eligible_cents,
        grant_cents=file.grant_cents,
        paid_cents=file.paid_cents,
    )


def history(store: CaseFiles, reference: str) -> list[Entry]:
    """Every event on a case, in order of the instants at which they were recorded."""
    return history_of(store, case(store, reference).case_id)


def history_of(store: CaseFiles, case_id: UUID) -> list[Entry]:
    """The same of a case that is known by its id; empty where nothing is on record."""
    return _entries(store, f"{case_id}/")


def history_without_case(store: CaseFiles) -> list[Entry]:
    """The events on no case: programmes, calls, ceilings, payment runs, refused access."""
    return _entries(store, f"{NO_CASE}/")


def changes(store: CaseFiles) -> list[Entry]:
    """What was laid down for all cases, in order of the instants: all on no case that is neither a
    payment run nor a refused command."""
    apart = ("disbursement.PaymentRun", "AccessRefused")
    entries = history_without_case(store)
    return [entry for entry in entries if not any(each in entry["type"] for each in apart)]


def refused_access(store: CaseFiles) -> list[Entry]:
    """Every command that its actor was not entitled to give, in order of the instants."""
    entries = history_without_case(store)
    return [entry for entry in entries if entry["type"].endswith(".AccessRefused")]


def budget(store: CaseFiles, programme: str | None = None) -> list[LineRow]:
    """The budget lines by programme, fund and year."""
    return [
        LineRow(**{name: value for name, value in page.items() if name != "place"})
        for page in line_pages(store, programme)
    ]


def line_pages(store: CaseFiles, programme: str | None = None) -> list[Entry]:
    """The budget lines as their pages stand, with the place of the event that opened each."""
    prefix = f"{programme}/" if programme else ""
    return [_read(page.body) for page in store.documents(LINE, prefix)]


def programme_pages(store: CaseFiles, programme: str) -> list[Entry]:
    """Each registered version of a programme, with the place of the event that registered it."""
    return [_read(page.body) for page in store.documents(PROGRAMME, f"{programme}/")]


def definitions(store: CaseFiles) -> dict[str, Entry]:
    """Each registered definition under "<programme>/<version>"."""
    return {page.key: _read(page.body)["definition"] for page in store.documents(PROGRAMME)}


def runs(store: CaseFiles) -> list[Entry]:
    """The payment runs, in order of their names."""
    return [_read(page.body) for page in store.documents(RUN)]


def is_demonstration(store: CaseFiles) -> bool:
    """Whether any service has declared its store a demonstration."""
    return bool(store.documents(DEMONSTRATION))


def events_followed(store: CaseFiles) -> dict[str, int]:
    """How many events of each service are in the file. Positions are dense, so the last counts."""
    return {service: store.tracked(f"{service}/{store.lane}").position for service in SECTIONS}


def operations(
    store: CaseFiles, as_of: date, files: Iterable[CaseFile] | None = None
) -> list[ApprovedOperation]:
    """The operations approved on or before a day and not renounced by then, by reference.

    What the Land pays alone is not in the list of the ESF (Art. 49 Abs. 3 VO (EU) 2021/1060).
    """
    known = definitions(store)
    approved = (
        _operation(file, known[file.programme_key])
        for file in (every_case(store) if files is None else files)
        if _is_approved_as_of(file, as_of)
    )
    supported = (operation for operation in approved if operation.eu_cents)
    return sorted(supported, key=lambda operation: operation.reference)


def _is_approved_as_of(file: CaseFile, as_of: date) -> bool:
    # A decision may be heard before the application itself; the list then waits for the rest.
    if file.decision is None or not file.is_awarded or not file.intake:
        return False
    if file.withdrawn_on is not None and file.withdrawn_on <= as_of:
        return False
    return date.fromisoformat(file.decision["effective_on"]) <= as_of


def _operation(file: CaseFile, definition: Entry) -> ApprovedOperation:
    operation, applicant, terms = file.intake["operation"], file.intake["applicant"], file.terms
    may_be_named = applicant["legal_person"] is not False
    return ApprovedOperation(
        reference=file.reference,
        number=operation["number"],
        title=operation["title"],
        summary=operation["summary"],
        starts_on=date.fromisoformat(terms["starts_on"]),
        ends_on=date.fromisoformat(terms["ends_on"]),
        eligible_cents=terms["eligible_cents"],
        eu_cents=sum(
            tranche["amount_cents"] for tranche in terms["tranches"] if tranche["fund"] == "ESF"
        ),
        cofinancing_rate=str(definition["money"]["esf_rate"]),
        beneficiary_key=applicant["key"],
        beneficiary_name=(applicant["name"] or "") if may_be_named else "",
        land=applicant["land"],
        postcode=operation["postcode"],
        category_code=operation["category_code"],
        programme_code=definition["cci"],
        programme_title=definition["title"],
        authority=terms["authority"],
    )


def _entries(store: CaseFiles, prefix: str) -> list[Entry]:
    return [_read(page.body) for page in store.documents(HISTORY, prefix)]


def _read(body: bytes | None) -> Any:
    if body is None:
        raise ValueError("A stored page has a body; only a removal has none.")
    return msgspec.json.decode(body)
