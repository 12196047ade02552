"""The same amount from two sides, at each level between programme and bank, to the cent.

Responsible for what is compared with what. It shows nothing, and tolerates nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grant_audit import queries
from grant_audit.case_file import CaseFile, by_fund_and_year
from grant_audit.pages import CaseFiles
from grant_values.money import Cents


@dataclass(frozen=True)
class Check:
    """One reconciliation: the same amount from two sides. `claim` is a term of the catalogue."""

    level: str
    name: str
    claim: str
    left_cents: Cents
    right_cents: Cents

    @property
    def holds(self) -> bool:
        return self.left_cents == self.right_cents


def key_of(line: Mapping[str, Any]) -> str:
    return f"{line['fund']}/{line['year']}"


def programme_check(
    programme: str, lines: Sequence[Mapping[str, Any]], files: Sequence[CaseFile]
) -> Check:
    booked = sum(line["paid_cents"] for line in lines)
    confirmed = sum(file.paid_cents for file in files)
    return Check("programme", programme, "booked_is_confirmed", booked, confirmed)


def line_checks(line: Mapping[str, Any], files: Sequence[CaseFile]) -> Iterator[Check]:
    key = key_of(line)
    own = [file for file in files if key in file.lines]
    committed = sum(file.lines[key]["committed_cents"] for file in own)
    yield Check("line", key, "committed_is_that_of_operations", line["committed_cents"], committed)
    granted = sum(file.tranches.get(key, 0) for file in files if "final" in file.budgeting)
    yield Check("line", key, "committed_is_granted", line["committed_cents"], granted)
    booked = sum(file.lines[key]["paid_cents"] for file in own)
    yield Check("line", key, "paid_is_that_of_operations", line["paid_cents"], booked)
    confirmed = sum(file.paid.get(key, 0) for file in files)
    yield Check("line", key, "booked_is_confirmed", line["paid_cents"], confirmed)


def case_checks(
    store: CaseFiles, file: CaseFile, runs: Mapping[str, Mapping[str, Any]]
) -> Iterator[Check]:
    name = file.reference
    granted = sum(file.tranches.values())
    yield Check("operation", name, "granted_is_its_tranches", file.grant_cents, granted)
    for key, wanted in sorted(_wanted_of_ordered_claims(file).items()):
        cents = ordered(file).get(key, 0)
        yield Check("claim", f"{name} {key}", "ordered_is_what_claims_wanted", cents, wanted)
    for order_id, order in sorted(file.disbursement.get("orders", {}).items()):
        parts = sum(by_fund_and_year(order["tranches"]).values())
        yield Check("order", order_id, "order_is_its_tranches", order["amount_cents"], parts)
    confirmed = sum(_confirmed(order) for order in file.orders)
    yield Check("operation", name, "paid_is_confirmed", file.paid_cents, confirmed)
    booked = sum(share["paid_cents"] for share in file.lines.values())
    yield Check("operation", name, "booked_is_confirmed", booked, confirmed)
    sent = {each["run"] for order in file.orders for each in order["transmissions"]}
    for run in sorted(sent & runs.keys()):
        parts = _orders_of_run(store, runs[run])
        yield Check("payment", run, "run_is_its_orders", runs[run]["total_cents"], parts)


def ordered(file: CaseFile) -> dict[str, Cents]:
    """What was ordered for a case, in cents by "<fund>/<year>"."""
    totals: dict[str, Cents] = {}
    for order in file.orders:
        for key, cents in by_fund_and_year(order["tranches"]).items():
            totals[key] = totals.get(key, 0) + cents
    return totals


def _wanted_of_ordered_claims(file: CaseFile) -> dict[str, Cents]:
    """Claims are cumulative: what was ordered is the highest total of a claim with an order."""
    claims = {order["claim"] for order in file.orders}
    highest: dict[str, Cents] = {}
    for claim in claims:
        wanted = by_fund_and_year(file.disbursement["claims"][claim]["wanted"])
        for key, cents in wanted.items():
            highest[key] = max(highest.get(key, 0), cents)
    return highest


def _confirmed(order: Mapping[str, Any]) -> Cents:
    executed = sum(each["amount_cents"] for each in order["executions"])
    returned = sum(each["amount_cents"] for each in order["returns"] if each["was_executed"])
    return int(executed - returned)


def _orders_of_run(store: CaseFiles, run: Mapping[str, Any]) -> Cents:
    """The run's orders, each from the file of its own case. One that is not on record as of what
    was asked for counts for nothing, and the sums differ."""
    wanted = {(order["reference"], order["order_id"]) for order in run["orders"]}
    return sum(
        order["amount_cents"]
        for reference in {reference for reference, _ in wanted}
        for order_id, order in queries.section_of(store, reference, "disbursement")
        .get("orders", {})
        .items()
        if (reference, order_id) in wanted
    )
