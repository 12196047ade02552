"""From a programme down to the bank's confirmation, and back: each amount with where it stands.

Levels: programme → line (fund and year) → operation → claim → order → payment with its run →
confirmation or return. At each level the parts are added up and compared with the whole, to the
cent. Claims are totals by tranche: there are no vouchers below them yet, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grant_audit import queries
from grant_audit.case_file import CaseFile, by_fund_and_year
from grant_audit.pages import CaseFiles
from grant_values.invalid import Invalid
from grant_values.money import Cents

LEVELS = (
    "programme",
    "line",
    "operation",
    "claim",
    "order",
    "payment",
    "confirmation",
    "return",
)
AMOUNTS = (
    "ceiling_cents",
    "granted_cents",
    "committed_cents",
    "wanted_cents",
    "ordered_cents",
    "sent_cents",
    "paid_cents",
)
"""The amounts that a row may have, in the order of a grant's life."""

DEPTH = "claim"
"""Below a claim there are no vouchers yet: it is a cumulative total by tranche."""


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


@dataclass(frozen=True)
class Row:
    """One entry of a level. `place` is where its event stands ("disbursement/main/17")."""

    level: str
    name: str
    amounts: Mapping[str, Cents]
    place: str
    day: str = ""
    told: str = ""


@dataclass(frozen=True)
class Drill:
    """The rows from top to bottom, and what was compared."""

    subject: str
    rows: tuple[Row, ...]
    checks: tuple[Check, ...]
    depth: str = field(default=DEPTH)

    @property
    def reconciles(self) -> bool:
        return all(check.holds for check in self.checks)


def of_programme(store: CaseFiles, programme: str, line: str | None = None) -> Drill:
    """The lines of a programme, or one of them ("ESF/2021") with each of its operations."""
    lines = [each for each in queries.line_pages(store) if each["programme"] == programme]
    if not lines:
        raise Invalid("programme", f"expected one with budget lines, not {programme!r}")
    files = [file for file in queries.every_case(store) if file.programme == programme]
    chosen = [each for each in lines if line in (None, _key(each))]
    if not chosen:
        known = ", ".join(_key(each) for each in lines)
        raise Invalid("line", f"expected one of {known}, not {line!r}")
    rows = [_programme_row(store, programme, lines, files)]
    checks = [_programme_check(programme, lines, files)]
    for each in chosen:
        rows.append(_line_row(each, files))
        checks += _line_checks(each, files)
        if line is not None:
            rows += _operation_rows(_key(each), files)
    return Drill(programme, tuple(rows), tuple(checks))


def _key(line: Mapping[str, Any]) -> str:
    return f"{line['fund']}/{line['year']}"


def _programme_row(
    store: CaseFiles,
    programme: str,
    lines: Sequence[Mapping[str, Any]],
    files: Sequence[CaseFile],
) -> Row:
    amounts = {
        name: sum(line[name] for line in lines)
        for name in ("ceiling_cents", "committed_cents", "paid_cents")
    }
    places = [page["place"] for page in queries.programme_pages(store, programme)]
    return Row("programme", programme, amounts, ", ".join(places), told=str(len(files)))


def _programme_check(
    programme: str, lines: Sequence[Mapping[str, Any]], files: Sequence[CaseFile]
) -> Check:
    booked = sum(line["paid_cents"] for line in lines)
    confirmed = sum(file.paid_cents for file in files)
    return Check("programme", programme, "booked_is_confirmed", booked, confirmed)


def _line_row(line: Mapping[str, Any], files: Sequence[CaseFile]) -> Row:
    key = _key(line)
    amounts = {name: line[name] for name in ("ceiling_cents", "committed_cents", "paid_cents")}
    count = sum(1 for file in files if key in file.lines)
    return Row("line", key, amounts, line["place"], told=str(count))


def _line_checks(line: Mapping[str, Any], files: Sequence[CaseFile]) -> Iterator[Check]:
    key = _key(line)
    own = [file for file in files if key in file.lines]
    committed = sum(file.lines[key]["committed_cents"] for file in own)
    yield Check("line", key, "committed_is_that_of_operations", line["committed_cents"], committed)
    granted = sum(file.tranches.get(key, 0) for file in files if "final" in file.budgeting)
    yield Check("line", key, "committed_is_granted", line["committed_cents"], granted)
    booked = sum(file.lines[key]["paid_cents"] for file in own)
    yield Check("line", key, "paid_is_that_of_operations", line["paid_cents"], booked)
    confirmed = sum(file.paid.get(key, 0) for file in files)
    yield Check("line", key, "booked_is_confirmed", line["paid_cents"], confirmed)


def _operation_rows(key: str, files: Iterable[CaseFile]) -> Iterator[Row]:
    for file in sorted(files, key=lambda each: each.reference):
        if key in file.lines or key in file.tranches:
            amounts = {
                "granted_cents": file.tranches.get(key, 0),
                "committed_cents": file.lines.get(key, {}).get("committed_cents", 0),
                "ordered_cents": ordered(file).get(key, 0),
                "paid_cents": file.paid.get(key, 0),
            }
            yield Row("operation", file.reference, amounts, _decision_place(file))


def of_case(store: CaseFiles, reference: str, order_id: str | None = None) -> Drill:
    """One operation down to the bank's confirmations; of one order only, where it is named."""
    file = queries.case(store, reference)
    runs = {run["run"]: run for run in queries.runs(store)}
    orders = file.disbursement.get("orders", {})
    rows = [*_lines_of_case(store, file), _operation_row(file)]
    for claim, page in sorted(file.disbursement.get("claims", {}).items()):
        own = {
            name: order
            for name, order in orders.items()
            if order["claim"] == claim and order_id in (None, name)
        }
        if own or order_id is None:
            rows.append(_claim_row(claim, page))
        for name, order in sorted(own.items()):
            rows += _order_rows(name, order, runs)
    return Drill(reference, tuple(rows), tuple(_case_checks(store, file, runs)))


def of_order(store: CaseFiles, order_id: str) -> Drill:
    """Back up from an order: its claim, its operation and the lines that pay it."""
    for file in queries.every_case(store, ("disbursement",)):
        if order_id in file.disbursement.get("orders", {}):
            return of_case(store, file.reference, order_id)
    raise Invalid("order", f"expected the id of a payment order on record, not {order_id!r}")


def of_payment(store: CaseFiles, end_to_end_id: str) -> Drill:
    """Back up from a line of a bank statement: its run, order, claim, operation and lines."""
    for run in queries.runs(store):
        for order in run["orders"]:
            if order["end_to_end_id"] == end_to_end_id:
                return of_case(store, order["reference"], order["order_id"])
    expected = f"expected the end-to-end id of a payment on record, not {end_to_end_id!r}"
    raise Invalid("payment", expected)


def ordered(file: CaseFile) -> dict[str, Cents]:
    """What was ordered for a case, in cents by "<fund>/<year>"."""
    totals: dict[str, Cents] = {}
    for order in file.orders:
        for key, cents in by_fund_and_year(order["tranches"]).items():
            totals[key] = totals.get(key, 0) + cents
    return totals


def _lines_of_case(store: CaseFiles, file: CaseFile) -> Iterator[Row]:
    """The programme, and the lines that the operation is paid from."""
    places = ", ".join(page["place"] for page in queries.programme_pages(store, file.programme))
    yield Row("programme", file.programme, {}, places)
    for line in queries.line_pages(store, file.programme):
        share = file.lines.get(_key(line))
        if share:
            amounts = {name: share[name] for name in ("committed_cents", "paid_cents")}
            yield Row("line", _key(line), amounts, line["place"])


def _operation_row(file: CaseFile) -> Row:
    amounts = {
        "granted_cents": file.grant_cents,
        "ordered_cents": sum(ordered(file).values()),
        "paid_cents": file.paid_cents,
    }
    day = file.decision["effective_on"] if file.decision else ""
    return Row("operation", file.reference, amounts, _decision_place(file), day)


def _decision_place(file: CaseFile) -> str:
    return str(file.decision["place"]) if file.decision else ""


def _claim_row(claim: str, page: Mapping[str, Any]) -> Row:
    wanted = sum(tranche["amount_cents"] for tranche in page["wanted"])
    certified = [
        f"{name}: {each['certified_by']} ({each['place']})"
        for name, each in page["certificates"].items()
    ]
    amounts = {"wanted_cents": wanted}
    day = page["effective_on"]
    return Row("claim", claim, amounts, page["place"], day, "; ".join(certified))


def _order_rows(
    name: str, order: Mapping[str, Any], runs: Mapping[str, Mapping[str, Any]]
) -> Iterator[Row]:
    cents = order["amount_cents"]
    by, day = order["ordered_by"], order["effective_on"]
    yield Row("order", name, {"ordered_cents": cents}, order["place"], day, by)
    for sent in order["transmissions"]:
        run = runs.get(sent["run"])
        told = _run_told(sent["run"], run)
        e2e, sent_on = sent["end_to_end_id"], sent["effective_on"]
        yield Row("payment", e2e, {"sent_cents": cents}, sent["place"], sent_on, told)
    for level, pages in (("confirmation", order["executions"]), ("return", order["returns"])):
        for page in pages:
            sign = 1 if level == "confirmation" else -int(page["was_executed"])
            amounts = {"paid_cents": sign * page["amount_cents"]}
            told = page.get("reason", "")
            e2e, day = page["end_to_end_id"], page["effective_on"]
            yield Row(level, e2e, amounts, page["place"], day, told)


def _run_told(name: str, run: Mapping[str, Any] | None) -> str:
    """The run and its file, by which a payment left. A run may be heard of after its payments."""
    if run is None or not run["file"]:
        return name
    return f"{name} ({run['place']}): {run['file']['file_name']} {run['file']['sha256']}"


def _case_checks(
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
    """The run's orders, each from the file of its own case."""
    return sum(
        queries.case(store, order["reference"]).disbursement["orders"][order["order_id"]][
            "amount_cents"
        ]
        for order in run["orders"]
    )
