"""Mutants of the deciding services: budget, findings, decisions and withdrawals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import grant_eligibility.application
from grant_budgeting import application, award
from grant_budgeting.award import Award
from grant_budgeting.domain import BudgetLine, Earmark
from grant_budgeting.earmarking import commit_earmarks, earmark_funds
from grant_budgeting.finding import Finding, Override
from grant_bus import desk
from grant_eligibility.domain import Assessment
from grant_store.work import UnitOfWork
from grant_values.invalid import Invalid, NotEntitled
from simulation.mutation import Change, always, mutant, without


def as_far_as_it_goes(original: Any) -> Callable[..., str | None]:
    def earmark(work: UnitOfWork, case: Award, rule: str) -> str | None:
        for tranche in case.known_finding.tranches:
            line_id = BudgetLine.create_id(case.known_finding.programme, tranche.fund, tranche.year)
            if work.find(Earmark, Earmark.create_id(line_id, case.id)):
                continue
            line = work.get(BudgetLine, line_id)
            is_promised = line.earmark(case.id, tranche.amount_cents, rule)
            work.keep(line)
            if not is_promised:
                case.place_on_reserve_list(case.known_finding.tranches, "ceiling_exceeded")
                work.keep(case)
                return "ceiling_exceeded"
            cents = tranche.amount_cents
            work.keep(Earmark(line_id=line_id, case_id=case.id, amount_cents=cents))
        return None

    return earmark


def whatever_is_promised(original: Any) -> Callable[..., None]:
    def change(line: BudgetLine, cents: int, reason: str, by: str, effective_on: date) -> None:
        line._change_ceiling(cents, reason, by, effective_on)

    return change


def signed_by_anybody(original: Any) -> Callable[..., None]:
    def sign(self: Assessment, signed_by: str, rule: str, effective_on: date) -> None:
        try:
            original(self, signed_by, rule, effective_on)
        except NotEntitled:
            assert self.proposal
            self._sign_eligible(signed_by, rule, effective_on, self.proposal)

    return sign


def forgotten_before_the_finding(original: Any) -> Callable[..., None]:
    def note(work: UnitOfWork, case: Award, effective_on: date) -> None:
        if case.finding:
            original(work, case, effective_on)

    return note


def promised_all_the_same(original: Any) -> Callable[..., None]:
    def note(work: UnitOfWork, case: Award, finding: Finding) -> None:
        original(work, case, finding)
        if finding.eligible and case.withdrawn:
            earmark_funds(work, case, "mutant")

    return note


def without_waiting(original: Any) -> Callable[..., None]:
    def expire(self: Award, effective_on: date) -> None:
        _, remedy_ends_on = self._contestable_days()
        self._become_final("remedy_period_expired", remedy_ends_on + timedelta(days=1))

    return expire


def told_or_not(original: Any) -> Callable[..., tuple[date, date]]:
    def days(self: Award) -> tuple[date, date]:
        if self.decided_on and self.deemed_on is None and not self.final:
            return self.decided_on, self.decided_on + timedelta(days=31)
        found: tuple[date, date] = original(self)
        return found

    return days


def renounced_or_not(original: Any) -> Callable[..., tuple[date, date]]:
    def days(self: Award) -> tuple[date, date]:
        if self.withdrawn and not self.final and self.deemed_on and self.remedy_ends_on:
            return self.deemed_on, self.remedy_ends_on
        found: tuple[date, date] = original(self)
        return found

    return days


def committed_at_once(original: Any) -> Callable[..., bool]:
    def refuses(
        work: UnitOfWork, case: Award, by: Any, override: Override | None, on: date
    ) -> bool:
        refused: bool = original(work, case, by, override, on)
        if not refused:
            commit_earmarks(work, case, case.known_finding.tranches)
        return refused

    return refuses


def rejected_again(original: Any) -> Callable[..., None]:
    def reject(self: Award, *values: Any, **named: Any) -> None:
        outcome, self.outcome = self.outcome, ""
        try:
            original(self, *values, **named)
        except Invalid:
            self.outcome = outcome
            raise

    return reject


OF_DECISIONS = (
    mutant(
        "ceiling",
        "A budget line promises whatever it is asked for.",
        Change(BudgetLine, "can_carry", always(True)),
    ),
    mutant(
        "ceiling-lowered",
        "A ceiling may be lowered below what is promised.",
        Change(BudgetLine, "change_ceiling", whatever_is_promised),
    ),
    mutant(
        "all-or-none",
        "Money is promised tranche by tranche, as far as it goes.",
        Change(application, "earmark_funds", as_far_as_it_goes),
    ),
    mutant(
        "release",
        "What was promised is not given back.",
        Change(application, "release_earmarks", always(None)),
    ),
    mutant(
        "four-eyes-decider",
        "Whoever checked a case may decide it.",
        Change(Finding, "was_made_by", always(False)),
    ),
    mutant(
        "four-eyes-signer",
        "Whoever proposed a finding may sign it.",
        Change(Assessment, "sign", signed_by_anybody),
    ),
    mutant(
        "one-decision",
        "A case that was decided may be approved.",
        Change(Award, "why_not_approvable", without("already_decided")),
    ),
    mutant(
        "one-rejection",
        "A case that was decided may be rejected.",
        Change(Award, "reject", rejected_again),
    ),
    mutant(
        "late",
        "One person alone approves what came late.",
        Change(Award, "why_not_approvable", without("late_without_override")),
    ),
    mutant(
        "no-funds",
        "A case is approved that nothing was promised to.",
        Change(Award, "why_not_approvable", without("no_funds_earmarked")),
    ),
    mutant(
        "ineligible",
        "A case is approved that was not found eligible.",
        Change(Award, "why_not_approvable", without("not_found_eligible")),
    ),
    mutant(
        "scripted-decider",
        "A program decides in a store that is no demonstration.",
        Change(award, "why_not_decided_by", without("scripted_actor")),
    ),
    mutant(
        "scripted-checker",
        "A program finds in a store that is no demonstration.",
        Change(grant_eligibility.application, "_need_a_person", always(None)),
    ),
    mutant(
        "role",
        "Anybody may give any command.",
        Change(desk, "_why_not_entitled", without("role_not_entitled")),
    ),
    mutant(
        "mandate",
        "A mandate that has ended is as good as one in force.",
        Change(desk, "_why_not_entitled", without("mandate_not_in_force")),
    ),
    mutant(
        "twins",
        "Nobody remembers who was the first to apply for an operation.",
        Change(grant_eligibility.application, "_original", always(None)),
    ),
    mutant(
        "withdrawal-overtaking",
        "A withdrawal that comes before the finding is forgotten.",
        Change(application, "note_withdrawal", forgotten_before_the_finding),
    ),
    mutant(
        "withdrawal-remembered",
        "Money is promised to a case that was withdrawn before its finding came.",
        Change(application, "note_finding", promised_all_the_same),
    ),
    mutant(
        "withdrawn",
        "A case that was taken back is approved.",
        Change(Award, "why_not_approvable", without("withdrawn")),
    ),
    mutant(
        "appeal",
        "A decision is final before the time for legal action has run out.",
        Change(Award, "expire_remedy", without_waiting),
    ),
    mutant(
        "told",
        "A decision is final that nobody was told of.",
        Change(Award, "_contestable_days", told_or_not),
    ),
    mutant(
        "renounced-final",
        "An award that was given up becomes final.",
        Change(Award, "_contestable_days", renounced_or_not),
    ),
    mutant(
        "finality",
        "A promise becomes a debt as soon as it is approved.",
        Change(application, "_refuses_approval", committed_at_once),
    ),
)
