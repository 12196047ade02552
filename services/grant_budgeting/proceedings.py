"""What can happen to a case in budgeting: its events, and what each of them changes.

No broker, no database, no clock; legal dates arrive computed. Who may let what happen is decided in
`award`. Each event says beside its fields what it changes: `apply` holds no rule, because it runs
again on every replay, and so it cannot fail.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from grant_budgeting.finding import Finding
from grant_values.cases import case_id_of
from grant_values.invalid import Invalid
from grant_values.shapes import Applicant, GrantTerms, Payee, Reasons, Tranche


class Proceedings(Aggregate):
    """All that can happen to one application here, and how it stands.

    It decides nothing: whoever decides triggers the events by `self.<Event>`, because the library
    gives each subclass event classes of its own.
    """

    class ProceedingsOpened(Aggregate.Created):
        TOPIC = "budgeting.ProceedingsOpened"
        reference: str
        because: str

    class FindingNoted(Aggregate.Event):
        TOPIC = "budgeting.FindingNoted"
        class_version = 2
        eligible: bool
        programme: str
        programme_version: str
        late: bool
        applicant: Applicant
        title: str
        starts_on: date | None
        ends_on: date | None
        eligible_cents: int
        payee: Payee | None
        tranches: tuple[Tranche, ...]
        failed: tuple[str, ...]
        reasons: str
        proposed_by: str
        signed_by: str
        effective_on: date

        def apply(self, case: Proceedings) -> None:
            case.finding = Finding(**{name: getattr(self, name) for name in _FINDING_FIELDS})

    class WithdrawalNoted(Aggregate.Event):
        TOPIC = "budgeting.WithdrawalNoted"
        renunciation: bool
        effective_on: date

        def apply(self, case: Proceedings) -> None:
            case.withdrawn = True
            case.withdrawn_on = self.effective_on

    class PlacedOnReserveList(Aggregate.Event):
        TOPIC = "budgeting.PlacedOnReserveList"
        tranches: tuple[Tranche, ...]
        reason: str

        def apply(self, case: Proceedings) -> None:
            case.reserved = True

    class GrantApproved(Aggregate.Event):
        TOPIC = "budgeting.GrantApproved"
        reference: str
        programme: str
        programme_version: str
        terms: GrantTerms
        reasons: str
        override_reason: str
        decided_by: str
        seconded_by: str
        rule: str
        effective_on: date

        def apply(self, case: Proceedings) -> None:
            case.outcome, case.terms = "approved", self.terms
            case.decided_on = self.effective_on

    class GrantPartiallyApproved(Aggregate.Event):
        TOPIC = "budgeting.GrantPartiallyApproved"
        reference: str
        programme: str
        programme_version: str
        terms: GrantTerms
        reasons: Reasons
        override_reason: str
        decided_by: str
        seconded_by: str
        rule: str
        effective_on: date

        def apply(self, case: Proceedings) -> None:
            case.outcome, case.terms = "partially_approved", self.terms
            case.decided_on = self.effective_on

    class ApplicationRejected(Aggregate.Event):
        TOPIC = "budgeting.ApplicationRejected"
        reference: str
        reasons: Reasons
        failed: tuple[str, ...]
        remedy_instruction: str
        decided_by: str
        rule: str
        effective_on: date

        def apply(self, case: Proceedings) -> None:
            case.outcome, case.decided_on = "rejected", self.effective_on

    class ApprovalRefused(Aggregate.Event):
        TOPIC = "budgeting.ApprovalRefused"
        reason: str
        asked_by: str
        effective_on: date

    class DecisionNotified(Aggregate.Event):
        TOPIC = "budgeting.DecisionNotified"
        channel: str
        dispatched_on: date
        deemed_on: date
        remedy_ends_on: date
        notified_by: str
        rule: str

        def apply(self, case: Proceedings) -> None:
            case.deemed_on, case.remedy_ends_on = self.deemed_on, self.remedy_ends_on

    class RemedyWaived(Aggregate.Event):
        TOPIC = "budgeting.RemedyWaived"
        recorded_by: str
        effective_on: date

    class DecisionBecameFinal(Aggregate.Event):
        TOPIC = "budgeting.DecisionBecameFinal"
        class_version = 2
        reference: str
        programme: str
        programme_version: str
        outcome: str
        because: str
        final_on: date
        tranches: tuple[Tranche, ...]
        payee: Payee | None

        def apply(self, case: Proceedings) -> None:
            case.final = True
            case.final_on = self.final_on

    @staticmethod
    def create_id(reference: str) -> UUID:
        return case_id_of(reference)

    @event(ProceedingsOpened)
    def __init__(self, reference: str, because: str) -> None:
        self.reference = reference
        self.finding: Finding | None = None
        self.withdrawn = False
        self.withdrawn_on: date | None = None
        self.reserved = False
        self.outcome = ""
        self.terms: GrantTerms | None = None
        self.decided_on: date | None = None
        self.deemed_on: date | None = None
        self.remedy_ends_on: date | None = None
        self.final = False
        self.final_on: date | None = None

    @property
    def case_id(self) -> UUID:
        return self.id

    @property
    def known_finding(self) -> Finding:
        """The finding; a decision on a case without one cannot be."""
        if self.finding is None:
            raise Invalid("reference", "expected a case with a finding")
        return self.finding

    @property
    def promised_tranches(self) -> tuple[Tranche, ...]:
        """What lines hold for the case as a promise if they could carry it; a debt is none."""
        given_back = self.withdrawn or self.outcome == "rejected"
        if self.finding is None or given_back or self.final:
            return ()
        return self.terms.tranches if self.terms else self.finding.tranches


_FINDING_FIELDS = tuple(Finding.__dataclass_fields__)
