"""What eligibility publishes."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from grant_contracts.envelope import Fact
from grant_values.shapes import Applicant, Payee, Tranche


class AssessmentOpened(Fact, frozen=True, kw_only=True):
    """The rules of the programme's version have been applied to an application."""

    TOPIC: ClassVar = "eligibility.AssessmentOpened"
    VERSION: ClassVar = 2
    reference: str
    programme: str
    programme_version: str
    late: bool
    received_on: date
    applicant: Applicant
    title: str
    starts_on: date
    ends_on: date
    eligible_cents: int
    payee: Payee
    tranches: tuple[Tranche, ...]
    calculation: dict[str, Any]


class FingerprintTaken(Fact, frozen=True, kw_only=True):
    """The first application for an operation; whatever has the same fingerprint repeats it."""

    TOPIC: ClassVar = "eligibility.FingerprintTaken"
    case_id: UUID
    fingerprint: str
    reference: str
    number: int | None


class CheckRecorded(Fact, frozen=True, kw_only=True):
    """One rule with its version and inputs, and whether it is met, not met, or referred."""

    TOPIC: ClassVar = "eligibility.CheckRecorded"
    rule: str
    rule_version: str
    inputs: dict[str, Any]
    result: str
    explanation: str


class CaseReferred(Fact, frozen=True, kw_only=True):
    """A person has to decide what these rules cannot."""

    TOPIC: ClassVar = "eligibility.CaseReferred"
    rules: tuple[str, ...]
    explanations: tuple[str, ...]


class CompletenessNoted(Fact, frozen=True, kw_only=True):
    """What intake's check of completeness said, as it reached eligibility."""

    TOPIC: ClassVar = "eligibility.CompletenessNoted"
    complete: bool
    missing: tuple[str, ...]
    effective_on: date


class FindingProposed(Fact, frozen=True, kw_only=True):
    """A person proposes a finding; it counts only when a second one has signed."""

    TOPIC: ClassVar = "eligibility.FindingProposed"
    eligible: bool
    reasons: str
    proposed_by: str
    effective_on: date


class FoundEligible(Fact, frozen=True, kw_only=True):
    """Two persons found the application eligible. Not a decision: that is budgeting's."""

    TOPIC: ClassVar = "eligibility.FoundEligible"
    VERSION: ClassVar = 2
    reference: str
    programme: str
    programme_version: str
    late: bool
    applicant: Applicant
    title: str
    starts_on: date
    ends_on: date
    eligible_cents: int
    payee: Payee
    tranches: tuple[Tranche, ...]
    referred: tuple[str, ...]
    reasons: str
    rule: str
    proposed_by: str
    signed_by: str
    effective_on: date


class FoundIneligible(Fact, frozen=True, kw_only=True):
    """Two persons found the application ineligible. The rejection, with reasons, is budgeting's."""

    TOPIC: ClassVar = "eligibility.FoundIneligible"
    reference: str
    programme: str
    programme_version: str
    late: bool
    applicant: Applicant
    title: str
    eligible_cents: int
    failed: tuple[str, ...]
    reasons: str
    rule: str
    proposed_by: str
    signed_by: str
    effective_on: date
