"""What budgeting publishes."""

from __future__ import annotations

from datetime import date
from typing import ClassVar
from uuid import UUID

from grant_contracts.envelope import Fact
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
