"""Accounts come sealed and are opened for a payment only; destroyed, nobody is paid to them."""

from __future__ import annotations

import msgspec
import pytest

from disbursement.conftest import Office
from grant_disbursement.domain import GrantAccount, PaymentRun
from grant_values.cases import case_id_of
from grant_values.invalid import Invalid
from support.personal import IBAN, payee_of

CASE = "ZIQ-2016-0001"


def award_without_an_account(office: Office, reference: str) -> None:
    """Budgeting's feed is ahead of intake's."""
    hear, office.hear_of_account = office.hear_of_account, lambda *_, **__: None  # type: ignore[method-assign, assignment]
    office.hear_of_award(reference)
    office.hear_of_account = hear  # type: ignore[method-assign]


def destroyed(office: Office, reference: str = CASE, *, is_heard: bool = True) -> None:
    """The key is gone from the vault, and intake has said so."""
    payee = payee_of(reference)
    assert payee.subject
    office.vault.destroy(next(iter(office.vault.keys.of_subject(payee.subject))).holder)
    if is_heard:
        office.hear(
            "intake.KeyDestroyed",
            reference,
            case_id=case_id_of(reference),
            subject=payee.subject,
            purpose="payment",
            key=case_id_of("key"),
            reason="legal_obligation",
            destroyed_by="S-1",
            seconded_by="S-2",
            effective_on="2016-04-01",
        )


def test_nothing_in_store_shows_an_account_but_the_file_does(office: Office) -> None:
    office.order_certified("C1", "200.00")
    office.open_run("2016-0001")
    office.write_run("2016-0001")

    rows = office.store.events_after(0, 1_000)
    documents = office.store.documents("account")
    stored = b"".join(
        [row.state + row.metadata for row in rows] + [each.body or b"" for each in documents]
    )
    assert documents
    assert IBAN.encode() not in stored
    assert b"Caritasverband" not in stored
    assert IBAN.encode() in office.payment_file("2016-0001")


def test_an_order_waits_for_the_account_that_another_feed_brings(office: Office) -> None:
    award_without_an_account(office, "ZIQ-2016-0002")

    early = office.order_certified("C1", "1.00", "ZIQ-2016-0002")
    office.hear_of_account("ZIQ-2016-0002")

    assert early.kind == "not_yet"
    assert office.order("C1", "ZIQ-2016-0002").kind == "recorded"


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ({"iban": "DE00370400440532013000"}, "iban_invalid"),
        ({"iban": "BR1800360305000010009795493C1"}, "iban_outside_sepa"),
        ({"bic": "NONE"}, "bic_invalid"),
    ],
)
def test_an_account_is_checked_again_when_it_is_opened(
    office: Office, account: dict[str, str], reason: str
) -> None:
    """R41; whoever sealed it may have been mistaken."""
    award_without_an_account(office, "ZIQ-2016-0002")
    office.hear_of_account("ZIQ-2016-0002", **account)

    answer = office.order_certified("C1", "1.00", "ZIQ-2016-0002")

    assert (answer.kind, answer.reason) == ("refused", reason)


@pytest.mark.parametrize("is_heard", [True, False])
def test_nothing_is_ordered_to_an_account_whose_key_was_destroyed(
    office: Office, is_heard: bool
) -> None:
    destroyed(office, is_heard=is_heard)

    answer = office.order_certified("C1", "1.00")

    assert (answer.kind, answer.reason) == ("refused", "account_destroyed")


def test_what_was_ordered_before_stays_out_of_runs_and_holds_up_no_other(office: Office) -> None:
    office.hear_of_award("ZIQ-2016-0002")
    office.order_certified("C1", "200.00")
    office.order_certified("C1", "1.00", "ZIQ-2016-0002")
    destroyed(office)

    by_name = office.open_run("2016-0001", orders=[[CASE, "ZIQ-2016-0001-1"]])
    everything = office.open_run("2016-0001")

    assert list(by_name.errors) == ["payload.orders"]
    assert "ZIQ-2016-0001-1 was destroyed" in str(by_name.errors)
    assert everything.kind == "recorded"
    [run] = office.events(PaymentRun.PaymentRunOpened)
    assert [payment.reference for payment in run.payments] == ["ZIQ-2016-0002"]


def test_a_file_cannot_be_built_again_without_its_accounts_and_says_why(office: Office) -> None:
    office.order_certified("C1", "200.00")
    office.send_run("2016-0001")
    destroyed(office)

    with pytest.raises(Invalid, match="the key of the account of ZIQ-2016-0001-1 was destroyed"):
        office.payment_file("2016-0001")


def test_the_sealed_account_goes_from_the_working_data_with_its_key(office: Office) -> None:
    destroyed(office)

    [document] = office.store.documents("account")
    assert msgspec.json.decode(document.body or b"") == {"destroyed": True}


def test_the_account_lives_on_without_the_one_of_its_payee(office: Office) -> None:
    office.order_certified("C1", "200.00")
    office.send_run("2016-0001")
    destroyed(office)

    office.bank_says("confirm_payment", "ZIQ-2016-0001-1")

    account: GrantAccount = office.account()
    assert account.drawn.paid_cents == {("ESF", 2016): 20_000}
