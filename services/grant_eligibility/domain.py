"""The assessment of an application. No broker, no database, no clock, no rule.

Which operation was applied for first stands in `fingerprint`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from grant_values.cases import case_id_of
from grant_values.invalid import Invalid, NotEntitled
from grant_values.persons import same_person
from grant_values.shapes import Applicant, Payee, Tranche


@dataclass(frozen=True)
class Proposal:
    """A finding that nobody has signed yet."""

    eligible: bool
    reasons: str
    proposed_by: str
    proposed_on: date


class Assessment(Aggregate):
    """What the rules and two persons say about one application."""

    class AssessmentOpened(Aggregate.Created):
        TOPIC = "eligibility.AssessmentOpened"
        class_version = 2
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

    class CheckRecorded(Aggregate.Event):
        TOPIC = "eligibility.CheckRecorded"
        rule: str
        rule_version: str
        inputs: dict[str, Any]
        result: str
        explanation: str

    class CaseReferred(Aggregate.Event):
        TOPIC = "eligibility.CaseReferred"
        rules: tuple[str, ...]
        explanations: tuple[str, ...]

    class CompletenessNoted(Aggregate.Event):
        TOPIC = "eligibility.CompletenessNoted"
        complete: bool
        missing: tuple[str, ...]
        effective_on: date

    class FindingProposed(Aggregate.Event):
        TOPIC = "eligibility.FindingProposed"
        eligible: bool
        reasons: str
        proposed_by: str
        effective_on: date

    class FoundEligible(Aggregate.Event):
        TOPIC = "eligibility.FoundEligible"
        class_version = 2
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

    class FoundIneligible(Aggregate.Event):
        TOPIC = "eligibility.FoundIneligible"
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

    @staticmethod
    def create_id(reference: str) -> UUID:
        return case_id_of(reference)

    @event(AssessmentOpened)
    def __init__(
        self,
        reference: str,
        programme: str,
        programme_version: str,
        late: bool,
        received_on: date,
        applicant: Applicant,
        title: str,
        starts_on: date,
        ends_on: date,
        eligible_cents: int,
        payee: Payee,
        tranches: tuple[Tranche, ...],
        calculation: dict[str, Any],
    ) -> None:
        self.reference = reference
        self.programme = programme
        self.programme_version = programme_version
        self.late = late
        self.received_on = received_on
        self.missing: tuple[str, ...] | None = None
        self.applicant = applicant
        self.title = title
        self.starts_on = starts_on
        self.ends_on = ends_on
        self.eligible_cents = eligible_cents
        self.payee = payee
        self.tranches = tranches
        self.failed: tuple[str, ...] = ()
        self.referred: tuple[str, ...] = ()
        self.proposal: Proposal | None = None
        self.found: bool | None = None

    @property
    def case_id(self) -> UUID:
        return self.id

    # Decide.
    def record_check(
        self, rule: str, rule_version: str, inputs: dict[str, Any], result: str, explanation: str
    ) -> None:
        """Record what one rule said: "met", "not_met", or "referred" to a person."""
        self._record_check(rule, rule_version, inputs, result, explanation)

    def refer(self, rules: Sequence[str], explanations: Sequence[str]) -> None:
        """Leave to a person what these rules cannot decide. Without any, nothing is referred."""
        if rules:
            self._refer(tuple(rules), tuple(explanations))

    def note_completeness(self, missing: tuple[str, ...], effective_on: date) -> None:
        """Note which items intake found missing. The last check counts; the same is no news."""
        if self.missing != missing:
            self._note_completeness(not missing, missing, effective_on)

    def propose(self, eligible: bool, reasons: str, proposed_by: str, effective_on: date) -> None:
        """Propose a finding; a new proposal replaces one that nobody has signed."""
        if self.found is not None:
            raise Invalid("reference", "expected a case without a signed finding")
        if eligible and self.failed:
            failed = ", ".join(self.failed)
            raise Invalid("eligible", f"expected false: these rules are not met: {failed}")
        if eligible and not self.tranches:
            raise Invalid("eligible", "expected false: no grant results from the application")
        if eligible and self.missing:
            missing = ", ".join(self.missing)
            raise Invalid("eligible", f"expected false as long as these are missing: {missing}")
        if effective_on < self.received_on:
            raise Invalid("effective_on", f"expected a day not before {self.received_on}")
        if (self.referred or not eligible) and not reasons:
            raise Invalid("reasons", "expected the reasons of the person who decides")
        self._propose(eligible, reasons, proposed_by, effective_on)

    def sign(self, signed_by: str, rule: str, effective_on: date) -> None:
        """Make the proposal a finding. Nobody signs what they proposed (four eyes, R19)."""
        if self.found is not None:
            raise Invalid("reference", "expected a case without a signed finding")
        if self.proposal is None:
            raise Invalid("reference", "expected a case with a proposed finding")
        if same_person(self.proposal.proposed_by, signed_by):
            raise NotEntitled("proposer_is_signer")
        if effective_on < self.proposal.proposed_on:
            expected = f"expected a day not before the proposal on {self.proposal.proposed_on}"
            raise Invalid("effective_on", expected)
        if self.proposal.eligible:
            self._sign_eligible(signed_by, rule, effective_on, self.proposal)
        else:
            self._sign_ineligible(signed_by, rule, effective_on, self.proposal)

    def _sign_eligible(
        self, signed_by: str, rule: str, effective_on: date, proposal: Proposal
    ) -> None:
        self._find_eligible(
            reference=self.reference,
            programme=self.programme,
            programme_version=self.programme_version,
            late=self.late,
            applicant=self.applicant,
            title=self.title,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            eligible_cents=self.eligible_cents,
            payee=self.payee,
            tranches=self.tranches,
            referred=self.referred,
            reasons=proposal.reasons,
            rule=rule,
            proposed_by=proposal.proposed_by,
            signed_by=signed_by,
            effective_on=effective_on,
        )

    def _sign_ineligible(
        self, signed_by: str, rule: str, effective_on: date, proposal: Proposal
    ) -> None:
        self._find_ineligible(
            reference=self.reference,
            programme=self.programme,
            programme_version=self.programme_version,
            late=self.late,
            applicant=self.applicant,
            title=self.title,
            eligible_cents=self.eligible_cents,
            failed=self.failed or self.referred,
            reasons=proposal.reasons,
            rule=rule,
            proposed_by=proposal.proposed_by,
            signed_by=signed_by,
            effective_on=effective_on,
        )

    # Apply.
    @event(CheckRecorded)
    def _record_check(
        self, rule: str, rule_version: str, inputs: dict[str, Any], result: str, explanation: str
    ) -> None:
        if result == "not_met":
            self.failed += (rule,)

    @event(CaseReferred)
    def _refer(self, rules: tuple[str, ...], explanations: tuple[str, ...]) -> None:
        self.referred = rules

    @event(CompletenessNoted)
    def _note_completeness(
        self, complete: bool, missing: tuple[str, ...], effective_on: date
    ) -> None:
        self.missing = missing

    @event(FindingProposed)
    def _propose(self, eligible: bool, reasons: str, proposed_by: str, effective_on: date) -> None:
        self.proposal = Proposal(eligible, reasons, proposed_by, effective_on)

    @event(FoundEligible)
    def _find_eligible(
        self,
        reference: str,
        programme: str,
        programme_version: str,
        late: bool,
        applicant: Applicant,
        title: str,
        starts_on: date,
        ends_on: date,
        eligible_cents: int,
        payee: Payee,
        tranches: tuple[Tranche, ...],
        referred: tuple[str, ...],
        reasons: str,
        rule: str,
        proposed_by: str,
        signed_by: str,
        effective_on: date,
    ) -> None:
        self.found = True

    @event(FoundIneligible)
    def _find_ineligible(
        self,
        reference: str,
        programme: str,
        programme_version: str,
        late: bool,
        applicant: Applicant,
        title: str,
        eligible_cents: int,
        failed: tuple[str, ...],
        reasons: str,
        rule: str,
        proposed_by: str,
        signed_by: str,
        effective_on: date,
    ) -> None:
        self.found = False
