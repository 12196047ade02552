"""What budgeting's facts change in the case file and on the pages of the budget lines."""

from __future__ import annotations

from collections.abc import Mapping

from grant_audit.pages import LINE, LINE_NAME, Page, Pages, Projection, only_history, placed, taken
from grant_contracts import budgeting
from grant_contracts.envelope import Fact

_OnRetention = (
    budgeting.RetentionOpened
    | budgeting.RetentionTermSet
    | budgeting.LegalHoldSet
    | budgeting.LegalHoldLifted
    | budgeting.ErasureRequested
    | budgeting.ErasureDecided
    | budgeting.DisposalProposed
    | budgeting.DisposalRefused
    | budgeting.CaseDisposed
)


def _budget_line_opened(pages: Pages, fact: budgeting.BudgetLineOpened) -> None:
    key = f"{fact.programme}/{fact.fund}/{fact.year}"
    totals = {"earmarked_cents": 0, "committed_cents": 0, "paid_cents": 0}
    page = placed(pages, fact, "programme", "fund", "year", "ceiling_cents")
    pages.write(LINE, key, {**page, **totals})
    pages.write(LINE_NAME, str(pages.event.subject), key)


def _ceiling_changed(pages: Pages, fact: budgeting.CeilingChanged) -> None:
    pages.page(LINE, _line_of(pages)).update(taken(fact, "ceiling_cents"))


def _funds_earmarked(pages: Pages, fact: budgeting.FundsEarmarked) -> None:
    _post(pages, earmarked_cents=fact.amount_cents)


def _earmark_released(pages: Pages, fact: budgeting.EarmarkReleased) -> None:
    _post(pages, earmarked_cents=-fact.amount_cents)


def _funds_committed(pages: Pages, fact: budgeting.FundsCommitted) -> None:
    # A promise that has become a debt is no longer a promise: it moves, it does not count twice.
    _post(pages, earmarked_cents=-fact.amount_cents, committed_cents=fact.amount_cents)


def _funds_spent(pages: Pages, fact: budgeting.FundsSpent) -> None:
    _post(pages, paid_cents=fact.amount_cents)


def _spending_reversed(pages: Pages, fact: budgeting.SpendingReversed) -> None:
    _post(pages, paid_cents=-fact.amount_cents)


def _post(pages: Pages, **amounts: int) -> None:
    """Book amounts on the budget line of the event and on the same line of its case."""
    key = _line_of(pages)
    line = pages.page(LINE, key)
    empty = {"earmarked_cents": 0, "committed_cents": 0, "paid_cents": 0}
    share = pages.section().setdefault("lines", {}).setdefault(_fund_and_year(key), empty)
    for name, cents in amounts.items():
        line[name] += cents
        share[name] += cents


def _line_of(pages: Pages) -> str:
    """The budget line of the event. Its facts do not name it, so the history notes the name."""
    key = pages.name_of(LINE_NAME)
    pages.history["line"] = _fund_and_year(key).replace("/", " ")
    return key


def _fund_and_year(key: str) -> str:
    return key.partition("/")[2]


def _earmark_refused(pages: Pages, fact: budgeting.EarmarkRefused) -> None:
    refusal = taken(fact, "amount_cents", "free_cents", "reason")
    line = _fund_and_year(_line_of(pages))
    pages.section().setdefault("refused_earmarks", []).append({"line": line, **refusal})


def _proceedings_opened(pages: Pages, fact: budgeting.ProceedingsOpened) -> None:
    pages.section().update(taken(fact, "reference", "because"))


def _finding_noted(pages: Pages, fact: budgeting.FindingNoted) -> None:
    pages.section()["finding"] = taken(fact, "eligible", "eligible_cents", "tranches", "failed")


def _withdrawal_noted(pages: Pages, fact: budgeting.WithdrawalNoted) -> None:
    pages.section()["withdrawal"] = placed(pages, fact, "renunciation", "effective_on")


def _placed_on_reserve_list(pages: Pages, fact: budgeting.PlacedOnReserveList) -> None:
    pages.section()["reserve"] = taken(fact, "tranches", "reason")


def _grant_approved(
    pages: Pages, fact: budgeting.GrantApproved | budgeting.GrantPartiallyApproved
) -> None:
    partial = isinstance(fact, budgeting.GrantPartiallyApproved)
    pages.section()["decision"] = {
        "kind": "partially_approved" if partial else "approved",
        **placed(
            pages,
            fact,
            "terms",
            "reasons",
            "override_reason",
            "decided_by",
            "seconded_by",
            "rule",
            "effective_on",
        ),
    }


def _application_rejected(pages: Pages, fact: budgeting.ApplicationRejected) -> None:
    pages.section()["decision"] = {
        "kind": "rejected",
        **placed(pages, fact, "reasons", "failed", "decided_by", "rule", "effective_on"),
    }


def _approval_refused(pages: Pages, fact: budgeting.ApprovalRefused) -> None:
    refusal = taken(fact, "reason", "asked_by", "effective_on")
    pages.section().setdefault("refused_approvals", []).append(refusal)


def _decision_notified(pages: Pages, fact: budgeting.DecisionNotified) -> None:
    pages.section()["notification"] = taken(
        fact, "channel", "dispatched_on", "deemed_on", "remedy_ends_on", "notified_by", "rule"
    )


def _remedy_waived(pages: Pages, fact: budgeting.RemedyWaived) -> None:
    pages.section()["waiver"] = taken(fact, "recorded_by", "effective_on")


def _decision_became_final(pages: Pages, fact: budgeting.DecisionBecameFinal) -> None:
    pages.section()["final"] = taken(fact, "outcome", "because", "final_on")


def _retention_opened(pages: Pages, fact: budgeting.RetentionOpened) -> None:
    _retention(pages, fact)


def _retention_term_set(pages: Pages, fact: budgeting.RetentionTermSet) -> None:
    page = placed(pages, fact, "because", "retain_until", "rule", "by_rule", "missing")
    _retention(pages, fact)["term"] = page


def _legal_hold_set(pages: Pages, fact: budgeting.LegalHoldSet) -> None:
    held = placed(pages, fact, "ground", "reason", "set_by", "effective_on")
    page = _retention(pages, fact)
    page.setdefault("holds", {})[fact.hold] = held
    if page.pop("disposed", None):  # Taken back: it has to be proposed and decided again.
        page.pop("proposed", None)


def _legal_hold_lifted(pages: Pages, fact: budgeting.LegalHoldLifted) -> None:
    _retention(pages, fact).setdefault("holds", {}).pop(fact.hold, None)


def _erasure_requested(pages: Pages, fact: budgeting.ErasureRequested) -> None:
    asked = placed(pages, fact, "subject", "purposes", "received_on", "due_on", "rule")
    _retention(pages, fact).setdefault("erasures", {})[fact.request] = {**asked, "decided": None}


def _erasure_decided(pages: Pages, fact: budgeting.ErasureDecided) -> None:
    decided = placed(pages, fact, "decision", "ground", "late", "decided_by", "effective_on")
    _retention(pages, fact)["erasures"][fact.request]["decided"] = decided


def _disposal_proposed(pages: Pages, fact: budgeting.DisposalProposed) -> None:
    _retention(pages, fact)["proposed"] = placed(
        pages, fact, "retain_until", "proposed_by", "effective_on"
    )


def _disposal_refused(pages: Pages, fact: budgeting.DisposalRefused) -> None:
    refusal = taken(fact, "proposal", "reason", "asked_by", "effective_on")
    _retention(pages, fact).setdefault("refused_disposals", []).append(refusal)


def _case_disposed(pages: Pages, fact: budgeting.CaseDisposed) -> None:
    _retention(pages, fact)["disposed"] = placed(
        pages,
        fact,
        "retain_until",
        "rule",
        "purposes",
        "proposed_by",
        "disposed_by",
        "effective_on",
    )


def _retention(pages: Pages, fact: _OnRetention) -> Page:
    """What the section says of how long the case is kept, to be changed in place. Each fact names
    the case: as of a day, one may count before that which has opened the retention."""
    page: Page = pages.section().setdefault("retention", {"reference": fact.reference})
    return page


PROJECTIONS: Mapping[type[Fact], Projection] = {
    budgeting.BudgetLineOpened: _budget_line_opened,
    budgeting.CeilingChanged: _ceiling_changed,
    budgeting.FundsEarmarked: _funds_earmarked,
    budgeting.EarmarkMade: only_history,
    budgeting.EarmarkRefused: _earmark_refused,
    budgeting.EarmarkReleased: _earmark_released,
    budgeting.FundsCommitted: _funds_committed,
    budgeting.FundsSpent: _funds_spent,
    budgeting.SpendingReversed: _spending_reversed,
    budgeting.ProceedingsOpened: _proceedings_opened,
    budgeting.FindingNoted: _finding_noted,
    budgeting.WithdrawalNoted: _withdrawal_noted,
    budgeting.PlacedOnReserveList: _placed_on_reserve_list,
    budgeting.GrantApproved: _grant_approved,
    budgeting.GrantPartiallyApproved: _grant_approved,
    budgeting.ApplicationRejected: _application_rejected,
    budgeting.ApprovalRefused: _approval_refused,
    budgeting.DecisionNotified: _decision_notified,
    budgeting.RemedyWaived: _remedy_waived,
    budgeting.DecisionBecameFinal: _decision_became_final,
    budgeting.RetentionOpened: _retention_opened,
    budgeting.RetentionTermSet: _retention_term_set,
    budgeting.LegalHoldSet: _legal_hold_set,
    budgeting.LegalHoldLifted: _legal_hold_lifted,
    budgeting.ErasureRequested: _erasure_requested,
    budgeting.ErasureDecided: _erasure_decided,
    budgeting.ErasureRefused: only_history,
    budgeting.DisposalProposed: _disposal_proposed,
    budgeting.DisposalRefused: _disposal_refused,
    budgeting.CaseDisposed: _case_disposed,
}
