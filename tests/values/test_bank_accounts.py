"""Bank accounts. The numbers are the published examples of the IBAN register, not real accounts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grant_values.bank_accounts import BankAccount, parse_bic, parse_iban

GERMAN = "DE89370400440532013000"
DUTCH = "NL91ABNA0417164300"
NORWEGIAN = "NO9386011117947"


@pytest.mark.parametrize("iban", [GERMAN, DUTCH, NORWEGIAN, "GB29NWBK60161331926819"])
def test_an_iban_of_the_register_is_taken(iban: str) -> None:
    assert BankAccount(iban).iban == iban


def test_spaces_and_small_letters_make_no_other_account() -> None:
    written = BankAccount("de89 3704 0044 0532 0130 00", "cobadeffxxx")

    assert written == BankAccount(GERMAN, "COBADEFFXXX")


@pytest.mark.parametrize(
    ("iban", "expected"),
    [
        ("DE89370400440532013001", "check digits that fit"),
        ("DE8937040044053201300", "of the length that its country sets"),
        ("DE893704004405320130000", "of the length that its country sets"),
        ("XX89370400440532013000", "beginning with a country of the IBAN register"),
        # A format that a country proposed, but that banks do not take.
        ("IR710570029971601460641001", "beginning with a country of the IBAN register"),
        ("DE8937040044053201300O", "expected an IBAN as text"),
        ("DE89-3704-0044-0532-0130-00", "expected an IBAN as text"),
        ("DE8937040044053201300٠", "expected an IBAN as text"),
        ("DE89370400440532013000\n", "expected an IBAN as text"),
        ("ß", "expected an IBAN as text"),
        ("", "expected an IBAN as text"),
        (89370400440532013000, "expected an IBAN as text"),
        (None, "expected an IBAN as text"),
    ],
)
def test_a_wrong_iban_is_refused_and_the_field_is_named(iban: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=f"^iban: .*{expected}"):
        BankAccount(iban)


@given(
    st.sampled_from([GERMAN, DUTCH, NORWEGIAN]),
    st.integers(min_value=2, max_value=33),
    st.integers(min_value=1, max_value=9),
)
def test_an_iban_with_one_digit_changed_is_refused(iban: str, place: int, distance: int) -> None:
    places = [index for index in range(2, len(iban)) if iban[index].isdigit()]
    at = places[place % len(places)]
    changed = f"{iban[:at]}{(int(iban[at]) + distance) % 10}{iban[at + 1 :]}"

    with pytest.raises(ValueError, match="expected an IBAN"):
        parse_iban(changed)


@given(st.text(max_size=40))
def test_any_text_is_either_an_iban_in_capitals_or_refused_with_the_expectation(text: str) -> None:
    try:
        iban = parse_iban(text)
    except ValueError as refusal:
        assert str(refusal).startswith("expected an IBAN")
    else:
        assert iban == text.replace(" ", "").upper()


@pytest.mark.parametrize("bic", ["COBADEFF", "COBADEFFXXX", "C1BADEFF"])
def test_a_bic_of_8_or_11_characters_is_taken(bic: str) -> None:
    assert BankAccount(GERMAN, bic).bic == bic
    assert parse_bic(bic.lower()) == bic


@pytest.mark.parametrize(
    "bic",
    ["", "COBADEF", "COBADEFFX", "COBADEFFXXXX", "COBA DEFF", "COBA12FF", "CÖBADEFF", 12345678],
)
def test_a_wrong_bic_is_refused_and_the_field_is_named(bic: Any) -> None:
    with pytest.raises(ValueError, match=r"^bic: expected a BIC of 8 or 11 letters and digits"):
        BankAccount(GERMAN, bic)


def test_a_bic_of_an_unknown_country_is_refused_with_that_reason() -> None:
    with pytest.raises(ValueError, match=r"^bic: .* with a country of ISO 3166"):
        BankAccount(GERMAN, "COBAXXFF")


def test_an_account_in_germany_is_domestic() -> None:
    """VV 7.4 zu § 44 LHO NRW pays without a written application to domestic accounts only."""
    assert BankAccount(GERMAN).is_domestic
    assert not BankAccount(DUTCH).is_domestic


def test_a_masked_account_can_be_recognised_but_not_used() -> None:
    assert BankAccount(GERMAN).masked() == "DE89 **** **** 3000"
    assert BankAccount(NORWEGIAN).masked() == "NO93 **** **** 7947"


def test_neither_a_log_line_nor_an_error_discloses_the_account() -> None:
    assert "37040044" not in repr(BankAccount(GERMAN))
    with pytest.raises(ValueError, match=r"^iban: ") as refused:
        BankAccount("DE8837040044ABCDEFGHIJ")
    assert "37040044" not in str(refused.value)
    assert refused.value.__suppress_context__
