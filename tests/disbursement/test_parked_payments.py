"""Nothing is paid on a case of which an event waits: it may be the one that ends its payments."""

from __future__ import annotations

import pytest

from disbursement.conftest import Office
from grant_disbursement.domain import PaymentRun

PARKED, OTHER = "ZIQ-2016-0001", "ZIQ-2016-0002"


@pytest.fixture
def ordering(office: Office) -> Office:
    """An office with a certified order on each of two awards."""
    office.hear_of_award(OTHER)
    for reference in (PARKED, OTHER):
        office.order_certified("1", "100.00", reference)
    return office


def hear_something_unreadable(office: Office) -> None:
    office.hear("budgeting.WithdrawalNoted", PARKED, renunciation="perhaps")


def paid_in(office: Office, run: str) -> list[str]:
    opened = office.rebuilt(PaymentRun.create_id(run))
    return [payment.reference for payment in opened.payments]


def test_a_run_of_all_orders_leaves_a_parked_case_waiting(ordering: Office) -> None:
    hear_something_unreadable(ordering)

    assert ordering.open_run("2016-0001").kind == "recorded"

    assert paid_in(ordering, "2016-0001") == [OTHER]


def test_a_run_with_a_case_that_was_parked_since_does_not_leave(ordering: Office) -> None:
    ordering.open_run("2016-0001")
    ordering.write_run("2016-0001")
    hear_something_unreadable(ordering)

    answer = ordering.transmit_run("2016-0001")

    assert answer.kind == "not_yet"
    assert "is parked here" in answer.reason
    assert ordering.account(OTHER).drawn.order(f"{OTHER}-1").state == "ordered"
