"""The working data of services that decide: what they remember of facts, made again from ledgers.

It knows which kinds of documents each service has. What stands in them the services say themselves,
by the functions that write them in earnest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from msgspec.json import encode

from grant_audit.rebuilding import no_progress
from grant_bus.feed import event_of
from grant_bus.parked import CASE as PARKED_CASE
from grant_bus.parked import EVENT as PARKED_EVENT
from grant_bus.parked import parked_events
from grant_bus.policies import FactPolicies, Policy
from grant_contracts.envelope import CloudEvent, Fact
from grant_store.lifted import lifted_state
from grant_store.rows import KindAndKey, LedgerEvent
from grant_store.store import Store
from grant_store.work import UnitOfWork
from pruefpfad.rebuilt.aggregates import Fold, rows_of
from pruefpfad.rebuilt.report import Report

Ledgers = Mapping[str, Store]
Documents = dict[KindAndKey, Any]
OF_OPERATORS = frozenset({PARKED_CASE, PARKED_EVENT})
"""What is parked follows from failures and not from events: it is not rebuilt but looked at."""
DOCUMENTS_AT_ONCE = 400
NOT_APPLIED = "ParkedEventDiscarded"


@dataclass
class Notebook:
    """Takes what policies write that do nothing else."""

    documents: Documents = field(default_factory=dict)

    def write_document(self, kind: str, key: str, body: Any) -> None:
        self.documents[kind, key] = body

    def of_kind(self, kind: str) -> list[tuple[str, Any]]:
        """Key and body of what was written of a kind and not taken back."""
        return [
            (key, body) for (each, key), body in self.documents.items() if each == kind and body
        ]


def check_working_data(ledgers: Ledgers, report: Report, fold: Fold) -> None:
    """Rebuild all documents of a service that decides, and compare them with those it reads."""
    store = ledgers[report.service]
    expected = {
        name: encode(body) for name, body in _documents(ledgers, report, fold).items() if body
    }
    compare_documents(store, expected, report)
    report_surplus(store, expected, report)


def compare_documents(store: Store, expected: Mapping[KindAndKey, bytes], report: Report) -> None:
    """Each of these documents stands in the store, byte for byte."""
    names = list(expected)
    for start in range(0, len(names), DOCUMENTS_AT_ONCE):
        part = names[start : start + DOCUMENTS_AT_ONCE]
        served = store.documents_at(part)
        for name in part:
            if name not in served:
                report.differs("document", "/".join(name), "the events lead to it; it is not there")
            elif served[name] != expected[name]:
                report.differs("document", "/".join(name), "the events lead to other content")
    report.documents += len(names)


def report_surplus(
    store: Store, expected: Collection[KindAndKey], report: Report, leave_out: str = ""
) -> None:
    """No other document stands in the store, except of a kind that somebody else looks at."""
    ours = Counter(kind for kind, _ in expected)
    for kind, count in store.document_counts().items():
        if kind in OF_OPERATORS or kind == leave_out or count <= ours[kind]:
            continue
        for document in store.documents(kind):
            if (kind, document.key) not in expected:
                report.differs("document", f"{kind}/{document.key}", "no event leads to it")


def not_applied(store: Store, discarded: Iterable[LedgerEvent] = ()) -> set[tuple[str, int]]:
    """Which upstream events a service has passed without applying them: parked or discarded."""
    passed = {(each.cloud_event.origin, each.cloud_event.at) for each in parked_events(store)}
    for row in discarded:
        event = lifted_state(row, dict[str, Any])
        passed.add((event["origin"], event["position"]))
    return passed


def _documents(ledgers: Ledgers, report: Report, fold: Fold) -> Documents:
    notebook = Notebook()
    store = ledgers[report.service]
    own = rows_of(store, report.position, no_progress)
    discarded = (row for row in own if row.topic.partition(".")[2] == NOT_APPLIED)
    passed = not_applied(store, discarded)
    for upstream, last in report.followed.items():
        _remember(report.service, ledgers[upstream], last, passed, notebook)
    if report.service == "intake":
        _of_persons(fold, notebook)
    if report.service == "disbursement":
        _of_accounts(ledgers, report, fold, passed, notebook)
    return notebook.documents


def _remember(
    service: str, upstream: Store, last: int, passed: set[tuple[str, int]], notebook: Notebook
) -> None:
    policies = FactPolicies(_remembered(service))
    for event in _heard(upstream, last, passed, {fact.TOPIC for fact in _remembered(service)}):
        policies.apply(cast(UnitOfWork, notebook), event)


def _remembered(service: str) -> Mapping[type[Fact], Policy]:
    from grant_budgeting import policies as budgeting
    from grant_disbursement import policies as disbursement
    from grant_eligibility import policies as eligibility

    modules = {"eligibility": eligibility, "budgeting": budgeting, "disbursement": disbursement}
    return modules[service].REMEMBERED if service in modules else {}


def _heard(
    upstream: Store, last: int, passed: set[tuple[str, int]], topics: set[str]
) -> Iterator[CloudEvent]:
    """The events of these topics that a service has applied."""
    for row in rows_of(upstream, last, no_progress):
        if row.topic in topics and (upstream.origin, row.position) not in passed:
            yield event_of(upstream.origin, row)


def _of_persons(fold: Fold, notebook: Notebook) -> None:
    """Whose personal data a case has, and who takes part and was not counted yet.

    Aggregates stand in the order in which they began: a count is about who was there before it.
    """
    from grant_intake.participant_counts import after_count
    from grant_intake.participants import uncounted
    from grant_intake.participation import ParticipantCount, Participation
    from grant_intake.personal import UNCOUNTED, document_of
    from grant_intake.personal_records import PersonalRecord

    for aggregate in fold.aggregates.values():
        if isinstance(aggregate, PersonalRecord):
            notebook.write_document(*document_of(aggregate))
        elif isinstance(aggregate, Participation):
            notebook.write_document(*uncounted(aggregate))
        elif isinstance(aggregate, ParticipantCount):
            for key, body in after_count(aggregate, notebook.of_kind(UNCOUNTED)):
                notebook.write_document(UNCOUNTED, key, body)


def _of_accounts(
    ledgers: Ledgers, report: Report, fold: Fold, passed: set[tuple[str, int]], notebook: Notebook
) -> None:
    """Which orders await a run, and which renunciations came before there was an account."""
    from grant_contracts.budgeting import WithdrawalNoted
    from grant_disbursement import awaiting
    from grant_disbursement.domain import GrantAccount
    from grant_disbursement.policies import renunciation_of

    for aggregate in fold.aggregates.values():
        if isinstance(aggregate, GrantAccount):
            for kind, key, body in awaiting.documents_of(aggregate):
                notebook.write_document(kind, key, body)
    opened = _opened_because_of(ledgers["disbursement"], report.position)

    def remember(work: UnitOfWork, fact: WithdrawalNoted) -> None:
        cause = opened.get(fact.about)
        if fact.renunciation and (cause is None or cause > fact.received.at):
            work.write_document(*renunciation_of(fact))

    policies = FactPolicies({WithdrawalNoted: remember})
    last = report.followed["budgeting"]
    for event in _heard(ledgers["budgeting"], last, passed, {WithdrawalNoted.TOPIC}):
        policies.apply(cast(UnitOfWork, notebook), event)


def _opened_because_of(disbursement: Store, last: int) -> dict[UUID, int]:
    """For each account, at which position of budgeting the event stands that has opened it."""
    opened: dict[UUID, int] = {}
    for row in rows_of(disbursement, last, no_progress):
        if row.topic == "disbursement.GrantAccountOpened":
            cause = event_of(disbursement.origin, row).causationid
            opened[row.originator_id] = int(cause.rpartition("/")[2])
    return opened
