"""What budgeting publishes."""

from __future__ import annotations

from datetime import date
from typing import ClassVar
from uuid import UUID

from grant_contracts.envelope import Fact
from grant_values.retention import RetentionTerm
from grant_values.shapes import Applicant, GrantTerms, Payee, Reasons, Tranche


class BudgetLineOpened(Fact, frozen=True, kw_only=True):
    """One fund's money for one programme and year."""

    TOPIC: ClassVar = "budgeting.BudgetLineOpened"
    programme: str
    fund: str
    year: int
    ceiling_cents: int
    opened_by: str
    effective_on: date


class CeilingChanged(Fact, frozen=True, kw_only=True):
    """A line has more or less to give than before."""

    TOPIC: ClassVar = "budgeting.CeilingChanged"
    ceiling_cents: int
    reason: str
    changed_by: str
    effective_on: date


class FundsEarmarked(Fact, frozen=True, kw_only=True):
    """A line promises money to a case."""

    TOPIC: ClassVar = "budgeting.FundsEarmarked"
    case_id: UUID
    amount_cents: int
    rule: str


class EarmarkMade(Fact, frozen=True, kw_only=True):
    """The promise itself, once per line and case."""

    TOPIC: ClassVar = "budgeting.EarmarkMade"
    line_id: UUID
    case_id: UUID
    amount_cents: int


class EarmarkRefused(Fact, frozen=True, kw_only=True):
    """A line cannot promise what a case needs; no line promises anything to it then."""

    TOPIC: ClassVar = "budgeting.EarmarkRefused"
    case_id: UUID
    amount_cents: int
    free_cents: int
    rule: str
    reason: str


class EarmarkReleased(Fact, frozen=True, kw_only=True):
    """A promise ends without a payment: withdrawn, rejected, renounced or cut."""

    TOPIC: ClassVar = "budgeting.EarmarkReleased"
    case_id: UUID
    amount_cents: int
    reason: str


class FundsCommitted(Fact, frozen=True, kw_only=True):
    """A promise has become a debt: the decision is final."""

    TOPIC: ClassVar = "budgeting.FundsCommitted"
    case_id: UUID
    amount_cents: int


class FundsSpent(Fact, frozen=True, kw_only=True):
    """The bank has executed a payment from this line."""

    TOPIC: ClassVar = "budgeting.FundsSpent"
    case_id: UUID
    order_id: str
    amount_cents: int
    effective_on: date


class SpendingReversed(Fact, frozen=True, kw_only=True):
    """The bank has returned a payment: the line has the money again."""

    TOPIC: ClassVar = "budgeting.SpendingReversed"
    case_id: UUID
    order_id: str
    amount_cents: int
    effective_on: date


class ProceedingsOpened(Fact, frozen=True, kw_only=True):
    """Budgeting has heard of a case, by a finding or by a withdrawal, whichever came first."""

    TOPIC: ClassVar = "budgeting.ProceedingsOpened"
    reference: str
    because: str


class FindingNoted(Fact, frozen=True, kw_only=True):
    """What was found on the case, as it reached budgeting."""

    TOPIC: ClassVar = "budgeting.FindingNoted"
    VERSION: ClassVar = 2
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


class WithdrawalNoted(Fact, frozen=True, kw_only=True):
    """The applicant took the application back; `renunciation` if after an award."""

    TOPIC: ClassVar = "budgeting.WithdrawalNoted"
    renunciation: bool
    effective_on: date


class PlacedOnReserveList(Fact, frozen=True, kw_only=True):
    """Eligible, but there is no money for it now."""

    TOPIC: ClassVar = "budgeting.PlacedOnReserveList"
    tranches: tuple[Tranche, ...]
    reason: str


class GrantApproved(Fact, frozen=True, kw_only=True):
    """The grant as asked for. An administrative act of a person (§§ 35a, 40 VwVfG NRW)."""

    TOPIC: ClassVar = "budgeting.GrantApproved"
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


class GrantPartiallyApproved(Fact, frozen=True, kw_only=True):
    """Less than asked for, with the reasons that § 39 VwVfG NRW demands."""

    TOPIC: ClassVar = "budgeting.GrantPartiallyApproved"
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


class ApplicationRejected(Fact, frozen=True, kw_only=True):
    """No grant, with facts, law and discretion (§ 39 VwVfG NRW)."""

    TOPIC: ClassVar = "budgeting.ApplicationRejected"
    reference: str
    reasons: Reasons
    failed: tuple[str, ...]
    remedy_instruction: str
    decided_by: str
    rule: str
    effective_on: date


class ApprovalRefused(Fact, frozen=True, kw_only=True):
    """An approval that may not be given, and why."""

    TOPIC: ClassVar = "budgeting.ApprovalRefused"
    reason: str
    asked_by: str
    effective_on: date


class DecisionNotified(Fact, frozen=True, kw_only=True):
    """The decision was sent; from `deemed_on` it counts as announced (§ 41 VwVfG NRW)."""

    TOPIC: ClassVar = "budgeting.DecisionNotified"
    channel: str
    dispatched_on: date
    deemed_on: date
    remedy_ends_on: date
    notified_by: str
    rule: str


class RemedyWaived(Fact, frozen=True, kw_only=True):
    """The recipient forgoes legal action (VV 7.1 zu § 44 LHO NRW)."""

    TOPIC: ClassVar = "budgeting.RemedyWaived"
    recorded_by: str
    effective_on: date


class DecisionBecameFinal(Fact, frozen=True, kw_only=True):
    """Nobody can contest the decision any more; with an award, money may be asked for.

    `tranches` and `payee` are empty for a rejection.
    """

    TOPIC: ClassVar = "budgeting.DecisionBecameFinal"
    VERSION: ClassVar = 2
    reference: str
    programme: str
    programme_version: str
    outcome: str
    because: str
    final_on: date
    tranches: tuple[Tranche, ...]
    payee: Payee | None


class RetentionOpened(Fact, frozen=True, kw_only=True):
    """How long a case is kept has begun to be on record."""

    TOPIC: ClassVar = "budgeting.RetentionOpened"
    reference: str
    programme: str
    programme_version: str


class RetentionTermSet(Fact, frozen=True, kw_only=True):
    """Until when the rules demand that a case is kept; the longest of them decides (R100).

    `retain_until` is None as long as something has not happened that a rule counts from: `missing`.
    `happened_on` is the day that a person reported for `because`.
    """

    TOPIC: ClassVar = "budgeting.RetentionTermSet"
    reference: str
    because: str
    happened_on: date | None
    retain_until: date | None
    rule: str
    by_rule: tuple[RetentionTerm, ...]
    missing: tuple[str, ...]
    effective_on: date


class LegalHoldSet(Fact, frozen=True, kw_only=True):
    """Nothing of a case is erased or disposed of until this hold is lifted."""

    TOPIC: ClassVar = "budgeting.LegalHoldSet"
    reference: str
    hold: str
    ground: str
    reason: str
    set_by: str
    effective_on: date


class LegalHoldLifted(Fact, frozen=True, kw_only=True):
    """A hold has ended; where it `interrupts`, terms begin anew from this day."""

    TOPIC: ClassVar = "budgeting.LegalHoldLifted"
    reference: str
    hold: str
    ground: str
    interrupts: bool
    reason: str
    lifted_by: str
    effective_on: date


class ErasureRequested(Fact, frozen=True, kw_only=True):
    """A person asks that data about them be erased; by `due_on` they are answered (R99)."""

    TOPIC: ClassVar = "budgeting.ErasureRequested"
    reference: str
    request: str
    subject: UUID
    purposes: tuple[str, ...]
    received_on: date
    due_on: date
    rule: str
    recorded_by: str


class ErasureDecided(Fact, frozen=True, kw_only=True):
    """The answer to such a request, with its ground; `late` if it came after its term."""

    TOPIC: ClassVar = "budgeting.ErasureDecided"
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


class ErasureRefused(Fact, frozen=True, kw_only=True):
    """Somebody wanted to erase what must not be erased now, and why not."""

    TOPIC: ClassVar = "budgeting.ErasureRefused"
    reference: str
    request: str
    ground: str
    reason: str
    asked_by: str
    effective_on: date


class DisposalProposed(Fact, frozen=True, kw_only=True):
    """The first of two persons proposes that a case be disposed of."""

    TOPIC: ClassVar = "budgeting.DisposalProposed"
    reference: str
    retain_until: date
    rule: str
    reasons: str
    proposed_by: str
    effective_on: date


class DisposalRefused(Fact, frozen=True, kw_only=True):
    """A disposal that may not be, and why; `proposal` if it was only to be proposed."""

    TOPIC: ClassVar = "budgeting.DisposalRefused"
    reference: str
    proposal: bool
    reason: str
    asked_by: str
    effective_on: date


class CaseDisposed(Fact, frozen=True, kw_only=True):
    """The case has been kept long enough: the keys of these purposes are to be destroyed."""

    TOPIC: ClassVar = "budgeting.CaseDisposed"
    reference: str
    retain_until: date
    rule: str
    purposes: tuple[str, ...]
    proposed_by: str
    disposed_by: str
    effective_on: date
