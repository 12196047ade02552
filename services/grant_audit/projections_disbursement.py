"""What disbursement's facts change in the case file and on the pages of the payment runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from grant_audit.pages import RUN, Page, Pages, Projection, only_history, placed, taken
from grant_contracts import disbursement
from grant_contracts.envelope import Fact
from grant_values.shapes import Tranche


def _grant_account_opened(pages: Pages, fact: disbursement.GrantAccountOpened) -> None:
    section = pages.section()
    section.update(taken(fact, "reference"))
    section["account"] = placed(pages, fact, "payee", "tranches", "final_on")


def _grant_renounced(pages: Pages, fact: disbursement.GrantRenounced) -> None:
    pages.section()["renunciation"] = taken(fact, "effective_on")


def _claim_submitted(pages: Pages, fact: disbursement.ClaimSubmitted) -> None:
    pages.section().setdefault("claims", {})[fact.claim] = {
        **placed(pages, fact, "wanted", "purpose", "submitted_by", "effective_on"),
        "certificates": {},
    }


def _factual_correctness_certified(
    pages: Pages, fact: disbursement.FactualCorrectnessCertified
) -> None:
    _certify(pages, fact, "factual")


def _arithmetic_correctness_certified(
    pages: Pages, fact: disbursement.ArithmeticCorrectnessCertified
) -> None:
    _certify(pages, fact, "arithmetic")


def _certify(
    pages: Pages,
    fact: disbursement.FactualCorrectnessCertified | disbursement.ArithmeticCorrectnessCertified,
    certificate: str,
) -> None:
    certificates = pages.section()["claims"][fact.claim]["certificates"]
    certificates[certificate] = placed(pages, fact, "certified_by", "effective_on")


def _certification_refused(pages: Pages, fact: disbursement.CertificationRefused) -> None:
    refusal = taken(fact, "claim", "certificate", "reason", "asked_by", "effective_on")
    pages.section().setdefault("refused_certificates", []).append(refusal)


def _payment_ordered(pages: Pages, fact: disbursement.PaymentOrdered) -> None:
    pages.section().setdefault("orders", {})[fact.order_id] = {
        **placed(pages, fact, "claim", "tranches", "amount_cents", "ordered_by", "effective_on"),
        "transmissions": [],
        "executions": [],
        "returns": [],
    }


def _payment_order_refused(pages: Pages, fact: disbursement.PaymentOrderRefused) -> None:
    refusal = taken(fact, "claim", "reason", "asked_by", "effective_on")
    pages.section().setdefault("refused_orders", []).append(refusal)


def _payment_run_opened(pages: Pages, fact: disbursement.PaymentRunOpened) -> None:
    page = placed(
        pages,
        fact,
        "run",
        "message_id",
        "created_at",
        "execution_on",
        "debtor_name",
        "total_cents",
    )
    orders = [
        {
            "reference": payment.reference,
            "order_id": payment.order_id,
            "end_to_end_id": payment.end_to_end_id,
        }
        for payment in fact.payments
    ]
    # The position says of which event the file was made, and makes it again.
    opened = {**page, "position": pages.event.at, "orders": orders}
    pages.write(RUN, fact.run, {**opened, "file": None, "transmitted": None})


def _payment_run_written(pages: Pages, fact: disbursement.PaymentRunWritten) -> None:
    pages.page(RUN, fact.run)["file"] = placed(pages, fact, "file_name", "sha256", "size_bytes")


def _payment_run_refused(pages: Pages, fact: disbursement.PaymentRunRefused) -> None:
    refused = placed(pages, fact, "order_id", "reason", "asked_by", "effective_on")
    pages.page(RUN, fact.run)["refused"] = refused


def _payment_run_transmitted(pages: Pages, fact: disbursement.PaymentRunTransmitted) -> None:
    pages.page(RUN, fact.run)["transmitted"] = placed(pages, fact, "transmitted_by", "effective_on")


def _payment_transmitted(pages: Pages, fact: disbursement.PaymentTransmitted) -> None:
    transmission = placed(pages, fact, "run", "end_to_end_id", "transmitted_by", "effective_on")
    _order(pages.section(), fact.order_id)["transmissions"].append(transmission)


def _payment_executed(pages: Pages, fact: disbursement.PaymentExecuted) -> None:
    section = pages.section()
    execution = placed(pages, fact, "end_to_end_id", "tranches", "amount_cents", "effective_on")
    _order(section, fact.order_id)["executions"].append(execution)
    _book(section, fact.tranches, sign=1)


def _payment_returned(pages: Pages, fact: disbursement.PaymentReturned) -> None:
    section = pages.section()
    returned = placed(
        pages,
        fact,
        "end_to_end_id",
        "tranches",
        "amount_cents",
        "was_executed",
        "reason",
        "effective_on",
    )
    _order(section, fact.order_id)["returns"].append(returned)
    if fact.was_executed:
        _book(section, fact.tranches, sign=-1)


def _order(section: Page, order_id: str) -> Page:
    order: Page = section["orders"][order_id]
    return order


def _book(section: Page, tranches: Iterable[Tranche], sign: int) -> None:
    paid = section.setdefault("paid", {})
    for tranche in tranches:
        key = f"{tranche.fund}/{tranche.year}"
        paid[key] = paid.get(key, 0) + sign * tranche.amount_cents


PROJECTIONS: Mapping[type[Fact], Projection] = {
    disbursement.GrantAccountOpened: _grant_account_opened,
    disbursement.GrantRenounced: _grant_renounced,
    disbursement.ClaimSubmitted: _claim_submitted,
    disbursement.FactualCorrectnessCertified: _factual_correctness_certified,
    disbursement.ArithmeticCorrectnessCertified: _arithmetic_correctness_certified,
    disbursement.CertificationRefused: _certification_refused,
    disbursement.PaymentOrdered: _payment_ordered,
    disbursement.PaymentOrderRefused: _payment_order_refused,
    disbursement.PaymentRunOpened: _payment_run_opened,
    disbursement.PaymentRunWritten: _payment_run_written,
    disbursement.CashbookOpened: only_history,
    disbursement.PaymentRunEntered: only_history,
    disbursement.PaymentRunRefused: _payment_run_refused,
    disbursement.PaymentRunTransmitted: _payment_run_transmitted,
    disbursement.PaymentTransmitted: _payment_transmitted,
    disbursement.PaymentExecuted: _payment_executed,
    disbursement.PaymentReturned: _payment_returned,
}
