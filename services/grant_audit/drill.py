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
from grant_audit.case_file import CaseFile
from grant_audit.pages import CaseFiles
from grant_audit.reconciliation import (
    Check,
    case_checks,
    key_of,
    line_checks,
    ordered,
    programme_check,
)
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
    chosen = [each for each in lines if line in (None, key_of(each))]
    if not chosen:
        known = ", ".join(key_of(each) for each in lines)
        raise Invalid("line", f"expected one of {known}, not {line!r}")
    rows = [_programme_row(store, programme, lines, files)]
    checks = [programme_check(programme, lines, files)]
    for each in chosen:
        rows.append(_line_row(each, files))
        checks += line_checks(each, files)
        if line is not None:
            rows += _operation_rows(key_of(each), files)
    return Drill(programme, tuple(rows), tuple(checks))


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


def _line_row(line: Mapping[str, Any], files: Sequence[CaseFile]) -> Row:
    key = key_of(line)
    amounts = {name: line[name] for name in ("ceiling_cents", "committed_cents", "paid_cents")}
    count = sum(1 for file in files if key in file.lines)
    return Row("line", key, amounts, line["place"], told=str(count))


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
    return Drill(reference, tuple(rows), tuple(case_checks(store, file, runs)))


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


def _lines_of_case(store: CaseFiles, file: CaseFile) -> Iterator[Row]:
    """The programme, and the lines that the operation is paid from."""
    places = ", ".join(page["place"] for page in queries.programme_pages(store, file.programme))
    yield Row("programme", file.programme, {}, places)
    for line in queries.line_pages(store, file.programme):
        share = file.lines.get(key_of(line))
        if share:
            amounts = {name: share[name] for name in ("committed_cents", "paid_cents")}
            yield Row("line", key_of(line), amounts, line["place"])


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
