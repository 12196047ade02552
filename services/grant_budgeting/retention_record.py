"""What can happen to the record of a case's retention: its events, and what each of them changes.

No broker, no database, no clock; terms arrive computed. Who may let what happen is decided in
`case_retention`. `apply` holds no rule, because it runs again on every replay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from grant_values.cases import case_id_of
from grant_values.retention import RetentionTerm

DISPOSAL: Final = ""
"""Beside the names of requests, which are never empty."""


@dataclass(frozen=True)
class Hold:
    """Why a case is held, and since when."""

    ground: str
    set_on: date


@dataclass(frozen=True)
class Erasure:
    """A person's request that data about them be erased, and what became of it."""

    subject: UUID
    purposes: tuple[str, ...]
    received_on: date
    due_on: date
    decision: str = ""


class RetentionRecord(Aggregate):
    """How long one case is kept, what holds it, who asked for erasure, and its disposal."""

    class RetentionOpened(Aggregate.Created):
        TOPIC = "budgeting.RetentionOpened"
        reference: str
        programme: str
        programme_version: str

    class RetentionTermSet(Aggregate.Event):
        TOPIC = "budgeting.RetentionTermSet"
        reference: str
        because: str
        happened_on: date | None
        retain_until: date | None
        rule: str
        by_rule: tuple[RetentionTerm, ...]
        missing: tuple[str, ...]
        effective_on: date

        def apply(self, record: RetentionRecord) -> None:
            record.retain_until, record.terms = self.retain_until, self.by_rule
            record.missing = self.missing
            if self.happened_on:
                record.days[self.because] = self.happened_on

    class LegalHoldSet(Aggregate.Event):
        TOPIC = "budgeting.LegalHoldSet"
        reference: str
        hold: str
        ground: str
        reason: str
        set_by: str
        effective_on: date

        def apply(self, record: RetentionRecord) -> None:
            record.holds[self.hold] = Hold(self.ground, self.effective_on)
            record.taken_back |= record.ends
            record.ends = {}
            if record.disposed:
                record.disposed, record.proposed_by, record.proposed_on = False, "", None

    class LegalHoldLifted(Aggregate.Event):
        TOPIC = "budgeting.LegalHoldLifted"
        reference: str
        hold: str
        ground: str
        interrupts: bool
        reason: str
        lifted_by: str
        effective_on: date

        def apply(self, record: RetentionRecord) -> None:
            del record.holds[self.hold]
            record.lifted.add(self.hold)
            if self.interrupts:
                before = record.interrupted_on or self.effective_on
                record.interrupted_on = max(before, self.effective_on)

    class ErasureRequested(Aggregate.Event):
        TOPIC = "budgeting.ErasureRequested"
        reference: str
        request: str
        subject: UUID
        purposes: tuple[str, ...]
        received_on: date
        due_on: date
        rule: str
        recorded_by: str

        def apply(self, record: RetentionRecord) -> None:
            record.erasures[self.request] = Erasure(
                self.subject, self.purposes, self.received_on, self.due_on
            )

    class ErasureDecided(Aggregate.Event):
        TOPIC = "budgeting.ErasureDecided"
        reference: str
        request: str
        subject: UUID
        purposes: tuple[str, ...]
        decision: str
        ground: str
        reasons: str
        due_on: date
        late: bool
        decided_by: str
        effective_on: date

        def apply(self, record: RetentionRecord) -> None:
            decided = replace(record.erasures[self.request], decision=self.decision)
            record.erasures[self.request] = decided
            record.taken_back.pop(self.request, None)
            if self.decision == "erase":
                record.ends[self.request] = self.originator_version

    class ErasureRefused(Aggregate.Event):
        TOPIC = "budgeting.ErasureRefused"
        reference: str
        request: str
        ground: str
        reason: str
        asked_by: str
        effective_on: date

    class DisposalProposed(Aggregate.Event):
        TOPIC = "budgeting.DisposalProposed"
        reference: str
        retain_until: date
        rule: str
        reasons: str
        proposed_by: str
        effective_on: date

        def apply(self, record: RetentionRecord) -> None:
            record.proposed_by, record.proposed_on = self.proposed_by, self.effective_on

    class DisposalRefused(Aggregate.Event):
        TOPIC = "budgeting.DisposalRefused"
        reference: str
        proposal: bool
        reason: str
        asked_by: str
        effective_on: date

    class CaseDisposed(Aggregate.Event):
        TOPIC = "budgeting.CaseDisposed"
        reference: str
        retain_until: date
        rule: str
        purposes: tuple[str, ...]
        proposed_by: str
        disposed_by: str
        effective_on: date

        def apply(self, record: RetentionRecord) -> None:
            record.disposed = True
            record.ends[DISPOSAL] = self.originator_version
            record.taken_back.pop(DISPOSAL, None)

    @staticmethod
    def create_id(reference: str) -> UUID:
        return RetentionRecord.id_of_case(case_id_of(reference))

    @staticmethod
    def id_of_case(case_id: UUID) -> UUID:
        return uuid5(case_id, "retention")

    @event(RetentionOpened)
    def __init__(self, reference: str, programme: str, programme_version: str) -> None:
        self.reference = reference
        self.programme = programme
        self.programme_version = programme_version
        self.retain_until: date | None = None
        self.terms: tuple[RetentionTerm, ...] = ()
        self.missing: tuple[str, ...] = ()
        self.days: dict[str, date] = {}
        self.holds: dict[str, Hold] = {}
        self.lifted: set[str] = set()
        self.interrupted_on: date | None = None
        self.erasures: dict[str, Erasure] = {}
        self.proposed_by = ""
        self.proposed_on: date | None = None
        self.disposed = False
        # By DISPOSAL or the request: the version of the event that decided that data end, as long
        # as no hold was set since; and those that a hold has taken back.
        self.ends: dict[str, int] = {}
        self.taken_back: dict[str, int] = {}

    @property
    def case_id(self) -> UUID:
        return case_id_of(self.reference)
