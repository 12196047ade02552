"""Names of orders and payments: short enough for the bank, unique, and traceable to the case."""

from __future__ import annotations

from string import ascii_uppercase, digits

from hypothesis import given
from hypothesis import strategies as st

from grant_disbursement.order_ids import end_to_end_id_of, order_id_of
from grant_disbursement.payment_file import Transfer, reason_not_payable

references = st.from_regex(r"[A-Z0-9]{2,12}-[A-Z0-9-]{1,40}", fullmatch=True)
numbers = st.integers(1, 99)
names = st.tuples(references, numbers, numbers)


def test_an_order_bears_the_reference_of_its_case_and_a_payment_that_of_its_order() -> None:
    assert order_id_of("ZIQ-2021-0001", 3) == "ZIQ-2021-0001-3"
    assert end_to_end_id_of("ZIQ-2021-0001-3", 2) == "ZIQ-2021-0001-3-2"


def test_a_long_reference_keeps_its_beginning_and_is_told_apart_by_its_hash() -> None:
    long = "ZIQ-2021-" + "A" * 40

    assert order_id_of(long, 1) == order_id_of(long, 1)
    assert order_id_of(long, 1).startswith("ZIQ-2021-AAA-")
    assert order_id_of(long, 1) != order_id_of(long + "A", 1)
    assert order_id_of(long, 1) != order_id_of(long, 2)


@given(names)
def test_the_bank_takes_the_name_of_every_payment(name: tuple[str, int, int]) -> None:
    reference, number, attempt = name
    end_to_end_id = end_to_end_id_of(order_id_of(reference, number), attempt)
    transfer = Transfer(end_to_end_id, "Caritas", "DE89370400440532013000", None, 1, "Zuwendung")

    assert set(end_to_end_id) <= set(ascii_uppercase + digits + "-")
    assert reason_not_payable(transfer) is None


@given(names, names)
def test_no_two_payments_share_a_name(
    one: tuple[str, int, int], other: tuple[str, int, int]
) -> None:
    first, second = (end_to_end_id_of(order_id_of(r, n), a) for r, n, a in (one, other))

    assert (first == second) == (one == other)


def test_a_reference_that_continues_another_leads_to_other_names() -> None:
    one = end_to_end_id_of(order_id_of("ZIQ-1", 1), 1)
    other = end_to_end_id_of(order_id_of("ZIQ-1-1", 1), 1)

    assert one != other
