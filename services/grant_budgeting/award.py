"""Who may decide what on a case, and from when a decision is final.

No broker, no database, no clock. The events and what they change stand in `proceedings`, the budget
lines in `domain`. A new reason for refusing an approval: one more guard in `why_not_approvable` and
its code in the closed list of the contracts.
"""

from __future__ import annotations

from datetime import date, timedelta

from grant_budgeting.finding import Finding, Override, why_not_decided_by
from grant_budgeting.proceedings import Proceedings
from grant_values.invalid import Invalid, NotEntitled
from grant_values.shapes import Actor, GrantTerms, Reasons, Tranche


class Award(Proceedings):
    """The proceedings on one application, from the finding to a decision that nobody can contest.

    Only a person with the role of decider approves or rejects (§§ 35a, 40 VwVfG NRW; R20), and
    never one who checked the case (R19). There is one decision per case.
    """

    # Ask.
    def why_not_approvable(
        self, by: Actor, override: Override | None, *, earmarked: bool, demonstration: bool
    ) -> str | None:
        """The reason of the closed list why `by` may not approve, or None. In order of weight."""
        finding = self.known_finding
        if self.outcome:
            return "already_decided"
        if self.withdrawn:
            return "withdrawn"
        if not finding.eligible:
            return "not_found_eligible"
        if reason := why_not_decided_by(by, finding, demonstration=demonstration):
            return reason
        borne = override and override.is_borne_by_two(by, finding, demonstration=demonstration)
        if finding.late and not borne:
            return "late_without_override"
        if not earmarked:
            return "no_funds_earmarked"
        return None

    # Decide: what other services say.
    def note_finding(self, finding: Finding) -> bool:
        """Note what was found. True if this is news: a finding heard twice changes nothing."""
        if self.finding is not None:
            return False
        self.trigger_event(self.FindingNoted, **vars(finding))
        return True

    def note_withdrawal(self, effective_on: date) -> bool:
        """Note that the application was taken back, after an award that it is renounced.

        True if this is news.
        """
        if self.withdrawn:
            return False
        self.trigger_event(
            self.WithdrawalNoted, renunciation=self.terms is not None, effective_on=effective_on
        )
        return True

    def place_on_reserve_list(self, tranches: tuple[Tranche, ...], reason: str) -> None:
        """Keep the case in mind for when money becomes free. Once is enough."""
        if not self.reserved:
            self.trigger_event(self.PlacedOnReserveList, tranches=tranches, reason=reason)

    # Decide: the decision. The caller has asked `why_not_approvable` before it approves.
    def approve(
        self,
        by: Actor,
        terms: GrantTerms,
        reasons: str,
        override: Override | None,
        rule: str,
        effective_on: date,
    ) -> None:
        """Grant what was asked for."""
        self._grant(self.GrantApproved, by, terms, reasons, override, rule, effective_on)

    def approve_partially(
        self,
        by: Actor,
        terms: GrantTerms,
        reasons: Reasons,
        override: Override | None,
        rule: str,
        effective_on: date,
    ) -> None:
        """Grant less than asked for, with full reasons (§ 39 Abs. 1 VwVfG NRW; R21)."""
        self._grant(self.GrantPartiallyApproved, by, terms, reasons, override, rule, effective_on)

    def refuse_approval(self, reason: str, asked_by: str, effective_on: date) -> None:
        """Put on record that an approval was asked for and may not be given."""
        self.trigger_event(
            self.ApprovalRefused, reason=reason, asked_by=asked_by, effective_on=effective_on
        )

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
        """Reject by an administrative act with reasons (§ 39 Abs. 1 VwVfG NRW; R21)."""
        finding = self.known_finding
        if reason := why_not_decided_by(by, finding, demonstration=demonstration):
            raise NotEntitled(reason)
        if self.outcome:
            raise Invalid("reference", "expected a case without a decision")
        if self.withdrawn:
            raise Invalid("reference", "expected a case that was not withdrawn")
        self._not_before_the_finding(effective_on)
        self.trigger_event(
            self.ApplicationRejected,
            reference=self.reference,
            reasons=reasons,
            failed=finding.failed,
            remedy_instruction=remedy_instruction,
            decided_by=by.id,
            rule=rule,
            effective_on=effective_on,
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
        self.trigger_event(
            self.DecisionNotified,
            channel=channel,
            dispatched_on=dispatched_on,
            deemed_on=deemed_on,
            remedy_ends_on=remedy_ends_on,
            notified_by=notified_by,
            rule=rule,
        )

    def waive_remedy(self, recorded_by: str, effective_on: date) -> None:
        """Note the recipient's waiver: the decision is final from that day (VV 7.1 zu § 44 LHO).

        It lies between the announcement and the end of the time for legal action: before, there
        is nothing to contest, and after, nothing to waive (R25).
        """
        deemed_on, remedy_ends_on = self._contestable_days()
        if not deemed_on <= effective_on <= remedy_ends_on:
            expected = f"expected a day from {deemed_on} to {remedy_ends_on}"
            raise Invalid("effective_on", expected)
        self.trigger_event(self.RemedyWaived, recorded_by=recorded_by, effective_on=effective_on)
        self._become_final("waiver", effective_on)

    def expire_remedy(self, effective_on: date) -> None:
        """Note that the time for legal action has run out: final the day after (R25)."""
        _, remedy_ends_on = self._contestable_days()
        if effective_on <= remedy_ends_on:
            raise Invalid("effective_on", f"expected a day after {remedy_ends_on}")
        self._become_final("remedy_period_expired", remedy_ends_on + timedelta(days=1))

    def _contestable_days(self) -> tuple[date, date]:
        """First and last day on which the decision can be contested, if it still can be."""
        if self.deemed_on is None or self.remedy_ends_on is None:
            raise Invalid("reference", "expected a decision that was notified")
        if self.final:
            raise Invalid("reference", "expected a decision that is not final yet")
        if self.withdrawn:
            raise Invalid("reference", "expected a case that was neither withdrawn nor renounced")
        return self.deemed_on, self.remedy_ends_on

    def _not_before_the_finding(self, effective_on: date) -> None:
        """A decision dated before what it rests upon would move every legal day after it."""
        found_on = self.known_finding.effective_on
        if effective_on < found_on:
            raise Invalid("effective_on", f"expected a day not before {found_on}")

    def _grant(
        self,
        kind: type[Proceedings.GrantApproved] | type[Proceedings.GrantPartiallyApproved],
        by: Actor,
        terms: GrantTerms,
        reasons: str | Reasons,
        override: Override | None,
        rule: str,
        effective_on: date,
    ) -> None:
        finding = self.known_finding
        self._not_before_the_finding(effective_on)
        self.trigger_event(
            kind,
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

    def _become_final(self, because: str, final_on: date) -> None:
        finding = self.known_finding
        self.trigger_event(
            self.DecisionBecameFinal,
            reference=self.reference,
            programme=finding.programme,
            programme_version=finding.programme_version,
            outcome=self.outcome,
            because=because,
            final_on=final_on,
            tranches=self.terms.tranches if self.terms else (),
            payee=finding.payee if self.terms else None,
        )
