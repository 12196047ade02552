"""The last part of a case's life under other rules: what would be ordered of what was claimed.

Claims stand as they were made, and persons' certificates and refusals too: an order is given or
refused anew where the grant, or the day on which it is final, would be another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from grant_disbursement.claims import Claim
from grant_disbursement.domain import GrantAccount
from grant_disbursement.drawings import Drawings, add_to
from grant_disbursement.refusals import why_not_order
from grant_store.store import Store
from grant_values.invalid import Invalid
from pruefpfad.assembly import SERVICES
from pruefpfad.decided_again.units import events_of
from pruefpfad.whatif.courses import CaseStudy, Held, by_line

COMPUTED_REFUSALS = ("nothing_due", "above_ceiling", "outside_budget_year")
"""Refusals that hang on amounts and days. All others are on persons or payees, and are held."""


@dataclass
class NewAccount:
    """What would be drawn on an award; claims that it could not bear are left out."""

    drawn: Drawings
    unfit: dict[str, str] = field(default_factory=dict)


class Ordering:
    """Walks through disbursement's ledger."""

    def __init__(self, studies: Mapping[UUID, CaseStudy], told: Callable[[str, int], None]) -> None:
        self._studies = studies
        self._told = told
        self._accounts: dict[UUID, NewAccount] = {}

    def walk(self, store: Store) -> None:
        decode = SERVICES["disbursement"].catalogue.decode
        taken: dict[str, Callable[[CaseStudy, Any], None]] = {
            GrantAccount.GrantAccountOpened.TOPIC: self._opened,
            GrantAccount.ClaimSubmitted.TOPIC: self._claimed,
            GrantAccount.PaymentOrdered.TOPIC: self._ordered,
            GrantAccount.PaymentOrderRefused.TOPIC: self._order_refused,
        }
        for row in events_of(store):
            self._told("disbursement", row.position)
            study, take = self._studies.get(row.originator_id), taken.get(row.topic)
            if study and take:
                take(study, decode(row))

    def _opened(self, study: CaseStudy, event: Any) -> None:
        """Only an award that would be another one needs an account of its own."""
        before, after = study.recorded, study.new
        if (before.granted, before.final_on) != (after.granted, after.final_on):
            self._accounts[study.case_id] = NewAccount(Drawings(by_line(after.granted)))

    def _claimed(self, study: CaseStudy, event: Any) -> None:
        account = self._accounts.get(study.case_id)
        if account is None:
            return
        claim = Claim(event.wanted, event.purpose, since=event.effective_on)
        account.drawn.claims[event.claim] = claim
        final_on = study.new.final_on
        if final_on and event.effective_on < final_on:
            account.unfit[event.claim] = f"final on {final_on}"
        try:
            account.drawn.check_wanted(event.wanted)
        except Invalid as unfit:
            account.unfit[event.claim] = unfit.expected

    def _ordered(self, study: CaseStudy, event: Any) -> None:
        add_to(study.recorded.ordered, event.tranches)
        account = self._accounts.get(study.case_id)
        if account is None:
            add_to(study.new.ordered, event.tranches)
        elif reason := self._order(study, account, event):
            study.held.append(Held("claimed_above_grant", f"{event.claim}: {reason}"))

    def _order_refused(self, study: CaseStudy, event: Any) -> None:
        account = self._accounts.get(study.case_id)
        if account and event.reason in COMPUTED_REFUSALS and event.claim not in account.unfit:
            self._order(study, account, event)

    def _order(self, study: CaseStudy, account: NewAccount, event: Any) -> str:
        """Order what would be due. The reason why it would be refused; empty if it would not."""
        if event.claim in account.unfit:
            return account.unfit[event.claim]
        due = account.drawn.due(event.claim)
        reason = why_not_order(account.drawn, due, event.effective_on)
        if reason:
            return reason
        add_to(account.drawn.ordered_cents, due)
        add_to(study.new.ordered, due)
        return ""
