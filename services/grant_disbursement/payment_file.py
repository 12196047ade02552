"""The payment run as a file for the bank: a SEPA credit transfer, ISO 20022 pain.001.001.09.

Responsible for form: what SEPA can carry, the sums, and that the same run gives the same bytes,
because a file that is rebuilt after a crash must have the hash that is on record. Must not know
why something is paid, and must not read a clock or draw an id: all of that arrives in the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import as_file, files
from typing import Final

from lxml import etree
from schwifty import IBAN
from sepaxml import SepaTransfer

from grant_values.bank_accounts import parse_bic, parse_iban
from grant_values.sepa_text import NAME_LIMIT, sepa_latin, sepa_name

SCHEMA: Final = "pain.001.001.09"
# The bank's format, not rules of a grant: ISO 20022 and the EPC's scheme set these for everyone.
REFERENCE_LIMIT: Final = 35
PURPOSE_LIMIT: Final = 140
AMOUNT_MIN_CENTS: Final = 1
AMOUNT_MAX_CENTS: Final = 99_999_999_999

# The closed list of reasons for which SEPA cannot carry a transfer: the field, and what it takes.
REASONS_NOT_PAYABLE: Final[dict[str, str]] = {
    "end_to_end_id_too_long": f"end_to_end_id: expected at most {REFERENCE_LIMIT} characters",
    "end_to_end_id_not_sepa": (
        "end_to_end_id: expected a reference in SEPA characters without spaces at either end"
        ' and without a "/" at either end or twice in a row'
    ),
    "payee_name_too_long": (
        f"payee_name: expected at most {NAME_LIMIT} characters in SEPA spelling (ä as ae)"
    ),
    "payee_name_empty": "payee_name: expected at least one letter or digit that SEPA can carry",
    "iban_invalid": "iban: expected an IBAN with fitting length and check digits",
    "iban_outside_sepa": "iban: expected an account in a country of the SEPA area",
    "bic_invalid": "bic: expected a BIC of 8 or 11 characters, or none",
    "amount_out_of_range": (
        f"amount_cents: expected {AMOUNT_MIN_CENTS} to {AMOUNT_MAX_CENTS} whole cents"
        " (0.01 to 999,999,999.99 euros)"
    ),
    "purpose_empty": "purpose: expected some text",
    "purpose_too_long": f"purpose: expected at most {PURPOSE_LIMIT} characters in SEPA spelling",
}

_NAMESPACE: Final = f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"
# Stands for the debtor's bank when it is known by the IBAN alone (EPC132-08).
_BANK_KNOWN_BY_IBAN: Final = "NOTPROVIDED"


@dataclass(frozen=True)
class Debtor:
    """Who pays. The BIC is None where the bank is found by the IBAN."""

    name: str
    iban: str
    bic: str | None


@dataclass(frozen=True)
class Transfer:
    """One payment of a run. `end_to_end_id` leads back to the payment order, and no other."""

    end_to_end_id: str
    # Not in the representation, so that a log line does not disclose whom is paid where.
    payee_name: str = field(repr=False)
    iban: str = field(repr=False)
    bic: str | None = field(repr=False)
    amount_cents: int
    purpose: str = field(repr=False)


@dataclass(frozen=True)
class PaymentFile:
    """All that one file consists of, taken from the recorded run; nothing is added later.

    `created_at` is an aware instant and is written in UTC, to the second. The transfers stand
    in the file in the order given here.
    """

    message_id: str
    created_at: datetime
    execution_on: date
    debtor: Debtor
    transfers: tuple[Transfer, ...]


def reason_not_payable(transfer: Transfer) -> str | None:
    """Why SEPA cannot carry `transfer`: a key of REASONS_NOT_PAYABLE, or None if it can."""
    if len(transfer.end_to_end_id) > REFERENCE_LIMIT:
        return "end_to_end_id_too_long"
    if not _is_reference(transfer.end_to_end_id):
        return "end_to_end_id_not_sepa"
    if len(sepa_latin(transfer.payee_name)) > NAME_LIMIT:
        return "payee_name_too_long"
    if not _is_taken(sepa_name, transfer.payee_name):
        return "payee_name_empty"
    if not _is_amount(transfer.amount_cents):
        return "amount_out_of_range"
    if not sepa_latin(transfer.purpose):
        return "purpose_empty"
    if len(sepa_latin(transfer.purpose)) > PURPOSE_LIMIT:
        return "purpose_too_long"
    return _reason_account_not_payable(transfer.iban, transfer.bic)


def render(file: PaymentFile) -> bytes:
    """The file as XML in UTF-8, valid by the ISO schema. Equal input gives equal bytes.

    Raises ValueError, which names the field, for whatever SEPA or the schema does not take;
    and lxml's DocumentInvalid should the result not pass the schema even so.
    """
    _check_header(file)
    _check_debtor(file.debtor)
    _check_transfers(file.transfers)
    document = etree.fromstring(_written_by_sepaxml(file))
    _put_in_what_the_run_recorded(document, file)
    _iso_schema().assertValid(document)
    return etree.tostring(document, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _is_reference(text: str) -> bool:
    """Whether `text` may identify a payment: rewritten it would lead to nothing (EPC132-08)."""
    if not 0 < len(text) <= REFERENCE_LIMIT or text != sepa_latin(text):
        return False
    return not (text.startswith("/") or text.endswith("/") or "//" in text)


def _is_amount(cents: int) -> bool:
    # A float would compare well, and come out of the library as an error without a field.
    return isinstance(cents, int) and AMOUNT_MIN_CENTS <= cents <= AMOUNT_MAX_CENTS


def _is_taken(parse: Callable[[str], str], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _reason_account_not_payable(iban: str, bic: str | None) -> str | None:
    if not _is_taken(parse_iban, iban):
        return "iban_invalid"
    # The library's list of countries may lag behind the EPC's: a refusal can be looked into,
    # a transfer that the bank rejects holds up its whole file.
    if not IBAN(iban).in_sepa_zone:
        return "iban_outside_sepa"
    if bic is not None and not _is_taken(parse_bic, bic):
        return "bic_invalid"
    return None


def _check_header(file: PaymentFile) -> None:
    if not _is_reference(file.message_id):
        raise ValueError(
            f"message_id: expected 1 to {REFERENCE_LIMIT} SEPA characters, not {file.message_id!r}"
        )
    if file.created_at.utcoffset() is None:
        raise ValueError("created_at: expected an instant with its time zone")
    # A datetime is a date to Python, but the bank takes a day without a time.
    if isinstance(file.execution_on, datetime):
        raise ValueError("execution_on: expected a day without a time")


def _check_debtor(debtor: Debtor) -> None:
    try:
        sepa_name(debtor.name)
    except ValueError as refusal:
        raise ValueError(f"debtor.{refusal}") from None
    reason = _reason_account_not_payable(debtor.iban, debtor.bic)
    if reason is not None:
        raise ValueError(f"debtor.{REASONS_NOT_PAYABLE[reason]} ({reason})")


def _check_transfers(transfers: tuple[Transfer, ...]) -> None:
    if not transfers:
        raise ValueError("transfers: expected at least one")
    seen: set[str] = set()
    for number, transfer in enumerate(transfers, start=1):
        reason = reason_not_payable(transfer)
        if reason is not None:
            raise ValueError(f"transfer {number}: {REASONS_NOT_PAYABLE[reason]} ({reason})")
        if transfer.end_to_end_id in seen:
            raise ValueError(
                f"transfer {number}: end_to_end_id: expected one of its own,"
                f" {transfer.end_to_end_id!r} stands in the file already"
            )
        seen.add(transfer.end_to_end_id)


def _written_by_sepaxml(file: PaymentFile) -> bytes:
    """One payment instruction for all transfers; ids and time are still the library's own."""
    # The library keeps and changes the dictionaries it is given, so each is made for it alone.
    # `clean` would cut names, and its own validation needs a second schema library.
    debtor = {
        "name": sepa_name(file.debtor.name),
        **_account(file.debtor.iban, file.debtor.bic),
        "currency": "EUR",
        "batch": True,
    }
    document = SepaTransfer(debtor, schema=SCHEMA, clean=False)
    for transfer in file.transfers:
        payment = {
            "endtoend_id": transfer.end_to_end_id,
            "name": sepa_name(transfer.payee_name),
            **_account(transfer.iban, transfer.bic),
            "amount": transfer.amount_cents,
            "description": sepa_latin(transfer.purpose),
            "execution_date": file.execution_on,
        }
        document.add_payment(payment)
    written: bytes = document.export(validate=False)
    return written


def _account(iban: str, bic: str | None) -> dict[str, str]:
    known = {"IBAN": parse_iban(iban)}
    return known if bic is None else known | {"BIC": parse_bic(bic)}


def _put_in_what_the_run_recorded(document: etree._Element, file: PaymentFile) -> None:
    """Replace the random ids and the clock reading, which the library has no parameter for."""
    _only(document, "GrpHdr/MsgId").text = file.message_id
    _only(document, "GrpHdr/CreDtTm").text = _written_instant(file.created_at)
    # One instruction in the message, so the message's id names it as well.
    _only(document, "PmtInf/PmtInfId").text = file.message_id
    if file.debtor.bic is None:
        bank = _only(document, "PmtInf/DbtrAgt/FinInstnId")
        other = etree.SubElement(bank, f"{{{_NAMESPACE}}}Othr")
        etree.SubElement(other, f"{{{_NAMESPACE}}}Id").text = _BANK_KNOWN_BY_IBAN


def _only(document: etree._Element, path: str) -> etree._Element:
    """The one element at `path`; another count means that the library writes differently now."""
    steps = "/".join(f"{{{_NAMESPACE}}}{name}" for name in ("CstmrCdtTrfInitn", *path.split("/")))
    [element] = document.findall(steps)
    return element


def _written_instant(instant: datetime) -> str:
    """UTC to the second with "Z", so that no reader takes it for local time."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@cache
def _iso_schema() -> etree.XMLSchema:
    with as_file(files("sepaxml") / "schemas" / f"{SCHEMA}.xsd") as path:
        return etree.XMLSchema(etree.parse(path))
