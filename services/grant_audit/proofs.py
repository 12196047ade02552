"""Proofs of reconciliation: one amount, computed twice from what different services recorded.

A proof holds to the cent or it does not; nothing is rounded or tolerated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from grant_audit.case_file import AWARDED, CaseFile
from grant_audit.queries import LineRow
from grant_values.money import Cents, parse_rate, share

Proof = dict[str, Any]
Definitions = Mapping[str, Mapping[str, Any]]

OUTCOMES = ("approved", "partially_approved", "rejected", "withdrawn", "renounced", "pending")
ESF = "ESF"


def all_proofs(
    files: Sequence[CaseFile],
    lines: Sequence[LineRow],
    runs: Sequence[Mapping[str, Any]],
    definitions: Definitions,
) -> list[Proof]:
    return [
        every_application_has_one_outcome(files),
        eligible_received_is_what_was_decided_on(files),
        esf_promised_is_the_share_of_what_was_approved(files, lines, definitions),
        nothing_is_promised_beyond_a_ceiling(lines),
        nobody_was_paid_more_than_approved(files),
        payment_files_carry_what_was_transmitted(files, runs),
        budget_lines_agree_with_the_bank(files, lines),
    ]


def every_application_has_one_outcome(files: Sequence[CaseFile]) -> Proof:
    received = sum(1 for file in files if file.intake)
    decided = sum(1 for file in files if outcome_of(file) != "pending")
    return _equal("applications received = applications with an outcome", received, decided)


def eligible_received_is_what_was_decided_on(files: Sequence[CaseFile]) -> Proof:
    """Left from the applications; right from what budgeting noted, decided or saw withdrawn."""
    left = sum(file.eligible_cents for file in files)
    right = sum(_decided_on_cents(file) for file in files)
    return _equal("eligible received = rejected + approved + withdrawn, none pending", left, right)


def esf_promised_is_the_share_of_what_was_approved(
    files: Sequence[CaseFile], lines: Sequence[LineRow], definitions: Definitions
) -> Proof:
    """Left from the budget lines; right computed anew from cost and rate of each award.

    A partial approval names its tranches itself, and they count as the decision says. Promises to
    cases that are open, renounced or not heard of from intake yet count on both sides as recorded.
    """
    left = sum(line.promised_cents for line in lines if line.fund == ESF)
    right = sum(
        esf_awarded(file, definitions[file.programme_key])
        if file.intake and outcome_of(file) in AWARDED
        else _promised_esf_cents(file)
        for file in files
    )
    return _equal("ESF earmarked = sum of floor(eligible × rate) over approved", left, right)


def nothing_is_promised_beyond_a_ceiling(lines: Sequence[LineRow]) -> Proof:
    excess = sum(max(0, -line.free_cents) for line in lines)
    return _equal("promised beyond a ceiling, over all budget lines = 0", excess, 0)


def nobody_was_paid_more_than_approved(files: Sequence[CaseFile]) -> Proof:
    excess = sum(
        max(0, cents - file.tranches.get(key, 0))
        for file in files
        for key, cents in file.paid.items()
    )
    return _equal("paid beyond what was approved, per case, fund and year = 0", excess, 0)


def payment_files_carry_what_was_transmitted(
    files: Sequence[CaseFile], runs: Sequence[Mapping[str, Any]]
) -> Proof:
    left = sum(run["total_cents"] for run in runs if run["file"])
    right = sum(
        order["amount_cents"] * len(order["transmissions"])
        for file in files
        for order in file.orders
    )
    return _equal("total of all payment files = orders transmitted", left, right)


def budget_lines_agree_with_the_bank(files: Sequence[CaseFile], lines: Sequence[LineRow]) -> Proof:
    left = sum(line.paid_cents for line in lines)
    right = sum(file.paid_cents for file in files)
    return _equal("spent by the budget lines = executed by the bank", left, right)


def outcome_of(file: CaseFile) -> str:
    """What became of an application, as one of `OUTCOMES`."""
    if file.is_renounced:
        return "renounced"
    if file.outcome:
        return file.outcome
    return "withdrawn" if file.withdrawn_on is not None else "pending"


def esf_awarded(file: CaseFile, definition: Mapping[str, Any]) -> Cents:
    if file.outcome == "partially_approved":
        return sum(cents for key, cents in file.tranches.items() if key.startswith(f"{ESF}/"))
    return esf_share(file, definition)


def esf_share(file: CaseFile, definition: Mapping[str, Any]) -> Cents:
    """The ESF's part of an award by the programme's own rates: rounded down, never topped up."""
    money = definition["money"]
    land_only = file.intake["operation"]["module"] in money.get("land_only_modules", ())
    rate = Fraction(0) if land_only else parse_rate(money["esf_rate"])
    return min(share(rate, file.terms["eligible_cents"]), file.grant_cents)


def paid_by_fund_and_year(files: Iterable[CaseFile]) -> dict[str, Cents]:
    totals: dict[str, Cents] = {}
    for file in files:
        for key, cents in file.paid.items():
            totals[key] = totals.get(key, 0) + cents
    return dict(sorted(totals.items()))


def _decided_on_cents(file: CaseFile) -> Cents:
    outcome = outcome_of(file)
    if outcome == "pending":
        return 0
    if outcome == "withdrawn":
        return file.eligible_cents
    noted: Cents = file.budgeting["finding"]["eligible_cents"]
    return noted


def _promised_esf_cents(file: CaseFile) -> Cents:
    return sum(
        line["earmarked_cents"] + line["committed_cents"]
        for key, line in file.lines.items()
        if key.startswith(f"{ESF}/")
    )


def _equal(claim: str, left: Cents, right: Cents) -> Proof:
    return {"claim": claim, "left": left, "right": right, "holds": left == right}
