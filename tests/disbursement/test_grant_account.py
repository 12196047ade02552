"""One grant account: what may be claimed, certified and ordered, and what the bank makes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from grant_contracts.reasons import CERTIFICATION_REFUSED, PAYMENT_ORDER_REFUSED
from grant_disbursement.domain import GrantAccount
from grant_disbursement.payment_file import REASONS_NOT_PAYABLE
from grant_values.invalid import Invalid
from grant_values.shapes import Actor, Tranche
from support.personal import payee_of

FINAL = date(2016, 2, 1)
MARCH = date(2016, 3, 1)
CHECKER = Actor("cc-11", "claim_checker")
OTHER_CHECKER = Actor("cc-12", "claim_checker")
AUTHORISER = Actor("pa-21", "payment_authoriser")
CASHIER = Actor("lk-31", "cashier")
SCRIPT = Actor("script-1", "payment_authoriser", scripted=True)
PAYEE = payee_of("ZIQ-2016-0001")
ORDER = "ZIQ-2016-0001-1"
PAYMENT = "ZIQ-2016-0001-1-1"


def an_account(*tranches: Tranche) -> GrantAccount:
    account = GrantAccount(
        reference="ZIQ-2016-0001",
        programme="ziq",
        programme_version="v1",
        payee=PAYEE,
        tranches=tranches or (Tranche("ESF", 2016, 50_000), Tranche("ESF", 2017, 30_000)),
        final_on=FINAL,
    )
    account.collect_events()
    return account


def claim(account: GrantAccount, name: str, *wanted: Tranche) -> None:
    account.submit_claim(name, wanted, "Zuwendung 2016", "caritas", MARCH)


def certify(account: GrantAccount, name: str) -> None:
    account.certify_factually(name, CHECKER, False, MARCH)
    account.certify_arithmetically(name, OTHER_CHECKER, False, MARCH)


def order(
    account: GrantAccount,
    name: str,
    by: Actor = AUTHORISER,
    demonstration: bool = False,
    not_payable: str | None = None,
    on: date = MARCH,
) -> str | None:
    return account.order_payment(name, by, demonstration, not_payable, on)


def an_account_with_order(cents: int = 20_000) -> GrantAccount:
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2016, cents))
    certify(account, "C1")
    order(account, "C1")
    account.collect_events()
    return account


def transmit(account: GrantAccount, order_id: str = ORDER, run: str = "2016-0001") -> None:
    account.transmit(account.payment_of(order_id), run, f"RUN-{run}", CASHIER, MARCH)


def an_account_with_payment_sent() -> GrantAccount:
    account = an_account_with_order()
    transmit(account)
    account.collect_events()
    return account


def the_refusal(account: GrantAccount) -> GrantAccount.PaymentOrderRefused:
    refusal = account.collect_events()[-1]
    assert isinstance(refusal, GrantAccount.PaymentOrderRefused)
    assert refusal.reason in PAYMENT_ORDER_REFUSED
    return refusal


def the_refused_certificate(account: GrantAccount) -> GrantAccount.CertificationRefused:
    refusal = account.collect_events()[-1]
    assert isinstance(refusal, GrantAccount.CertificationRefused)
    assert refusal.reason in CERTIFICATION_REFUSED
    return refusal


# Claims.


def test_a_claim_below_what_was_ordered_is_invalid_and_names_the_tranche() -> None:
    account = an_account_with_order(20_000)

    with pytest.raises(Invalid, match=r"wanted\.1\.amount: .*at least 200\.00"):
        claim(account, "C2", Tranche("ESF", 2017, 1), Tranche("ESF", 2016, 19_999))

    assert not account.collect_events()


def test_a_claim_for_a_tranche_that_was_not_granted_is_invalid_and_names_those_that_were() -> None:
    account = an_account()

    with pytest.raises(Invalid, match=r"wanted\.0: .*ESF 2016, ESF 2017"):
        claim(account, "C1", Tranche("Land", 2016, 1))


def test_a_tranche_may_not_be_wanted_twice_in_one_claim() -> None:
    with pytest.raises(Invalid, match=r"wanted\.1: expected each tranche once"):
        claim(an_account(), "C1", Tranche("ESF", 2016, 1), Tranche("ESF", 2016, 2))


def test_a_second_claim_of_the_same_name_is_invalid() -> None:
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2016, 1))

    with pytest.raises(Invalid, match="claim: expected a new name"):
        claim(account, "C1", Tranche("ESF", 2016, 2))


def test_nothing_is_claimed_before_the_award_is_final() -> None:
    """VV 7.1 zu § 44 LHO NRW."""
    account = an_account()

    with pytest.raises(Invalid, match=r"effective_on: .*2016-02-01"):
        account.submit_claim("C1", (Tranche("ESF", 2016, 1),), "x", "caritas", date(2016, 1, 31))


# Certificates.


def test_the_two_certificates_are_given_by_different_persons() -> None:
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2016, 1))
    account.collect_events()

    certify(account, "C1")

    factual, arithmetic = account.collect_events()
    assert isinstance(factual, GrantAccount.FactualCorrectnessCertified)
    assert isinstance(arithmetic, GrantAccount.ArithmeticCorrectnessCertified)
    assert (factual.certified_by, arithmetic.certified_by) == ("cc-11", "cc-12")


def test_who_certified_the_facts_may_not_certify_the_sums() -> None:
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2016, 1))
    account.certify_factually("C1", CHECKER, False, MARCH)

    account.certify_arithmetically("C1", CHECKER, False, MARCH)

    refusal = the_refused_certificate(account)
    assert (refusal.reason, refusal.certificate) == ("same_person", "arithmetic")
    assert order(account, "C1") is None


def test_the_sums_are_certified_after_the_facts() -> None:
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2016, 1))

    account.certify_arithmetically("C1", OTHER_CHECKER, False, MARCH)

    assert the_refused_certificate(account).reason == "factual_certificate_missing"


@pytest.mark.parametrize("certificate", ["factual", "arithmetic"])
def test_a_certificate_given_before_is_refused_and_the_first_stands(certificate: str) -> None:
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2016, 1))
    certify(account, "C1")
    again = getattr(account, f"certify_{certificate}ly".replace("arithmeticly", "arithmetically"))

    again("C1", Actor("cc-13", "claim_checker"), False, MARCH)

    refusal = the_refused_certificate(account)
    assert (refusal.reason, refusal.certificate) == ("already_certified", certificate)
    assert account.drawn.claim("C1").certifiers == {"cc-11", "cc-12"}


def test_a_program_certifies_in_a_demonstration_only() -> None:
    scripts = [Actor(name, "claim_checker", scripted=True) for name in ("s-1", "s-2")]
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2016, 1))

    account.certify_factually("C1", scripts[0], False, MARCH)
    assert the_refused_certificate(account).reason == "scripted_actor"
    account.certify_factually("C1", scripts[0], True, MARCH)
    account.certify_arithmetically("C1", scripts[1], False, MARCH)
    assert the_refused_certificate(account).reason == "scripted_actor"
    account.certify_arithmetically("C1", scripts[1], True, MARCH)

    assert account.drawn.claim("C1").is_certified


def test_a_certificate_on_an_unknown_claim_is_invalid() -> None:
    with pytest.raises(Invalid, match="claim: expected a claim that was submitted"):
        an_account().certify_factually("C9", CHECKER, False, MARCH)


def test_a_certificate_is_not_dated_before_its_claim() -> None:
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2016, 1))

    with pytest.raises(Invalid, match="effective_on"):
        account.certify_factually("C1", CHECKER, False, date(2016, 2, 29))


# Orders.


def test_an_order_pays_what_the_claim_adds_to_what_was_ordered() -> None:
    account = an_account_with_order(20_000)
    claim(account, "C2", Tranche("ESF", 2016, 32_001))
    certify(account, "C2")

    order_id = order(account, "C2")

    ordered = account.collect_events()[-1]
    assert isinstance(ordered, GrantAccount.PaymentOrdered)
    assert order_id == ordered.order_id == "ZIQ-2016-0001-2"
    assert ordered.tranches == (Tranche("ESF", 2016, 12_001),)
    assert ordered.amount_cents == 12_001


def test_tranches_already_ordered_in_full_stay_out_of_the_next_order() -> None:
    account = an_account(Tranche("ESF", 2016, 100), Tranche("Land", 2016, 50))
    claim(account, "C1", Tranche("ESF", 2016, 100))
    claim(account, "C2", Tranche("ESF", 2016, 100), Tranche("Land", 2016, 50))
    for name in ("C1", "C2"):
        certify(account, name)
        order(account, name)

    assert account.drawn.order("ZIQ-2016-0001-2").tranches == (Tranche("Land", 2016, 50),)


def test_an_order_without_both_certificates_is_refused() -> None:
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2016, 1))
    assert order(account, "C1") is None
    assert the_refusal(account).reason == "not_certified"
    account.certify_factually("C1", CHECKER, False, MARCH)

    assert order(account, "C1") is None
    assert the_refusal(account).reason == "not_certified"


@pytest.mark.parametrize("certifier", [CHECKER, OTHER_CHECKER])
def test_a_certifier_may_not_order_the_payment(certifier: Actor) -> None:
    """§§ 70, 77 LHO NRW; R40."""
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2016, 1))
    certify(account, "C1")

    assert order(account, "C1", by=Actor(certifier.id, "payment_authoriser")) is None

    assert the_refusal(account).reason == "certifier_is_authoriser"


def test_a_program_orders_in_a_demonstration_only() -> None:
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2016, 1))
    certify(account, "C1")

    assert order(account, "C1", by=SCRIPT) is None
    assert the_refusal(account).reason == "scripted_actor"
    assert order(account, "C1", by=SCRIPT, demonstration=True) == ORDER


def test_a_renounced_award_is_not_paid() -> None:
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2016, 1))
    certify(account, "C1")
    account.renounce(MARCH)
    account.renounce(MARCH)

    assert order(account, "C1") is None

    assert the_refusal(account).reason == "renounced"
    assert not account.collect_events()


def test_a_claim_ordered_before_has_nothing_due() -> None:
    account = an_account_with_order()

    assert order(account, "C1") is None

    assert the_refusal(account).reason == "nothing_due"
    assert account.drawn.ordered_cents == {("ESF", 2016): 20_000}


def test_an_order_of_one_cent_above_the_ceiling_is_refused_and_nothing_is_ordered() -> None:
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2016, 50_001))
    certify(account, "C1")

    assert order(account, "C1") is None

    assert the_refusal(account).reason == "above_ceiling"
    assert account.drawn.ordered_cents == {}


@pytest.mark.parametrize("day", [date(2016, 12, 31), date(2018, 1, 1)])
def test_money_of_one_year_is_not_paid_in_another(day: date) -> None:
    """Annuality, § 45 Abs. 1 LHO NRW: what a year leaves unspent does not move by itself."""
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2017, 1))
    certify(account, "C1")

    assert order(account, "C1", on=day) is None

    assert the_refusal(account).reason == "outside_budget_year"


@pytest.mark.parametrize("reason", sorted(REASONS_NOT_PAYABLE))
def test_what_no_bank_would_carry_is_not_ordered(reason: str) -> None:
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2016, 1))
    certify(account, "C1")

    assert order(account, "C1", not_payable=reason) is None

    assert the_refusal(account).reason == reason


def test_of_two_reasons_the_first_of_the_list_is_given() -> None:
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2017, 99_999))
    account.renounce(MARCH)

    order(account, "C1", by=SCRIPT, not_payable="iban_invalid")
    assert the_refusal(account).reason == "not_certified"
    certify(account, "C1")
    order(account, "C1", by=Actor(CHECKER.id, "payment_authoriser", scripted=True))
    assert the_refusal(account).reason == "certifier_is_authoriser"
    order(account, "C1", by=SCRIPT, not_payable="iban_invalid")
    assert the_refusal(account).reason == "scripted_actor"
    order(account, "C1", not_payable="iban_invalid")
    assert the_refusal(account).reason == "renounced"


def test_of_two_amounts_too_high_and_too_late_the_ceiling_comes_first() -> None:
    account = an_account()
    claim(account, "C1", Tranche("ESF", 2017, 30_001))
    certify(account, "C1")

    order(account, "C1", not_payable="iban_invalid")

    assert the_refusal(account).reason == "above_ceiling"


# What the bank makes of it.


def test_a_payment_is_sent_once() -> None:
    account = an_account_with_order()
    payment = account.payment_of(ORDER)
    transmit(account)
    [sent] = account.collect_events()
    assert isinstance(sent, GrantAccount.PaymentTransmitted)
    assert (sent.end_to_end_id, sent.run) == (PAYMENT, "2016-0001")

    with pytest.raises(Invalid, match=r"run: .*not sent yet"):
        account.transmit(payment, "2016-0002", "RUN-2016-0002", CASHIER, MARCH)


def test_an_executed_payment_counts_as_paid_once() -> None:
    account = an_account_with_payment_sent()

    account.confirm(ORDER, PAYMENT, MARCH)
    account.confirm(ORDER, PAYMENT, MARCH)

    [executed] = account.collect_events()
    assert isinstance(executed, GrantAccount.PaymentExecuted)
    assert executed.tranches == (Tranche("ESF", 2016, 20_000),)
    assert account.drawn.paid_cents == {("ESF", 2016): 20_000}


def by_confirmation(account: GrantAccount, order_id: str, end_to_end_id: str) -> None:
    account.confirm(order_id, end_to_end_id, MARCH)


def by_return(account: GrantAccount, order_id: str, end_to_end_id: str) -> None:
    account.take_back(order_id, end_to_end_id, "AC04", MARCH)


@pytest.mark.parametrize("booking", [by_confirmation, by_return])
@pytest.mark.parametrize(
    ("order_id", "end_to_end_id", "field"),
    [
        (ORDER, PAYMENT, "order_id"),
        ("ZIQ-2016-0001-9", PAYMENT, "order_id"),
        (ORDER, "ZIQ-2016-0001-1-2", "end_to_end_id"),
    ],
)
def test_a_payment_that_was_not_sent_can_be_neither_executed_nor_returned(
    booking: Callable[[GrantAccount, str, str], None],
    order_id: str,
    end_to_end_id: str,
    field: str,
) -> None:
    account = an_account_with_order()

    with pytest.raises(Invalid) as refusal:
        booking(account, order_id, end_to_end_id)

    assert refusal.value.field == field
    assert not account.collect_events()


@pytest.mark.parametrize("booking", [by_confirmation, by_return])
def test_the_bank_does_not_book_before_the_payment_was_sent(
    booking: Callable[[GrantAccount, str, str], None],
) -> None:
    account = an_account_with_order()
    account.transmit(
        account.payment_of(ORDER), "2016-0001", "RUN-2016-0001", CASHIER, date(2016, 3, 2)
    )

    with pytest.raises(Invalid, match=r"effective_on: .*2016-03-02"):
        booking(account, ORDER, PAYMENT)


def test_a_rejected_payment_opens_the_order_again_under_a_new_end_to_end_id() -> None:
    """R44."""
    account = an_account_with_payment_sent()

    assert account.take_back(ORDER, PAYMENT, "AC04", MARCH)
    assert not account.take_back(ORDER, PAYMENT, "AC04", MARCH)

    [returned] = account.collect_events()
    assert isinstance(returned, GrantAccount.PaymentReturned)
    assert returned.was_executed is False
    assert account.is_payable_on(ORDER, MARCH)
    assert account.payment_of(ORDER).end_to_end_id == "ZIQ-2016-0001-1-2"


def test_a_payment_returned_after_its_execution_is_no_longer_paid() -> None:
    account = an_account_with_payment_sent()
    account.confirm(ORDER, PAYMENT, MARCH)

    account.take_back(ORDER, PAYMENT, "AC04", MARCH)

    returned = account.collect_events()[-1]
    assert isinstance(returned, GrantAccount.PaymentReturned)
    assert returned.was_executed is True
    assert account.drawn.paid_cents == {("ESF", 2016): 0}
    assert account.drawn.ordered_cents == {("ESF", 2016): 20_000}


def test_a_returned_payment_cannot_be_confirmed_afterwards() -> None:
    account = an_account_with_payment_sent()
    account.take_back(ORDER, PAYMENT, "AC04", MARCH)

    with pytest.raises(Invalid, match=r"end_to_end_id: .*not returned before"):
        account.confirm(ORDER, PAYMENT, MARCH)


def test_an_order_is_payable_in_its_year_from_its_day_until_it_is_sent_or_renounced() -> None:
    account = an_account_with_order()

    assert account.is_payable_on(ORDER, MARCH)
    assert account.is_payable_on(ORDER, date(2016, 12, 31))
    assert not account.is_payable_on(ORDER, date(2016, 2, 29))
    assert not account.is_payable_on(ORDER, date(2017, 1, 1))
    transmit(account)
    assert not account.is_payable_on(ORDER, MARCH)
    account.take_back(ORDER, PAYMENT, "AC04", MARCH)
    account.renounce(MARCH)
    assert not account.is_payable_on(ORDER, MARCH)


def test_whoever_certified_or_ordered_took_part_in_the_order() -> None:
    assert an_account_with_order().took_part_in(ORDER) == {"cc-11", "cc-12", "pa-21"}
