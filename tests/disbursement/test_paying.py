"""Claims, certificates, orders, runs and the bank's answers, through the desk and the store."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from grant_bus.parked import parked_events
from grant_disbursement.domain import Cashbook, GrantAccount, PaymentRun
from grant_disbursement.payees import recorded_accounts
from grant_disbursement.run_file import payment_file_of
from grant_values.shapes import Actor

if TYPE_CHECKING:
    from disbursement.conftest import Office

ORDER = "ZIQ-2016-0001-1"
NAMESPACE = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


def text_of(file: bytes, path: str) -> list[str]:
    return [str(each.text) for each in etree.fromstring(file).iterfind(f".//p:{path}", NAMESPACE)]


def run_of(office: Office, run: str) -> PaymentRun:
    opened: PaymentRun = office.rebuilt(PaymentRun.create_id(run))
    return opened


# From the award to the payment.


def test_a_grant_goes_from_its_claim_to_the_confirmed_payment(office: Office) -> None:
    office.order_certified("C1", "200.00")
    office.send_run("2016-0001")

    assert office.bank_says("confirm_payment", ORDER).kind == "recorded"

    assert [type(event).__name__ for event in office.events()] == [
        "GrantAccountOpened",
        "ClaimSubmitted",
        "FactualCorrectnessCertified",
        "ArithmeticCorrectnessCertified",
        "PaymentOrdered",
        "CashbookOpened",
        "PaymentRunEntered",
        "PaymentRunOpened",
        "PaymentRunWritten",
        "PaymentRunTransmitted",
        "PaymentTransmitted",
        "PaymentExecuted",
    ]
    assert office.account().drawn.paid_cents == {("ESF", 2016): 20_000}


def test_a_command_on_a_grant_not_heard_of_is_answered_not_yet(office: Office) -> None:
    answer = office.claim("C1", "1.00", reference="ZIQ-2016-0099")

    assert answer.kind == "not_yet"


def test_a_rejected_application_has_no_account(office: Office) -> None:
    office.hear_of_award("ZIQ-2016-0002", tranches=(), outcome="rejected")

    assert office.claim("C1", "1.00", reference="ZIQ-2016-0002").kind == "not_yet"


def test_a_partial_award_has_an_account(office: Office) -> None:
    office.hear_of_award("ZIQ-2016-0002", outcome="partially_approved")

    assert office.claim("C1", "1.00", reference="ZIQ-2016-0002").kind == "recorded"


def test_an_award_heard_of_twice_opens_one_account(office: Office) -> None:
    office.hear_of_award()

    assert len(office.events(GrantAccount.GrantAccountOpened)) == 1


def test_an_award_without_a_payee_is_parked_and_opens_nothing(office: Office) -> None:
    office.hear(
        "budgeting.DecisionBecameFinal",
        "ZIQ-2016-0002",
        reference="ZIQ-2016-0002",
        programme="ziq",
        programme_version="v1",
        outcome="approved",
        because="waived",
        final_on="2016-02-01",
        tranches=[],
        payee=None,
    )

    [parked] = parked_events(office.store)
    assert "nobody is named as payee" in parked.error
    assert len(office.events()) == 1


# Who may do what.


@pytest.mark.parametrize(
    ("command", "entitled"),
    [
        ("submit_claim", {"beneficiary", "applicant"}),
        ("certify_factually", {"claim_checker"}),
        ("certify_arithmetically", {"claim_checker"}),
        ("order_payment", {"payment_authoriser"}),
        ("open_payment_run", {"cashier"}),
        ("write_payment_run", {"cashier"}),
        ("transmit_payment_run", {"cashier"}),
        ("confirm_payment", {"cashier"}),
        ("return_payment", {"cashier"}),
    ],
)
def test_each_command_belongs_to_its_role(office: Office, command: str, entitled: set[str]) -> None:
    on_claim = {"reference": "ZIQ-2016-0001", "claim": "C1", "effective_on": "2016-03-01"}
    on_payment = {
        "reference": "ZIQ-2016-0001",
        "order_id": ORDER,
        "end_to_end_id": f"{ORDER}-1",
        "effective_on": "2016-03-01",
    }
    payloads: dict[str, dict[str, Any]] = {
        "submit_claim": on_claim
        | {"wanted": [{"fund": "ESF", "year": 2016, "amount": "1.00"}], "purpose": "x"},
        "open_payment_run": {
            "run": "2016-0001",
            "execution_on": "2016-03-10",
            "created_at": "2016-03-09T10:30:00Z",
            "programme": "ziq",
            "programme_version": "v1",
        },
        "write_payment_run": {"run": "2016-0001", "effective_on": "2016-03-01"},
        "transmit_payment_run": {"run": "2016-0001", "effective_on": "2016-03-01"},
        "confirm_payment": on_payment,
        "return_payment": on_payment | {"reason": "AC04"},
    }
    roles = ["applicant", "beneficiary", "claim_checker", "payment_authoriser", "cashier"]
    roles += ["decider", "formal_checker", "managing_authority", "system"]

    reasons = {
        role: office.ask(command, Actor("x-1", role), **payloads.get(command, on_claim)).reason
        for role in roles
    }

    assert {role for role in roles if reasons[role] != "role_not_entitled"} == entitled


@pytest.mark.parametrize("person", ["cc-11", "cc-12", "pa-21"])
def test_who_certified_or_ordered_may_not_send_the_payment(office: Office, person: str) -> None:
    """§ 77 LHO NRW."""
    office.order_certified("C1", "200.00")
    office.open_run("2016-0001")
    office.write_run("2016-0001")

    answer = office.transmit_run("2016-0001", by=Actor(person, "cashier"))

    assert (answer.kind, answer.reason) == ("refused", "authoriser_is_cashier")
    assert not office.events(GrantAccount.PaymentTransmitted)
    assert office.transmit_run("2016-0001").kind == "recorded"


@pytest.mark.parametrize("person", ["cc-11", "cc-12", "pa-21"])
def test_who_certified_or_ordered_may_neither_open_the_run_nor_book(
    office: Office, person: str
) -> None:
    """§ 77 LHO NRW: no part in payments or bookings."""
    same_person = Actor(person, "cashier")
    office.order_certified("C1", "200.00")

    opening = office.open_run("2016-0001", by=same_person)
    office.send_run("2016-0001")
    confirmation = office.bank_says("confirm_payment", ORDER, by=same_person)
    returning = office.bank_says("return_payment", ORDER, by=same_person)

    assert {each.reason for each in (opening, confirmation, returning)} == {"authoriser_is_cashier"}


def test_four_eyes_are_refused_on_record_when_one_person_certifies_twice(office: Office) -> None:
    office.claim("C1", "200.00")
    step = {"reference": "ZIQ-2016-0001", "claim": "C1", "effective_on": "2016-03-02"}
    office.ask("certify_factually", office.first_checker, **step)

    answer = office.ask("certify_arithmetically", office.first_checker, **step)

    assert (answer.kind, answer.reason) == ("refused", "same_person")
    [refusal] = office.events(GrantAccount.CertificationRefused)
    assert refusal.asked_by == "cc-11"


def test_a_program_orders_only_in_a_store_declared_a_demonstration(office: Office) -> None:
    script = Actor("script-pa", "payment_authoriser", scripted=True)
    office.claim("C1", "200.00")
    office.certify("C1")

    assert office.order("C1", by=script).reason == "scripted_actor"
    office.start()
    office.declare_demonstration()

    assert office.order("C1", by=script).kind == "recorded"


# What is refused, and what is invalid.


def test_a_payee_whom_sepa_cannot_name_is_refused_on_record(office: Office) -> None:
    office.hear_of_award("ZIQ-2016-0002", payee="Verein zur Förderung " + "sehr " * 12 + "langer")

    answer = office.order_certified("C1", "1.00", "ZIQ-2016-0002")

    assert (answer.kind, answer.reason) == ("refused", "payee_name_too_long")


def test_an_order_above_the_ceiling_is_refused_on_record(office: Office) -> None:
    answer = office.order_certified("C1", "500.01")

    assert (answer.kind, answer.reason) == ("refused", "above_ceiling")
    assert office.open_run("2016-0001").errors == {
        "payload.orders": ["expected at least one that may be paid on 2016-03-10"]
    }


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"wanted": [{"fund": "ESF", "year": 2016, "amount": 1.5}]}, "wanted.0.amount"),
        ({"wanted": [{"fund": "ESF", "year": 2016, "amount": "1.505"}]}, "wanted.0.amount"),
        ({"wanted": [{"fund": "ERDF", "year": 2016, "amount": "1.00"}]}, "wanted.0.fund"),
        ({"wanted": [{"fund": "Land", "year": 2016, "amount": "1.00"}]}, "wanted.0"),
        ({"wanted": []}, "wanted"),
        ({"purpose": "x" * 141}, "purpose"),
        ({"effective_on": "1.3.2016"}, "effective_on"),
        ({"effective_on": "2016-01-31"}, "effective_on"),
        ({"amount": "1.00"}, "amount"),
    ],
)
def test_a_claim_of_bad_form_names_the_field_and_leaves_no_event(
    office: Office, changed: dict[str, Any], field: str
) -> None:
    head = office.store.head()

    answer = office.claim("C1", "1.00", **changed)

    assert answer.kind == "invalid"
    assert list(answer.errors) == [f"payload.{field}"]
    assert office.store.head() == head


# Payment runs.


def test_a_rebuilt_file_is_byte_equal_and_its_hash_is_on_record(office: Office) -> None:
    office.order_certified("C1", "200.00")
    office.open_run("2016-0001")
    first = office.payment_file("2016-0001")
    office.write_run("2016-0001")

    office.start()  # The program died; only the store is left.
    rebuilt = office.payment_file("2016-0001")

    [written] = office.events(PaymentRun.PaymentRunWritten)
    assert rebuilt == first
    assert written.sha256 == sha256(rebuilt).hexdigest()
    assert written.size_bytes == len(rebuilt)
    assert written.file_name == "payment-run-2016-0001.pain.001.001.09.xml"


def test_a_file_written_again_changes_nothing(office: Office) -> None:
    office.order_certified("C1", "200.00")
    office.open_run("2016-0001")
    office.write_run("2016-0001")
    head = office.store.head()

    assert office.write_run("2016-0001").kind == "recorded"

    assert office.store.head() == head


def test_a_program_that_writes_another_file_than_the_one_on_record_is_found_out(
    office: Office,
) -> None:
    office.order_certified("C1", "200.00")
    office.send_run("2016-0001")
    run = run_of(office, "2016-0001")
    run.message_id = "RUN-2016-0002"
    accounts = recorded_accounts(office.store, office.vault, run)

    with pytest.raises(ValueError, match="not the one whose hash is on record"):
        payment_file_of(run, accounts)


def test_the_file_carries_every_order_with_sum_and_count(office: Office) -> None:
    """R42."""
    office.hear_of_award("ZIQ-2016-0002")
    office.order_certified("C1", "200.00")
    office.order_certified("C1", "0.01", "ZIQ-2016-0002")
    office.order_certified("C2", "300.10")
    office.open_run("2016-0001")

    file = office.payment_file("2016-0001")

    ids = ["ZIQ-2016-0001-1-1", "ZIQ-2016-0001-2-1", "ZIQ-2016-0002-1-1"]
    assert text_of(file, "EndToEndId") == ids
    assert text_of(file, "GrpHdr/p:NbOfTxs") == ["3"]
    assert text_of(file, "GrpHdr/p:CtrlSum") == ["300.11"]
    assert text_of(file, "InstdAmt") == ["200.00", "100.10", "0.01"]
    assert run_of(office, "2016-0001").created_at.isoformat() == "2016-03-09T10:30:00+00:00"


def test_the_next_run_waits_until_the_last_has_left(office: Office) -> None:
    """R43: else one order could stand in two files."""
    office.order_certified("C1", "200.00")
    office.open_run("2016-0001")

    for step in (lambda: None, lambda: office.write_run("2016-0001")):
        step()
        assert office.open_run("2016-0002").errors == {
            "payload.run": ["expected run 2016-0001 to be transmitted first"]
        }
    office.transmit_run("2016-0001")
    office.order_certified("C2", "300.00")

    assert office.open_run("2016-0002").kind == "recorded"


def test_a_run_is_sent_once_however_often_it_is_asked(office: Office) -> None:
    office.order_certified("C1", "200.00")
    office.send_run("2016-0001")
    head = office.store.head()

    assert office.transmit_run("2016-0001").kind == "recorded"

    assert office.store.head() == head
    assert len(office.events(GrantAccount.PaymentTransmitted)) == 1


def test_a_run_is_sent_only_after_its_file_was_written(office: Office) -> None:
    office.order_certified("C1", "200.00")
    office.open_run("2016-0001")

    assert office.transmit_run("2016-0001").errors == {
        "payload.run": ["expected a run whose file was written"]
    }


def test_a_run_dated_before_its_orders_is_not_sent_and_nothing_is_recorded(office: Office) -> None:
    office.order_certified("C1", "200.00")
    office.open_run("2016-0001")
    office.write_run("2016-0001")
    head = office.store.head()

    answer = office.transmit_run("2016-0001", effective_on="2016-03-02")

    assert list(answer.errors) == ["payload.effective_on"]
    assert office.store.head() == head
    assert office.transmit_run("2016-0001").kind == "recorded"


def test_of_two_cashiers_who_open_a_run_at_once_one_has_to_wait(office: Office) -> None:
    office.order_certified("C1", "200.00")
    office.send_run("2016-0001")
    colleague = office.colleague()
    colleague.transmit_run("2016-0001")  # Now the colleague holds the cashbook in memory.
    office.hear_of_award("ZIQ-2016-0002")
    office.order_certified("C1", "300.00", "ZIQ-2016-0002")
    office.open_run("2016-0002")

    answer = colleague.open_run("2016-0003")
    colleague.store.close()

    assert answer.errors == {"payload.run": ["expected run 2016-0002 to be transmitted first"]}


def test_an_order_and_the_run_that_pays_it_can_share_a_transaction(office: Office) -> None:
    office.claim("C1", "200.00")
    office.certify("C1")
    on_run = {"run": "2016-0001", "effective_on": "2016-03-10"}
    opening = {
        "execution_on": "2016-03-10",
        "created_at": "2016-03-09T10:30:00Z",
        "programme": "ziq",
        "programme_version": "v1",
    }

    *done, again = office.ask_together(
        (
            "order_payment",
            office.authoriser,
            {"reference": "ZIQ-2016-0001", "claim": "C1", "effective_on": "2016-03-03"},
        ),
        ("open_payment_run", office.cashier, opening | {"run": "2016-0001"}),
        ("write_payment_run", office.cashier, on_run),
        ("transmit_payment_run", office.cashier, on_run),
        ("open_payment_run", office.cashier, opening | {"run": "2016-0002"}),
    )

    assert {answer.kind for answer in done} == {"recorded"}
    assert list(again.errors) == ["payload.orders"]
    assert len({event.timestamp for event in office.events()[-7:]}) == 1


def test_an_order_sent_in_one_run_is_not_in_the_next(office: Office) -> None:
    office.order_certified("C1", "200.00")
    assert office.store.documents("awaiting")
    office.send_run("2016-0001")
    assert not office.store.documents("awaiting")

    everything = office.open_run("2016-0002")
    named = office.open_run("2016-0002", orders=[["ZIQ-2016-0001", ORDER]])

    assert list(everything.errors) == ["payload.orders"]
    assert list(named.errors) == ["payload.orders.0"]


def test_a_returned_payment_is_in_the_next_run_under_a_new_end_to_end_id(office: Office) -> None:
    """R44."""
    office.order_certified("C1", "200.00")
    office.send_run("2016-0001")
    office.bank_says("return_payment", ORDER)

    office.open_run("2016-0002", execution_on="2016-03-20", created_at="2016-03-19T10:00:00Z")

    file = office.payment_file("2016-0002")
    assert text_of(file, "EndToEndId") == [f"{ORDER}-2"]


def test_a_payment_that_returns_in_the_next_year_waits_for_new_money(office: Office) -> None:
    """§ 45 Abs. 1 LHO NRW: the money of 2016 is not paid in 2017."""
    office.order_certified("C1", "200.00")
    office.send_run("2016-0001")
    office.bank_says("return_payment", ORDER, effective_on="2017-01-03")

    answer = office.open_run(
        "2017-0001", execution_on="2017-01-10", created_at="2017-01-09T10:00:00Z"
    )

    assert list(answer.errors) == ["payload.orders"]


def test_a_run_of_named_orders_leaves_the_others_waiting(office: Office) -> None:
    office.hear_of_award("ZIQ-2016-0002")
    office.order_certified("C1", "200.00")
    office.order_certified("C1", "100.00", "ZIQ-2016-0002")

    office.send_run("2016-0001", orders=[["ZIQ-2016-0002", "ZIQ-2016-0002-1"]])
    office.open_run("2016-0002")

    assert [each.order_id for each in run_of(office, "2016-0001").payments] == ["ZIQ-2016-0002-1"]
    assert [each.order_id for each in run_of(office, "2016-0002").payments] == [ORDER]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"run": "March"}, "run"),
        ({"execution_on": "2016-03-08"}, "execution_on"),
        ({"created_at": "2016-03-09T10:30:00"}, "created_at"),
        ({"orders": []}, "orders"),
        ({"orders": [["ZIQ-2016-0001", "ZIQ-2016-0001-7"]]}, "orders.0"),
        ({"orders": [["ZIQ-2016-0001", ORDER], ["ZIQ-2016-0001", ORDER]]}, "orders"),
        ({"orders": [["ZIQ-2016-0001", ORDER, "x"]]}, "orders.0"),
        ({"execution_on": "2017-03-10", "orders": [["ZIQ-2016-0001", ORDER]]}, "orders.0"),
    ],
)
def test_a_run_that_cannot_be_names_the_field_and_opens_nothing(
    office: Office, changed: dict[str, Any], field: str
) -> None:
    office.order_certified("C1", "200.00")
    head = office.store.head()

    answer = office.open_run("2016-0001", **changed)

    assert answer.kind == "invalid"
    assert list(answer.errors) == [f"payload.{field}"]
    assert office.store.head() == head


def test_an_order_of_another_programme_is_not_in_the_run(office: Office) -> None:
    office.order_certified("C1", "200.00")
    office.hear(
        "intake.ProgrammeRegistered",
        "ESF",
        programme="esf",
        programme_version="v1",
        definition={"debtor": {"name": "Landeskasse", "iban": "DE79999999992014000001"}},
        definition_sha256="0" * 64,
        registered_by="ma-1",
    )

    everything = office.open_run("2016-0001", programme="esf")
    named = office.open_run("2016-0001", programme="esf", orders=[["ZIQ-2016-0001", ORDER]])

    assert list(everything.errors) == ["payload.orders"]
    assert list(named.errors) == ["payload.orders.0"]


def test_a_run_under_a_programme_not_heard_of_is_answered_not_yet(office: Office) -> None:
    assert office.open_run("2016-0001", programme_version="v2").kind == "not_yet"


def test_a_run_is_not_opened_twice(office: Office) -> None:
    office.order_certified("C1", "200.00")
    office.send_run("2016-0001")

    assert list(office.open_run("2016-0001").errors) == ["payload.run"]


def test_a_debtor_whom_sepa_cannot_carry_opens_no_run_that_could_not_be_written(
    office: Office,
) -> None:
    office.hear_of_programme(debtor_iban="DE00999999992024000001")
    office.order_certified("C1", "200.00")

    answer = office.open_run("2016-0001")

    assert list(answer.errors) == ["payload.programme"]
    assert not office.events(Cashbook.CashbookOpened)


@pytest.mark.parametrize("command", ["write_run", "transmit_run"])
def test_a_step_on_a_run_that_was_never_opened_is_invalid(office: Office, command: str) -> None:
    assert list(getattr(office, command)("2016-0009").errors) == ["payload.run"]


# The bank's answers.


def test_a_confirmation_before_the_run_has_left_is_invalid(office: Office) -> None:
    office.order_certified("C1", "200.00")
    office.open_run("2016-0001")

    assert list(office.bank_says("confirm_payment", ORDER).errors) == ["payload.order_id"]


@pytest.mark.parametrize("command", ["confirm_payment", "return_payment"])
def test_what_the_bank_says_twice_changes_nothing(office: Office, command: str) -> None:
    office.order_certified("C1", "200.00")
    office.send_run("2016-0001")
    office.bank_says(command, ORDER)
    head = office.store.head()

    assert office.bank_says(command, ORDER).kind == "recorded"

    assert office.store.head() == head


# Renunciation.


def test_after_a_renunciation_nothing_is_ordered_and_open_orders_are_not_paid(
    office: Office,
) -> None:
    office.order_certified("C1", "200.00")
    office.hear_of_withdrawal()

    assert not office.store.documents("awaiting")
    assert office.order_certified("C2", "300.00").reason == "renounced"
    assert list(office.open_run("2016-0001").errors) == ["payload.orders"]
    named = office.open_run("2016-0001", orders=[["ZIQ-2016-0001", ORDER]])
    assert list(named.errors) == ["payload.orders.0"]


def test_a_renunciation_that_comes_before_the_award_is_final_is_remembered(
    an_office: Callable[[], Office],
) -> None:
    """Whichever comes first: no common order of two streams is relied upon."""
    first, second = an_office(), an_office()
    first.hear_of_award()
    first.hear_of_withdrawal()
    second.hear_of_withdrawal()
    second.start()
    second.hear_of_award()

    for office in (first, second):
        assert office.account().renounced
        assert office.order_certified("C1", "200.00").reason == "renounced"


def test_a_payment_sent_before_the_renunciation_that_comes_back_is_not_paid_again(
    office: Office,
) -> None:
    office.order_certified("C1", "200.00")
    office.send_run("2016-0001")
    office.hear_of_withdrawal()
    office.bank_says("return_payment", ORDER, effective_on="2016-04-02")

    answer = office.open_run(
        "2016-0002", execution_on="2016-04-10", created_at="2016-04-09T10:00:00Z"
    )

    assert list(answer.errors) == ["payload.orders"]


def test_a_withdrawal_before_any_award_does_not_concern_the_account(office: Office) -> None:
    office.hear_of_withdrawal(renunciation=False)

    assert not office.account().renounced
