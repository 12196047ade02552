"""Who may hold, erase and dispose of what belongs to a case, and when.

No broker, no database, no clock; what the rules say arrives as a `Retention`. The events and what
they change stand in `retention_record`. A new reason: one more guard, and its code in the closed
list of the contracts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

from grant_budgeting.retention_record import Erasure, RetentionRecord
from grant_budgeting.retention_terms import Retention
from grant_values.invalid import Invalid
from grant_values.persons import same_person
from grant_values.shapes import Actor

INTERRUPTING: Final = frozenset({"legal_proceedings", "commission_request"})
"""What interrupts a term of Art. 82(2) and Art. 140(1); other grounds only hold the case."""
HOLDING: Final = frozenset({"audit", "recovery", "irregularity"})
REPORTED: Final = frozenset({"accounts_submitted", "proof_submitted"})
"""What no service of ours records: a person says on which day it happened."""
GROUNDS: Final[Mapping[str, frozenset[str]]] = {
    "erase": frozenset({"consent_withdrawn", "no_longer_necessary", "unlawful"}),
    "restrict": frozenset({"accuracy_contested", "unlawful", "legal_claims"}),
    "refuse": frozenset({"legal_obligation", "statistics", "legal_claims", "not_concerned"}),
}
"""Which grounds carry which decision (Art. 17(1), 17(3), 18(1) GDPR)."""


class CaseRetention(RetentionRecord):
    """The retention of one case. Disposal takes two persons, and never comes before the term."""

    # Decide: how long.
    def note_term(
        self, retention: Retention, because: str, happened_on: date | None, effective_on: date
    ) -> bool:
        """Record what the rules say now. False, and no event, where nothing would change."""
        same = (retention.terms, retention.missing) == (self.terms, self.missing)
        known = happened_on is None or self.days.get(because) == happened_on
        if same and known:
            return False
        decisive = retention.decisive
        self.trigger_event(
            self.RetentionTermSet,
            reference=self.reference,
            because=because,
            happened_on=happened_on,
            retain_until=retention.retain_until,
            rule=f"{decisive.rule}: {decisive.source}" if decisive else "",
            by_rule=retention.terms,
            missing=retention.missing,
            effective_on=effective_on,
        )
        return True

    # Decide: what holds it.
    def set_hold(self, hold: str, ground: str, reason: str, by: Actor, effective_on: date) -> None:
        """Hold the case: until this is lifted, nothing of it is erased or disposed of.

        What was decided before it and is not carried out is taken back, a disposal too: the terms
        may run anew when it is lifted.
        """
        if ground not in INTERRUPTING | HOLDING:
            expected = f"expected one of {', '.join(sorted(INTERRUPTING | HOLDING))}"
            raise Invalid("ground", expected)
        if hold in self.holds or hold in self.lifted:
            raise Invalid("hold", "expected a name that the case had no hold under before")
        self.trigger_event(
            self.LegalHoldSet,
            reference=self.reference,
            hold=hold,
            ground=ground,
            reason=reason,
            set_by=by.id,
            effective_on=effective_on,
        )

    def lift_hold(self, hold: str, reason: str, by: Actor, effective_on: date) -> None:
        """End a hold. Proceedings and requests of the Commission interrupt terms until then."""
        if hold not in self.holds:
            known = ", ".join(sorted(self.holds)) or "none is set"
            raise Invalid("hold", f"expected a hold that is set ({known})")
        held = self.holds[hold]
        if effective_on < held.set_on:
            raise Invalid("effective_on", f"expected a day not before {held.set_on}")
        self.trigger_event(
            self.LegalHoldLifted,
            reference=self.reference,
            hold=hold,
            ground=held.ground,
            interrupts=held.ground in INTERRUPTING,
            reason=reason,
            lifted_by=by.id,
            effective_on=effective_on,
        )

    # Decide: requests for erasure.
    def request_erasure(
        self,
        request: str,
        subject: UUID,
        purposes: tuple[str, ...],
        received_on: date,
        due: tuple[date, str],
        by: Actor,
    ) -> None:
        """Note a request and the day by which it is answered (Art. 12(3) GDPR; R99)."""
        if request in self.erasures:
            raise Invalid("request", "expected a name that the case had no request under before")
        self.trigger_event(
            self.ErasureRequested,
            reference=self.reference,
            request=request,
            subject=subject,
            purposes=purposes,
            received_on=received_on,
            due_on=due[0],
            rule=due[1],
            recorded_by=by.id,
        )

    def decide_erasure(
        self,
        request: str,
        decision: str,
        ground: str,
        reasons: str,
        by: Actor,
        effective_on: date,
    ) -> None:
        """Answer a request. Whether data may be erased at all is asked of `why_not_erasable`."""
        asked = self.open_erasure(request)
        if ground not in GROUNDS[decision]:
            expected = f"expected one of {', '.join(sorted(GROUNDS[decision]))}"
            raise Invalid("ground", expected)
        if effective_on < asked.received_on:
            raise Invalid("effective_on", f"expected a day not before {asked.received_on}")
        self.trigger_event(
            self.ErasureDecided,
            reference=self.reference,
            request=request,
            subject=asked.subject,
            purposes=asked.purposes,
            decision=decision,
            ground=ground,
            reasons=reasons,
            due_on=asked.due_on,
            late=effective_on > asked.due_on,
            decided_by=by.id,
            effective_on=effective_on,
        )

    def open_erasure(self, request: str) -> Erasure:
        """A request that nobody has answered yet, or whose erasure a hold has taken back."""
        asked = self.erasures.get(request)
        if asked is None:
            raise Invalid("request", "expected a request that is on record")
        if asked.decision and request not in self.taken_back:
            raise Invalid("request", "expected a request that was not decided before")
        return asked

    def why_not_erasable(
        self,
        retention: Retention,
        by: Actor,
        day: date,
        *,
        only_by_consent: bool,
        demonstration: bool,
    ) -> str | None:
        """The reason why data may not be erased on a day, or None.

        What the person agreed to is erased at once; what the law demands, not before the term has
        passed (Art. 17(3)(b) GDPR). Under a hold nothing is erased (Art. 17(3)(e) GDPR).
        """
        if by.scripted and not demonstration:
            return "scripted_actor"
        if self.holds:
            return "legal_hold"
        return None if only_by_consent else _why_still_kept(retention, day)

    def refuse_erasure(
        self, request: str, ground: str, reason: str, by: Actor, effective_on: date
    ) -> None:
        """Put on record that somebody wanted to erase what must not be erased now."""
        self.trigger_event(
            self.ErasureRefused,
            reference=self.reference,
            request=request,
            ground=ground,
            reason=reason,
            asked_by=by.id,
            effective_on=effective_on,
        )

    # Decide: disposal.
    def why_not_proposable(
        self, retention: Retention, by: Actor, day: date, *, demonstration: bool
    ) -> str | None:
        """The reason why the disposal may not be proposed on this day, or None (R100)."""
        if by.scripted and not demonstration:
            return "scripted_actor"
        if self.disposed:
            return "already_disposed"
        if self.holds:
            return "legal_hold"
        if any(not each.decision for each in self.erasures.values()):
            return "erasure_open"
        return _why_still_kept(retention, day)

    def why_not_disposable(
        self, retention: Retention, by: Actor, day: date, *, demonstration: bool
    ) -> str | None:
        """The same for the disposal itself, which a second person decides."""
        reason = self.why_not_proposable(retention, by, day, demonstration=demonstration)
        if reason:
            return reason
        if self.proposed_on is None or day < self.proposed_on:
            return "not_proposed"
        return "proposer_is_disposer" if same_person(by.id, self.proposed_by) else None

    def refuse_disposal(
        self, reason: str, by: Actor, effective_on: date, *, proposal: bool
    ) -> None:
        """Put on record why the case may not be disposed of; `proposal` if that was all asked."""
        self.trigger_event(
            self.DisposalRefused,
            reference=self.reference,
            proposal=proposal,
            reason=reason,
            asked_by=by.id,
            effective_on=effective_on,
        )

    def propose_disposal(
        self, retention: Retention, reasons: str, by: Actor, effective_on: date
    ) -> None:
        """The first of two persons."""
        until, rule = _passed(retention)
        self.trigger_event(
            self.DisposalProposed,
            reference=self.reference,
            retain_until=until,
            rule=rule,
            reasons=reasons,
            proposed_by=by.id,
            effective_on=effective_on,
        )

    def dispose(
        self, retention: Retention, purposes: tuple[str, ...], by: Actor, effective_on: date
    ) -> None:
        """The second person: from here on the keys of these purposes are to be destroyed."""
        until, rule = _passed(retention)
        self.trigger_event(
            self.CaseDisposed,
            reference=self.reference,
            retain_until=until,
            rule=rule,
            purposes=purposes,
            proposed_by=self.proposed_by,
            disposed_by=by.id,
            effective_on=effective_on,
        )


def _why_still_kept(retention: Retention, day: date) -> str | None:
    until = retention.retain_until
    if until is None:
        return "term_not_known"
    return "retention_runs" if day <= until else None


def _passed(retention: Retention) -> tuple[date, str]:
    decisive = retention.decisive
    if decisive is None:
        raise ValueError("A case whose term is not known is not disposed of.")
    return decisive.retain_until, f"{decisive.rule}: {decisive.source}"
