"""The figures of a whole store, and the proofs that they agree with each other.

Each proof computes the same amount twice from what different services have recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from grant_audit import proofs, queries
from grant_audit.case_file import CaseFile
from grant_audit.pages import CaseFiles

REPEATS = frozenset({"repeats_earlier_operation", "earlier_number_arrived_later"})
EARLY = frozenset({"started_early"})


def summary(store: CaseFiles, files: Sequence[CaseFile] | None = None) -> dict[str, Any]:
    """Counts, cents and proofs, as plain values in a fixed order; of `files` if they were read."""
    files = list(queries.every_case(store)) if files is None else files
    lines, runs = queries.budget(store), queries.runs(store)
    definitions = queries.definitions(store)
    return {
        "demonstration": queries.is_demonstration(store),
        "applications": _applications(files),
        "rejected_by_reason": _rejected_by_reason(files),
        "budget": _totals(lines),
        "paid_by_fund_and_year": proofs.paid_by_fund_and_year(files),
        "payment_files": _payment_files(runs),
        "events": queries.events_followed(store),
        "reconciliation": proofs.all_proofs(files, lines, runs, definitions),
    }


def _applications(files: Sequence[CaseFile]) -> dict[str, dict[str, int]]:
    traits: Mapping[str, Callable[[CaseFile], object]] = {
        "received": lambda file: file.intake,
        "late": lambda file: file.intake.get("late"),
        "repeats": lambda file: REPEATS.intersection(file.explanations()),
        "started_early": lambda file: EARLY.intersection(file.explanations()),
        "referred": lambda file: "referral" in file.eligibility,
        "on_reserve_list": lambda file: file.state == "on_reserve_list",
    }
    by_trait = {name: _count_and_cents(filter(has, files)) for name, has in traits.items()}
    by_outcome = {
        outcome: _count_and_cents(file for file in files if proofs.outcome_of(file) == outcome)
        for outcome in proofs.OUTCOMES
    }
    return {**by_trait, **by_outcome}


def _count_and_cents(files: Iterable[CaseFile]) -> dict[str, int]:
    found = list(files)
    return {
        "count": len(found),
        "eligible_cents": sum(file.eligible_cents for file in found),
        "grant_cents": sum(file.grant_cents for file in found),
    }


def _rejected_by_reason(files: Iterable[CaseFile]) -> dict[str, int]:
    """How many rejections name each failed rule. One rejection may name several."""
    rejected = (file.decision for file in files if file.outcome == "rejected" and file.decision)
    reasons = Counter(rule for decision in rejected for rule in decision["failed"])
    return dict(sorted(reasons.items()))


def _totals(lines: Iterable[queries.LineRow]) -> list[dict[str, Any]]:
    return [
        {
            "programme": line.programme,
            "fund": line.fund,
            "year": line.year,
            "ceiling_cents": line.ceiling_cents,
            "promised_cents": line.promised_cents,
            "earmarked_cents": line.earmarked_cents,
            "committed_cents": line.committed_cents,
            "paid_cents": line.paid_cents,
            "free_cents": line.free_cents,
        }
        for line in lines
    ]


def _payment_files(runs: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    written = [run for run in runs if run["file"]]
    return {
        "count": len(written),
        "payments": sum(len(run["orders"]) for run in written),
        "total_cents": sum(run["total_cents"] for run in written),
    }
