"""Whatever is claimed, ordered, paid and returned, in any order: the ceilings hold (R35, R36)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from grant_disbursement.domain import GrantAccount
from grant_values.invalid import Invalid
from grant_values.shapes import Actor, Tranche
from support.personal import payee_of

CEILINGS = {("ESF", 2016): 1_000, ("Land", 2016): 500, ("ESF", 2017): 700}
FIRST, SECOND = Actor("cc-11", "claim_checker"), Actor("cc-12", "claim_checker")
AUTHORISER, CASHIER = Actor("pa-21", "payment_authoriser"), Actor("lk-31", "cashier")
PAYEE = payee_of("ZIQ-1")
DAY = {2016: date(2016, 6, 1), 2017: date(2017, 6, 1)}

Step = Callable[[GrantAccount], object]

totals = st.dictionaries(st.sampled_from(sorted(CEILINGS)), st.integers(0, 1_100), min_size=1)
order_numbers = st.integers(1, 4)


def a_claim_ordered(wanted: dict[tuple[str, int], int], year: int) -> Step:
    def step(account: GrantAccount) -> None:
        name = f"C{len(account.drawn.claims) + 1}"
        tranches = tuple(Tranche(fund, of, cents) for (fund, of), cents in wanted.items())
        account.submit_claim(name, tranches, "Zuwendung", "caritas", DAY[2016])
        account.certify_factually(name, FIRST, False, DAY[2016])
        account.certify_arithmetically(name, SECOND, False, DAY[2016])
        account.order_payment(name, AUTHORISER, False, None, DAY[year])

    return step


def an_old_claim_ordered_again(number: int, year: int) -> Step:
    return lambda account: account.order_payment(f"C{number}", AUTHORISER, False, None, DAY[year])


def sent(number: int) -> Step:
    def step(account: GrantAccount) -> None:
        payment = account.payment_of(f"ZIQ-1-{number}")
        account.transmit(payment, "2017-0001", "RUN-2017-0001", CASHIER, DAY[2017])

    return step


def confirmed(number: int, attempt: int) -> Step:
    order_id = f"ZIQ-1-{number}"
    return lambda account: account.confirm(order_id, f"{order_id}-{attempt}", DAY[2017])


def returned(number: int, attempt: int) -> Step:
    order_id = f"ZIQ-1-{number}"
    return lambda account: account.take_back(order_id, f"{order_id}-{attempt}", "AC", DAY[2017])


years = st.sampled_from([2016, 2017])
attempts = st.integers(1, 3)
steps = st.one_of(
    st.builds(a_claim_ordered, totals, years),
    st.builds(an_old_claim_ordered_again, order_numbers, years),
    st.builds(sent, order_numbers),
    st.builds(confirmed, order_numbers, attempts),
    st.builds(returned, order_numbers, attempts),
)


def after(taken: list[Step]) -> tuple[GrantAccount, list[object]]:
    """The account and its events after these steps; those that cannot be are left out."""
    account = GrantAccount(
        reference="ZIQ-1",
        programme="ziq",
        programme_version="v1",
        payee=PAYEE,
        tranches=tuple(Tranche(fund, year, cents) for (fund, year), cents in CEILINGS.items()),
        final_on=date(2016, 1, 1),
    )
    for step in taken:
        try:
            step(account)
        except Invalid:
            continue
    return account, list(account.collect_events())


def total(events: list[object], *kinds: type) -> Counter[tuple[str, int]]:
    sums: Counter[tuple[str, int]] = Counter()
    for event in events:
        if isinstance(event, kinds):
            for tranche in event.tranches:  # type: ignore[attr-defined]
                sums[tranche.fund, tranche.year] += tranche.amount_cents
    return sums


@given(st.lists(steps, max_size=25))
def test_no_tranche_is_ordered_or_paid_above_its_ceiling(taken: list[Step]) -> None:
    account, events = after(taken)

    ordered = total(events, GrantAccount.PaymentOrdered)
    assert account.drawn.ordered_cents == ordered
    for key, cents in ordered.items():
        assert account.drawn.paid_cents.get(key, 0) <= cents <= CEILINGS[key]


@given(st.lists(steps, max_size=25))
def test_paid_is_what_was_executed_less_what_came_back(taken: list[Step]) -> None:
    account, events = after(taken)

    executed = total(events, GrantAccount.PaymentExecuted)
    returns = [e for e in events if isinstance(e, GrantAccount.PaymentReturned)]
    executed.subtract(total([e for e in returns if e.was_executed], GrantAccount.PaymentReturned))
    assert account.drawn.paid_cents == {key: executed[key] for key in account.drawn.paid_cents}
    assert all(cents >= 0 for cents in executed.values())


@given(st.lists(steps, max_size=25))
def test_no_payment_leaves_twice_and_none_is_booked_twice(taken: list[Step]) -> None:
    _, events = after(taken)

    for kind in (
        GrantAccount.PaymentTransmitted,
        GrantAccount.PaymentExecuted,
        GrantAccount.PaymentReturned,
    ):
        names = [e.end_to_end_id for e in events if isinstance(e, kind)]
        assert len(set(names)) == len(names)


@given(st.lists(steps, max_size=25))
def test_an_order_pays_the_money_of_one_year_only_and_on_a_day_of_that_year(
    taken: list[Step],
) -> None:
    _, events = after(taken)

    for event in events:
        if isinstance(event, GrantAccount.PaymentOrdered):
            assert {tranche.year for tranche in event.tranches} == {event.effective_on.year}
            assert event.amount_cents == sum(each.amount_cents for each in event.tranches) > 0


@given(st.lists(steps, max_size=12))
def test_an_account_is_what_its_events_say(taken: list[Step]) -> None:
    account, events = after(taken)

    rebuilt = None
    for event in events:
        rebuilt = event.mutate(rebuilt)  # type: ignore[attr-defined]

    assert isinstance(rebuilt, GrantAccount)
    assert rebuilt.drawn == account.drawn
