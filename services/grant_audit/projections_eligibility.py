"""What eligibility's facts change in the case file."""

from __future__ import annotations

from collections.abc import Mapping

from grant_audit.pages import Pages, Projection, only_history, taken
from grant_contracts import eligibility
from grant_contracts.envelope import Fact


def _assessment_opened(pages: Pages, fact: eligibility.AssessmentOpened) -> None:
    pages.section().update(
        taken(
            fact,
            "reference",
            "programme",
            "programme_version",
            "late",
            "eligible_cents",
            "tranches",
            "calculation",
        )
    )


def _check_recorded(pages: Pages, fact: eligibility.CheckRecorded) -> None:
    # What the rule looked at stands in the history, so that the case file stays small.
    check = taken(fact, "rule", "rule_version", "result", "explanation")
    pages.section().setdefault("checks", []).append(check)


def _case_referred(pages: Pages, fact: eligibility.CaseReferred) -> None:
    pages.section()["referral"] = taken(fact, "rules", "explanations")


def _finding_proposed(pages: Pages, fact: eligibility.FindingProposed) -> None:
    pages.section()["proposal"] = taken(fact, "eligible", "reasons", "proposed_by", "effective_on")


def _found_eligible(pages: Pages, fact: eligibility.FoundEligible) -> None:
    pages.section()["finding"] = {
        "eligible": True,
        "failed": [],
        **taken(
            fact, "eligible_cents", "reasons", "rule", "proposed_by", "signed_by", "effective_on"
        ),
    }


def _found_ineligible(pages: Pages, fact: eligibility.FoundIneligible) -> None:
    pages.section()["finding"] = {
        "eligible": False,
        "failed": list(fact.failed),
        **taken(
            fact, "eligible_cents", "reasons", "rule", "proposed_by", "signed_by", "effective_on"
        ),
    }


PROJECTIONS: Mapping[type[Fact], Projection] = {
    eligibility.AssessmentOpened: _assessment_opened,
    eligibility.FingerprintTaken: only_history,
    eligibility.CheckRecorded: _check_recorded,
    eligibility.CaseReferred: _case_referred,
    eligibility.CompletenessNoted: only_history,
    eligibility.FindingProposed: _finding_proposed,
    eligibility.FoundEligible: _found_eligible,
    eligibility.FoundIneligible: _found_ineligible,
}
