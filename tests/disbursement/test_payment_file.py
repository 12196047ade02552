"""The bank file of a payment run: valid, summed, and the same bytes however often it is built."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from grant_disbursement.payment_file import (
    REASONS_NOT_PAYABLE,
    Debtor,
    PaymentFile,
    Transfer,
    reason_not_payable,
    render,
)

GOLDEN = Path(__file__).parent / "golden" / "two_transfers.pain.001.001.09.xml"
NAMESPACES = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
ISO_SCHEMA = etree.XMLSchema(
    etree.fromstring(files("sepaxml").joinpath("schemas/pain.001.001.09.xsd").read_bytes())
)

# Prints the file of another process, in which sets have another order and it is another hour.
IN_ANOTHER_PROCESS = """
import runpy, sys
module = runpy.run_path(sys.argv[1])
sys.stdout.buffer.write(module["render"](module["a_run"]()))
"""


def a_transfer(
    end_to_end_id: str = "ZIQ-2018-0001-2018-1",
    payee_name: str = "Caritasverband für die Stadt Köln e. V.",
    iban: str = "DE89370400440532013000",
    bic: str | None = "COBADEFFXXX",
    amount_cents: int = 1_234_567,
    purpose: str = "Zusammen im Quartier, Zuwendung 2018",
) -> Transfer:
    return Transfer(end_to_end_id, payee_name, iban, bic, amount_cents, purpose)


def a_run(
    transfers: Sequence[Transfer] | None = None,
    message_id: str = "RUN-2018-06-0001",
    created_at: datetime = datetime(2018, 6, 14, 22, 30, 15, 987_654, tzinfo=UTC),
    debtor: Debtor | None = None,
) -> PaymentFile:
    if transfers is None:
        second = a_transfer(
            end_to_end_id="ZIQ-2018-0002-2018-1",
            payee_name="Große Öfen & Söhne gGmbH",
            iban="DE02 1203 0000 0000 2020 51",
            bic=None,
            amount_cents=1,
        )
        transfers = (a_transfer(), second)
    return PaymentFile(
        message_id=message_id,
        created_at=created_at,
        execution_on=date(2018, 6, 18),
        debtor=debtor or Debtor("Bezirksregierung Köln", "DE75512108001245126199", "SOGEDEFFXXX"),
        transfers=tuple(transfers),
    )


def read(file: bytes, path: str) -> list[str | None]:
    """The texts at `path`, after the bank's own first check: the ISO schema."""
    document = etree.fromstring(file)
    ISO_SCHEMA.assertValid(document)
    steps = "/".join(f"p:{name}" for name in ("CstmrCdtTrfInitn", *path.split("/")))
    return [element.text for element in document.findall(steps, NAMESPACES)]


def sum_of(cents: Sequence[int]) -> str:
    return f"{sum(cents) // 100}.{sum(cents) % 100:02}"


def test_the_file_of_a_small_run_is_byte_for_byte_the_one_on_record():
    assert render(a_run()) == GOLDEN.read_bytes()


def test_a_rebuilt_file_has_the_same_bytes():
    assert render(a_run()) == render(a_run())


@pytest.mark.parametrize(("seed", "zone"), [("1", "Asia/Tokyo"), ("4711", "America/New_York")])
def test_a_file_rebuilt_by_another_process_has_the_same_bytes(seed: str, zone: str):
    rebuilt = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, __file__],
        env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone},
        capture_output=True,
        timeout=60,
        check=True,
    )

    assert rebuilt.stdout == render(a_run())


def test_the_same_instant_in_another_time_zone_gives_the_same_bytes():
    summer_time = timezone(timedelta(hours=2))
    in_berlin = a_run(created_at=datetime(2018, 6, 15, 0, 30, 15, tzinfo=summer_time))

    assert render(in_berlin) == render(a_run())


def test_ids_and_times_are_those_of_the_run():
    file = render(a_run())

    assert read(file, "GrpHdr/MsgId") == ["RUN-2018-06-0001"]
    assert read(file, "PmtInf/PmtInfId") == ["RUN-2018-06-0001"]
    assert read(file, "GrpHdr/CreDtTm") == ["2018-06-14T22:30:15Z"]
    assert read(file, "PmtInf/ReqdExctnDt/Dt") == ["2018-06-18"]


def test_every_run_is_a_euro_sepa_transfer_with_shared_charges():
    file = render(a_run())

    assert read(file, "PmtInf/PmtMtd") == ["TRF"]
    assert read(file, "PmtInf/PmtTpInf/SvcLvl/Cd") == ["SEPA"]
    assert read(file, "PmtInf/ChrgBr") == ["SLEV"]
    amounts = etree.fromstring(file).findall(".//p:InstdAmt", NAMESPACES)
    assert {amount.get("Ccy") for amount in amounts} == {"EUR"}


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 99_999_999_999), min_size=1, max_size=30))
def test_count_and_sum_equal_the_transfers_in_the_header_and_in_the_instruction(cents: list[int]):
    """ISO 20022, NbOfTxs and CtrlSum; the library adds up the header from the instruction."""
    transfers = [
        a_transfer(end_to_end_id=f"ORDER-{number}", amount_cents=amount)
        for number, amount in enumerate(cents)
    ]

    file = render(a_run(transfers))

    for part in ("GrpHdr", "PmtInf"):
        assert read(file, f"{part}/NbOfTxs") == [str(len(cents))]
        assert read(file, f"{part}/CtrlSum") == [sum_of(cents)]
    amounts = read(file, "PmtInf/CdtTrfTxInf/Amt/InstdAmt")
    assert amounts == [sum_of([amount]) for amount in cents]
    ids = read(file, "PmtInf/CdtTrfTxInf/PmtId/EndToEndId")
    assert ids == [transfer.end_to_end_id for transfer in transfers]


@settings(deadline=None, max_examples=200)
@given(
    st.builds(
        a_transfer,
        end_to_end_id=st.text("AZ09-", min_size=1, max_size=36) | st.text("A/ .:ä_", max_size=5),
        payee_name=st.text(st.characters(exclude_categories=["Cs"]) | st.just("ü"), max_size=80),
        purpose=st.text(max_size=150),
        amount_cents=st.integers(-1, 100_000_000_001),
    )
)
def test_whatever_is_not_refused_beforehand_makes_a_valid_file(transfer: Transfer):
    reason = reason_not_payable(transfer)

    if reason is None:
        file = render(a_run([transfer]))
        assert read(file, "PmtInf/CdtTrfTxInf/PmtId/EndToEndId") == [transfer.end_to_end_id]
    else:
        with pytest.raises(ValueError, match=rf"^transfer 1: .* \({reason}\)$"):
            render(a_run([transfer]))


def test_two_thousand_transfers_stand_in_one_file():
    transfers = [a_transfer(end_to_end_id=f"ORDER-{number}") for number in range(2_000)]

    file = render(a_run(transfers))

    assert read(file, "GrpHdr/NbOfTxs") == ["2000"]
    assert read(file, "GrpHdr/CtrlSum") == ["24691340.00"]


def test_umlauts_are_spelled_out_as_the_sepa_set_wants_them():
    file = render(a_run())

    payees = read(file, "PmtInf/CdtTrfTxInf/Cdtr/Nm")
    assert payees == ["Caritasverband fuer die Stadt Koeln e. V.", "Grosse Oefen + Soehne gGmbH"]
    assert read(file, "PmtInf/Dbtr/Nm") == ["Bezirksregierung Koeln"]
    assert file.isascii()


def test_a_bank_found_by_iban_alone_is_left_out_for_the_payee_and_stated_for_the_payer():
    debtor = Debtor("Bezirksregierung Köln", "DE75512108001245126199", None)

    file = render(a_run(debtor=debtor))

    assert read(file, "PmtInf/DbtrAgt/FinInstnId/Othr/Id") == ["NOTPROVIDED"]
    assert read(file, "PmtInf/DbtrAgt/FinInstnId/BICFI") == []
    assert read(file, "PmtInf/CdtTrfTxInf/CdtrAgt/FinInstnId/BICFI") == ["COBADEFFXXX"]


def test_accounts_are_written_without_spaces():
    accounts = read(render(a_run()), "PmtInf/CdtTrfTxInf/CdtrAcct/Id/IBAN")

    assert accounts == ["DE89370400440532013000", "DE02120300000000202051"]


REFUSED = [
    (a_transfer(end_to_end_id="X" * 36), "end_to_end_id_too_long"),
    (a_transfer(end_to_end_id=""), "end_to_end_id_not_sepa"),
    (a_transfer(end_to_end_id="KÖLN-1"), "end_to_end_id_not_sepa"),
    (a_transfer(end_to_end_id=" ORDER-1"), "end_to_end_id_not_sepa"),
    (a_transfer(end_to_end_id="/ORDER-1"), "end_to_end_id_not_sepa"),
    (a_transfer(end_to_end_id="ORDER//1"), "end_to_end_id_not_sepa"),
    (a_transfer(payee_name="N" * 71), "payee_name_too_long"),
    (a_transfer(payee_name="N" * 69 + "ü"), "payee_name_too_long"),
    (a_transfer(payee_name=" – "), "payee_name_empty"),
    (a_transfer(iban="DE88370400440532013000"), "iban_invalid"),
    (a_transfer(iban="DE8937040044053201300"), "iban_invalid"),
    (a_transfer(iban="TR330006100519786457841326", bic=None), "iban_outside_sepa"),
    (a_transfer(bic="COBADEFFX"), "bic_invalid"),
    (a_transfer(bic=""), "bic_invalid"),
    (a_transfer(amount_cents=0), "amount_out_of_range"),
    (a_transfer(amount_cents=-1), "amount_out_of_range"),
    (a_transfer(amount_cents=100_000_000_000), "amount_out_of_range"),
    (a_transfer(purpose=" \t"), "purpose_empty"),
    (a_transfer(purpose="P" * 141), "purpose_too_long"),
    (a_transfer(purpose="P" * 139 + "ß"), "purpose_too_long"),
]


@pytest.mark.parametrize(("transfer", "reason"), REFUSED)
def test_what_sepa_cannot_carry_is_refused_and_the_field_is_named(transfer: Transfer, reason: str):
    assert reason_not_payable(transfer) == reason
    with pytest.raises(ValueError) as refusal:
        render(a_run([a_transfer(end_to_end_id="THE-FIRST"), transfer]))
    field_name = REASONS_NOT_PAYABLE[reason].partition(":")[0]
    assert field_name in {field.name for field in fields(Transfer)}
    assert str(refusal.value).startswith(f"transfer 2: {field_name}: expected ")


def test_every_reason_on_the_closed_list_has_a_transfer_that_meets_it():
    assert {reason for _, reason in REFUSED} == set(REASONS_NOT_PAYABLE)


def test_the_longest_and_the_dearest_that_sepa_carries_is_paid_uncut():
    transfer = a_transfer(
        end_to_end_id="X" * 35,
        payee_name="N" * 68 + "ü",
        amount_cents=99_999_999_999,
        purpose="P" * 138 + "ß",
    )

    file = render(a_run([transfer]))

    assert read(file, "PmtInf/CdtTrfTxInf/PmtId/EndToEndId") == ["X" * 35]
    assert read(file, "PmtInf/CdtTrfTxInf/Cdtr/Nm") == ["N" * 68 + "ue"]
    assert read(file, "PmtInf/CdtTrfTxInf/RmtInf/Ustrd") == ["P" * 138 + "ss"]
    assert read(file, "GrpHdr/CtrlSum") == ["999999999.99"]


@pytest.mark.parametrize("message_id", ["", "X" * 36, "RÜN-1", "RUN-1/"])
def test_a_message_id_that_a_bank_would_not_take_is_refused(message_id: str):
    with pytest.raises(ValueError, match=r"^message_id: expected 1 to 35 SEPA characters"):
        render(a_run(message_id=message_id))


def test_a_time_of_creation_without_a_time_zone_is_refused():
    naive = datetime(2018, 6, 14, 22, 30, 15)  # noqa: DTZ001 (what is tested)

    with pytest.raises(ValueError, match=r"^created_at: expected an instant with its time zone"):
        render(a_run(created_at=naive))


def test_a_day_of_execution_with_a_time_is_refused():
    with pytest.raises(ValueError, match=r"^execution_on: expected a day without a time"):
        render(replace(a_run(), execution_on=datetime(2018, 6, 18, 12, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("debtor", "named"),
    [
        (Debtor("N" * 71, "DE75512108001245126199", None), "debtor.name: expected at most 70"),
        (Debtor("Köln", "DE74512108001245126199", None), "debtor.iban: expected an IBAN"),
        (Debtor("Köln", "DE75512108001245126199", "SOGE"), "debtor.bic: expected a BIC"),
    ],
)
def test_a_payer_that_sepa_does_not_take_is_refused_and_the_field_is_named(
    debtor: Debtor, named: str
):
    with pytest.raises(ValueError) as refusal:
        render(a_run(debtor=debtor))
    assert str(refusal.value).startswith(named)


def test_a_run_without_a_transfer_makes_no_file():
    with pytest.raises(ValueError, match=r"^transfers: expected at least one"):
        render(a_run([]))


def test_an_order_stands_in_a_file_only_once():
    with pytest.raises(ValueError, match=r"^transfer 2: end_to_end_id: expected one of its own"):
        render(a_run([a_transfer(), a_transfer(amount_cents=5)]))


def test_a_transfer_in_a_log_discloses_neither_payee_nor_account():
    line = repr(a_transfer())

    assert "Caritas" not in line
    assert "3704" not in line


def test_an_amount_that_is_not_whole_cents_makes_no_file():
    with pytest.raises(ValueError, match=r"^transfer 1: amount_cents: expected"):
        render(a_run([a_transfer(amount_cents=12.5)]))  # type: ignore[arg-type]
