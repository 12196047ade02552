"""Accounts come sealed and are opened for a payment only; destroyed, nobody is paid to them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from disbursement.conftest import Office
from grant_bus.parked import parked_events
from grant_contracts.answers import Answer
from grant_disbursement.domain import Cashbook, GrantAccount, PaymentRun
from grant_store.errors import VaultAway
from grant_store.personal import sqlite_keys
from grant_values.cases import case_id_of
from grant_values.invalid import Invalid
from store.personal import faults
from support.personal import IBAN, a_sealed_account, payee_of

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


@pytest.fixture
def run_under_way(office: Office) -> Office:
    """A run for two cases is open when the account of the first is destroyed."""
    office.hear_of_award("ZIQ-2016-0002")
    office.order_certified("C1", "200.00")
    office.order_certified("C1", "1.00", "ZIQ-2016-0002")
    assert office.open_run("2016-0001").kind == "recorded"
    return office


@pytest.mark.parametrize("is_heard", [True, False])
@pytest.mark.parametrize("is_restarted", [True, False])
def test_a_run_whose_account_was_destroyed_is_refused_on_record_and_holds_up_no_other(
    run_under_way: Office, is_heard: bool, is_restarted: bool
) -> None:
    office = run_under_way
    destroyed(office, is_heard=is_heard)

    answer = office.write_run("2016-0001")
    if is_restarted:
        office.start()

    assert (answer.kind, answer.reason) == ("refused", "account_destroyed")
    [refused] = office.events(Cashbook.PaymentRunRefused)
    assert (refused.run, refused.order_id) == ("2016-0001", f"{CASE}-1")
    assert office.open_run("2016-0002").kind == "recorded"
    [_, second] = office.events(PaymentRun.PaymentRunOpened)
    assert [payment.reference for payment in second.payments] == ["ZIQ-2016-0002"]
    assert office.write_run("2016-0002").kind == "recorded"
    assert office.transmit_run("2016-0002").kind == "recorded"
    assert office.account().drawn.orders[f"{CASE}-1"].state == "ordered"


def test_a_refused_run_is_neither_written_nor_sent_any_more(run_under_way: Office) -> None:
    destroyed(run_under_way)
    run_under_way.write_run("2016-0001")
    head = run_under_way.store.head()

    for act in (run_under_way.write_run, run_under_way.transmit_run):
        answer = act("2016-0001")
        assert answer.errors == {
            "payload.run": ["expected a run that was not refused: open another one"]
        }
    assert run_under_way.store.head() == head
    assert list(run_under_way.open_run("2016-0001").errors) == ["payload.run"]


def test_a_run_that_was_written_before_is_sent_by_whoever_has_its_file(
    run_under_way: Office,
) -> None:
    run_under_way.write_run("2016-0001")
    destroyed(run_under_way)

    assert run_under_way.transmit_run("2016-0001").kind == "recorded"
    again = run_under_way.write_run("2016-0001")
    assert list(again.errors) == ["payload.run"]
    assert not run_under_way.events(Cashbook.PaymentRunRefused)


def test_or_it_is_refused_when_it_is_to_be_written_once_more(run_under_way: Office) -> None:
    run_under_way.write_run("2016-0001")
    destroyed(run_under_way)

    assert run_under_way.write_run("2016-0001").reason == "account_destroyed"
    assert list(run_under_way.transmit_run("2016-0001").errors) == ["payload.run"]
    assert run_under_way.open_run("2016-0002").kind == "recorded"


def test_a_run_is_not_refused_before_the_day_on_which_it_was_opened(run_under_way: Office) -> None:
    destroyed(run_under_way)

    answer = run_under_way.write_run("2016-0001", effective_on="2016-03-08")

    assert list(answer.errors) == ["payload.effective_on"]
    assert run_under_way.write_run("2016-0001").kind == "refused"


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


@pytest.mark.parametrize("fault", faults.ALL)
def test_orders_and_runs_wait_for_the_vault_and_nothing_of_them_is_recorded(
    office: Office, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_keys, "_BUSY_SECONDS", 0.05)
    office.vault.close()  # It is opened again when it is needed.
    away = faults.ALL[fault]
    folder = office.path.with_suffix(".vault")

    def waits_first(act: Callable[[], Answer]) -> None:
        head = office.store.head()
        with away(folder), pytest.raises(VaultAway):
            act()
        assert office.store.head() == head
        assert act().kind == "recorded"

    office.claim("C1", "200.00")
    office.certify("C1")
    waits_first(lambda: office.order("C1"))
    waits_first(lambda: office.open_run("2016-0001"))
    waits_first(lambda: office.write_run("2016-0001"))


@pytest.mark.parametrize("fault", faults.ALL)
def test_what_others_recorded_is_followed_without_the_vault(office: Office, fault: str) -> None:
    """Nothing of it is opened, and so nothing is parked."""
    sealed = msgspec.to_builtins(a_sealed_account(office.vault, "ZIQ-2016-0009"))
    about = {"case_id": case_id_of("ZIQ-2016-0009"), "effective_on": "2016-01-04"}

    with faults.ALL[fault](office.path.with_suffix(".vault")):
        office.hear("intake.PersonalDataRecorded", "ZIQ-2016-0009", **sealed, **about)
        award_without_an_account(office, "ZIQ-2016-0009")

    assert not parked_events(office.store)
    assert office.order_certified("C1", "1.00", "ZIQ-2016-0009").kind == "recorded"
