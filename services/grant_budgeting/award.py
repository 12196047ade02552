"""The proceedings on one case: what was found, what was decided, and when it became final.

No broker, no database, no clock; legal dates arrive computed. Budget lines stand in `domain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from grant_values.cases import case_id_of
from grant_values.invalid import Invalid, NotEntitled
from grant_values.shapes import Actor, Applicant, GrantTerms, Payee, Reasons, Tranche


@dataclass(frozen=True)
class Finding:
    """What eligibility found, as far as the decision needs it."""

    eligible: bool
    programme: str
    programme_version: str
    late: bool
    starts_on: date | None
    ends_on: date | None
    eligible_cents: int
    payee: Payee | None
    tranches: tuple[Tranche, ...]
    failed: tuple[str, ...]
    checkers: tuple[str, str]


@dataclass(frozen=True)
class Override:
    """Why an approval goes against a rule, and the second person who bears it (D24, R89)."""

    reason: str
    seconded_by: Actor


class Award(Aggregate):
    """The proceedings on one application, from the finding to a decision that nobody can contest.

    Only a person with the role of decider approves or rejects (§§ 35a, 40 VwVfG NRW; R20), and
    never one who checked the case (R19). There is one decision per case.
    """

    class ProceedingsOpened(Aggregate.Created):
        TOPIC = "budgeting.ProceedingsOpened"
        reference: str
        because: str

    class FindingNoted(Aggregate.Event):
        TOPIC = "budgeting.FindingNoted"
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

    class WithdrawalNoted(Aggregate.Event):
        TOPIC = "budgeting.WithdrawalNoted"
        renunciation: bool
        effective_on: date

    class PlacedOnReserveList(Aggregate.Event):
        TOPIC = "budgeting.PlacedOnReserveList"
        tranches: tuple[Tranche, ...]
        reason: str

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

    class ApplicationRejected(Aggregate.Event):
        TOPIC = "budgeting.ApplicationRejected"
        reference: str
        reasons: Reasons
        failed: tuple[str, ...]
        remedy_instruction: str
        decided_by: str
        rule: str
        effective_on: date

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

    class RemedyWaived(Aggregate.Event):
        TOPIC = "budgeting.RemedyWaived"
        recorded_by: str
        effective_on: date

    class DecisionBecameFinal(Aggregate.Event):
        TOPIC = "budgeting.DecisionBecameFinal"
        reference: str
        programme: str
        programme_version: str
        outcome: str
        because: str
        final_on: date
        tranches: tuple[Tranche, ...]
        payee: Payee | None

    @staticmethod
    def create_id(reference: str) -> UUID:
        return case_id_of(reference)

    @event(ProceedingsOpened)
    def __init__(self, reference: str, because: str) -> None:
        self.reference = reference
        self.finding: Finding | None = None
        self.withdrawn = False
        self.reserved = False
        self.outcome = ""
        self.terms: GrantTerms | None = None
        self.decided_on: date | None = None
        self.deemed_on: date | None = None
        self.remedy_ends_on: date | None = None
        self.final = False

    @property
    def case_id(self) -> UUID:
        return self.id

    # Decide: what other services say.
    def note_withdrawal(self, effective_on: date) -> bool:
        """Note that the application was taken back. True if this is news."""
        if self.withdrawn:
            return False
        self._note_withdrawal(self.outcome in ("approved", "partially_approved"), effective_on)
        return True

    def place_on_reserve_list(self, tranches: tuple[Tranche, ...], reason: str) -> None:
        """Keep the case in mind for when money becomes free. Once is enough."""
        if not self.reserved:
            self._place_on_reserve_list(tranches, reason)

    # Decide: the decision.
    def why_not_approvable(
        self, by: Actor, override: Override | None, *, earmarked: bool, demonstration: bool
    ) -> str | None:
        """The reason of the closed list why `by` may not approve, or None. In order of weight."""
        finding = self._known_finding()
        if self.outcome:
            return "already_decided"
        if self.withdrawn:
            return "withdrawn"
        if not finding.eligible:
            return "not_found_eligible"
        if by.scripted and not demonstration:
            return "scripted_actor"
        if by.id in finding.checkers:
            return "checker_is_decider"
        if finding.late and not _is_borne_by_two(override, by, finding, demonstration):
            return "late_without_override"
        if not earmarked:
            return "no_funds_earmarked"
        return None

    def approve(
        self,
        by: Actor,
        terms: GrantTerms,
        reasons: str,
        override: Override | None,
        rule: str,
        effective_on: date,
    ) -> None:
        """Grant what was asked for. The caller has asked `why_not_approvable` first."""
        finding = self._known_finding()
        self._approve(
            reference=self.reference,
            programme=finding.programme,
            programme_version=finding.programme_version,
            terms=terms,
            reasons=reasons,
            override_reason=override.reason if override else "",
            decided_by=by.id,
            seconded_by=override.seconded_by.id if override else "",
            rule=rule,
            effective_on=effective_on,
        )

    def approve_partially(
        self,
        by: Actor,
        terms: GrantTerms,
        reasons: Reasons,
        override: Override | None,
        rule: str,
        effective_on: date,
    ) -> None:
        """Grant less than asked for, with full reasons (R21). Guards as for `approve`."""
        finding = self._known_finding()
        self._approve_partially(
            reference=self.reference,
            programme=finding.programme,
            programme_version=finding.programme_version,
            terms=terms,
            reasons=reasons,
            override_reason=override.reason if override else "",
            decided_by=by.id,
            seconded_by=override.seconded_by.id if override else "",
            rule=rule,
            effective_on=effective_on,
        )

    def refuse_approval(self, reason: str, asked_by: str, effective_on: date) -> None:
        """Put on record that an approval was asked for and may not be given."""
        self._refuse_approval(reason, asked_by, effective_on)

    def reject(
        self,
        by: Actor,
        reasons: Reasons,
        remedy_instruction: str,
        rule: str,
        effective_on: date,
        *,
        demonstration: bool,
    ) -> None:
        """Reject by an administrative act with reasons (§ 39 VwVfG NRW)."""
        finding = self._known_finding()
        if by.scripted and not demonstration:
            raise NotEntitled("scripted_actor")
        if by.id in finding.checkers:
            raise NotEntitled("checker_is_decider")
        if self.outcome:
            raise Invalid("reference", "expected a case without a decision")
        if self.withdrawn:
            raise Invalid("reference", "expected a case that was not withdrawn")
        self._reject(
            self.reference, reasons, finding.failed, remedy_instruction, by.id, rule, effective_on
        )

    # Decide: from the decision to its finality.
    def notify(
        self,
        channel: str,
        dispatched_on: date,
        deemed_on: date,
        remedy_ends_on: date,
        notified_by: str,
        rule: str,
    ) -> None:
        """Note the dispatch of the decision and the days that follow from it (§ 41 VwVfG NRW)."""
        if self.decided_on is None:
            raise Invalid("reference", "expected a case with a decision")
        if dispatched_on < self.decided_on:
            raise Invalid("effective_on", f"expected a day not before {self.decided_on}")
        if self.deemed_on is not None:
            raise Invalid("reference", "expected a decision that was not notified before")
        self._notify(channel, dispatched_on, deemed_on, remedy_ends_on, notified_by, rule)

    def waive_remedy(self, recorded_by: str, effective_on: date) -> None:
        """Note the recipient's waiver: the decision is final from that day (VV 7.1 zu § 44 LHO)."""
        self._need_notified_and_contestable()
        if self.deemed_on is not None and effective_on < self.deemed_on:
            raise Invalid("effective_on", f"expected a day not before {self.deemed_on}")
        self._waive(recorded_by, effective_on)
        self._finish("waiver", effective_on)

    def expire_remedy(self, effective_on: date) -> None:
        """Note that the time for legal action has run out: final the day after (R25)."""
        self._need_notified_and_contestable()
        if self.remedy_ends_on is None or effective_on <= self.remedy_ends_on:
            raise Invalid("effective_on", f"expected a day after {self.remedy_ends_on}")
        final_on = self.remedy_ends_on + timedelta(days=1)
        self._finish("remedy_period_expired", final_on)

    def _need_notified_and_contestable(self) -> None:
        if self.deemed_on is None:
            raise Invalid("reference", "expected a decision that was notified")
        if self.final:
            raise Invalid("reference", "expected a decision that is not final yet")
        if self.withdrawn:
            raise Invalid("reference", "expected a case that was neither withdrawn nor renounced")

    def _finish(self, because: str, final_on: date) -> None:
        finding = self._known_finding()
        self._become_final(
            reference=self.reference,
            programme=finding.programme,
            programme_version=finding.programme_version,
            outcome=self.outcome,
            because=because,
            final_on=final_on,
            tranches=self.terms.tranches if self.terms else (),
            payee=finding.payee if self.terms else None,
        )

    def _known_finding(self) -> Finding:
        if self.finding is None:
            raise Invalid("reference", "expected a case with a finding")
        return self.finding

    # Apply: no rules below this line, because these bodies run again on every replay.
    @event(FindingNoted)
    def note_finding(
        self,
        eligible: bool,
        programme: str,
        programme_version: str,
        late: bool,
        applicant: Applicant,
        title: str,
        starts_on: date | None,
        ends_on: date | None,
        eligible_cents: int,
        payee: Payee | None,
        tranches: tuple[Tranche, ...],
        failed: tuple[str, ...],
        reasons: str,
        proposed_by: str,
        signed_by: str,
    ) -> None:
        self.finding = Finding(
            eligible=eligible,
            programme=programme,
            programme_version=programme_version,
            late=late,
            starts_on=starts_on,
            ends_on=ends_on,
            eligible_cents=eligible_cents,
            payee=payee,
            tranches=tranches,
            failed=failed,
            checkers=(proposed_by, signed_by),
        )

    @event(WithdrawalNoted)
    def _note_withdrawal(self, renunciation: bool, effective_on: date) -> None:
        self.withdrawn = True

    @event(PlacedOnReserveList)
    def _place_on_reserve_list(self, tranches: tuple[Tranche, ...], reason: str) -> None:
        self.reserved = True

    @event(GrantApproved)
    def _approve(
        self,
        reference: str,
        programme: str,
        programme_version: str,
        terms: GrantTerms,
        reasons: str,
        override_reason: str,
        decided_by: str,
        seconded_by: str,
        rule: str,
        effective_on: date,
    ) -> None:
        self.outcome = "approved"
        self.terms = terms
        self.decided_on = effective_on

    @event(GrantPartiallyApproved)
    def _approve_partially(
        self,
        reference: str,
        programme: str,
        programme_version: str,
        terms: GrantTerms,
        reasons: Reasons,
        override_reason: str,
        decided_by: str,
        seconded_by: str,
        rule: str,
        effective_on: date,
    ) -> None:
        self.outcome = "partially_approved"
        self.terms = terms
        self.decided_on = effective_on

    @event(ApplicationRejected)
    def _reject(
        self,
        reference: str,
        reasons: Reasons,
        failed: tuple[str, ...],
        remedy_instruction: str,
        decided_by: str,
        rule: str,
        effective_on: date,
    ) -> None:
        self.outcome = "rejected"
        self.decided_on = effective_on

    @event(ApprovalRefused)
    def _refuse_approval(self, reason: str, asked_by: str, effective_on: date) -> None:
        pass

    @event(DecisionNotified)
    def _notify(
        self,
        channel: str,
        dispatched_on: date,
        deemed_on: date,
        remedy_ends_on: date,
        notified_by: str,
        rule: str,
    ) -> None:
        self.deemed_on = deemed_on
        self.remedy_ends_on = remedy_ends_on

    @event(RemedyWaived)
    def _waive(self, recorded_by: str, effective_on: date) -> None:
        pass

    @event(DecisionBecameFinal)
    def _become_final(
        self,
        reference: str,
        programme: str,
        programme_version: str,
        outcome: str,
        because: str,
        final_on: date,
        tranches: tuple[Tranche, ...],
        payee: Payee | None,
    ) -> None:
        self.final = True


def _is_borne_by_two(
    override: Override | None, by: Actor, finding: Finding, demonstration: bool
) -> bool:
    """Whether a second person, neither decider nor checker nor script, bears the override (D24)."""
    if override is None or not override.reason:
        return False
    second = override.seconded_by
    if second.scripted and not demonstration:
        return False
    return second.id not in (by.id, *finding.checkers)
