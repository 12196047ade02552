"""Claims, certificates, orders and payment runs of a whole list, year by year."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from grant_values.money import format_euro
from pruefpfad.scripted import script
from pruefpfad.scripted.scenario import Records, Scenario
from pruefpfad.scripted.stages import Stages

Wanted = dict[str, list[dict[str, Any]]]


def pay_everything(stages: Stages, records: Records, scenario: Scenario) -> None:
    """Draw each award in full in the budget years of its tranches, one payment run a year."""
    for year, wanted in sorted(_wanted_by_year(records).items()):
        _claim(stages, scenario, year, wanted)
        _certify_and_order(stages, scenario, year, wanted)
        _pay(stages, records, scenario, year)


def _wanted_by_year(records: Records) -> dict[int, Wanted]:
    """What each award may draw in each year, as wanted totals of its tranches."""
    by_year: dict[int, Wanted] = defaultdict(lambda: defaultdict(list))
    for case in records.every_case("budgeting"):
        for tranche in case.terms.get("tranches", ()):
            wanted = {
                "fund": tranche["fund"],
                "year": tranche["year"],
                "amount": format_euro(tranche["amount_cents"]),
            }
            by_year[tranche["year"]][case.reference].append(wanted)
    return by_year


def _claim(stages: Stages, scenario: Scenario, year: int, wanted: Wanted) -> None:
    purpose = scenario.settings["reasons"]["purpose_of_payment"]
    claims = [
        stages.message(
            script.APPLICANT,
            "disbursement.submit_claim",
            f"{reference}:claim:{year}",
            reference=reference,
            claim=str(year),
            wanted=tranches,
            purpose=f"{reference} {purpose}",
            effective_on=scenario.year_end("claim", year),
        )
        for reference, tranches in wanted.items()
    ]
    stages.record(f"claims {year}", claims)


def _certify_and_order(stages: Stages, scenario: Scenario, year: int, wanted: Wanted) -> None:
    for role, command, step in (
        (script.FACTUAL_CERTIFIER, "certify_factually", "certificates"),
        (script.ARITHMETIC_CERTIFIER, "certify_arithmetically", "certificates"),
        (script.PAYMENT_AUTHORISER, "order_payment", "payment"),
    ):
        messages = [
            stages.message(
                role,
                f"disbursement.{command}",
                f"{reference}:{command}:{year}",
                reference=reference,
                claim=str(year),
                effective_on=scenario.year_end(step, year),
            )
            for reference in wanted
        ]
        stages.record(f"{command} {year}", messages)


def _pay(stages: Stages, records: Records, scenario: Scenario, year: int) -> None:
    run, paid_on = f"{year}-0001", scenario.year_end("payment", year)
    opened = stages.message(
        script.CASHIER,
        "disbursement.open_payment_run",
        f"{run}:open",
        run=run,
        execution_on=paid_on,
        created_at=f"{paid_on}T08:00:00Z",
        programme=scenario.programme,
        programme_version=scenario.definition["version"],
    )
    stages.record(f"run {year}", [opened])
    for command in ("write_payment_run", "transmit_payment_run"):
        step = stages.message(
            script.CASHIER,
            f"disbursement.{command}",
            f"{run}:{command}",
            run=run,
            effective_on=paid_on,
        )
        stages.record(f"run {year}", [step])
    confirmations = [
        stages.message(
            script.CASHIER,
            "disbursement.confirm_payment",
            f"{order['order_id']}:confirm",
            effective_on=paid_on,
            **order,
        )
        for order in records.orders_of_run(run)
    ]
    stages.record(f"confirm {year}", confirmations)
