"""Wire fields: what crosses the border, what is refused there, and what the JSON Schema says."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError

from grant_values.fields import Bic, Euro, Iban, Instant, LegalDate, Rate


class Claim(Schema):
    """One field of each kind, as a service's schema would have them."""

    amount = Euro()
    rate = Rate()
    due_on = LegalDate()
    received_at = Instant()
    iban = Iban()
    bic = Bic(allow_none=True, metadata={"description": "BIC of the payee's bank."})


GOOD: dict[str, str] = {
    "amount": "1250.00",
    "rate": "1/3",
    "due_on": "2019-03-01",
    "received_at": "2019-03-01T00:30:00+01:00",
    "iban": "DE89 3704 0044 0532 0130 00",
    "bic": "COBADEFFXXX",
}


def error_of(field: str, value: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        Claim().load({field: value})
    messages = refused.value.messages_dict
    assert list(messages) == [field]
    [message] = messages[field]
    return str(message)


def test_text_of_the_wire_becomes_exact_values() -> None:
    assert Claim().load(GOOD) == {
        "amount": 125_000,
        "rate": Fraction(1, 3),
        "due_on": date(2019, 3, 1),
        "received_at": datetime(2019, 2, 28, 23, 30, tzinfo=UTC),
        "iban": "DE89370400440532013000",
        "bic": "COBADEFFXXX",
    }


def test_values_become_text_of_the_wire_again() -> None:
    assert Claim().dump(Claim().load(GOOD)) == GOOD | {
        "received_at": "2019-02-28T23:30:00Z",
        "iban": "DE89370400440532013000",
    }


def test_a_third_decimal_is_refused_and_the_field_is_named() -> None:
    assert error_of("amount", "1250.005") == (
        'expected an amount in euros as text with exactly two decimals, such as "1250.00"'
    )


@pytest.mark.parametrize(
    "amount", [1250, 1250.0, 1250.5, True, "-1.00", "+1.00", "1e3", "1250", "1.250,00", "", [], {}]
)
def test_an_amount_that_is_no_text_with_two_decimals_is_refused(amount: Any) -> None:
    assert error_of("amount", amount).startswith("expected an amount in euros as text")


def test_an_amount_of_too_many_digits_is_refused() -> None:
    assert error_of("amount", "99999999999999.00").endswith("at most 13 digits before the point")


def test_a_reversal_leaves_with_its_sign() -> None:
    assert Claim().dump({"amount": -5}) == {"amount": "-0.05"}


def test_a_float_never_leaves_as_an_amount() -> None:
    with pytest.raises(ValueError, match="expected whole cents as an int, not float"):
        Claim().dump({"amount": 12.5})


@pytest.mark.parametrize("rate", [0.5, 1, "50 %", "1.5", "1/0", ""])
def test_a_rate_that_is_no_text_from_0_to_1_is_refused(rate: Any) -> None:
    assert error_of("rate", rate).startswith("expected a rate from 0 to 1 as text")


@pytest.mark.parametrize(
    "day",
    [
        *("20190301", "2019-W09-5", "2019-3-1", "01.03.2019", "2019-02-29", "2019-13-01"),
        *("2019-03-01T00:00:00Z", "2019-03-01 ", "٢٠١٩-٠٣-٠١", "0000-01-01", "", 20190301),
    ],
)
def test_a_date_in_another_form_or_of_no_such_day_is_refused(day: Any) -> None:
    assert error_of("due_on", day) == (
        'expected a date as text in the form YYYY-MM-DD, such as "2019-03-01"'
    )


@pytest.mark.parametrize(
    "moment",
    [
        *("2019-02-28T23:30:00", "2019-02-28", "2019-02-28 23:30:00Z", "20190228T233000Z"),
        *("2019-02-30T23:30:00Z", "2019-02-28T25:00:00Z", "2019-02-28T23:30:00+25:00"),
        *("2019-02-28T23:30:00z", "2019-02-28T23:30:00.1234567Z", "0001-01-01T00:00:00+01:00"),
        *("", 1551396600, 1551396600.0),
    ],
)
def test_a_date_time_without_its_offset_or_in_another_form_is_refused(moment: Any) -> None:
    assert error_of("received_at", moment) == (
        'expected a date-time with its offset as text, such as "2019-02-28T23:30:00Z"'
    )


def test_seconds_may_be_left_out_and_fractions_are_kept() -> None:
    loaded = [
        Claim().load({"received_at": text})["received_at"]
        for text in ("2019-02-28T23:30Z", "2019-02-28T23:30:00.25Z")
    ]

    whole = datetime(2019, 2, 28, 23, 30, tzinfo=UTC)
    assert loaded == [whole, whole + timedelta(milliseconds=250)]


def test_a_naive_date_time_never_leaves() -> None:
    with pytest.raises(ValueError, match="expected a date-time with its time zone"):
        Claim().dump({"received_at": datetime(2019, 2, 28)})  # noqa: DTZ001 - the case.


def test_an_instant_never_leaves_as_a_date() -> None:
    with pytest.raises(ValueError, match="date: expected a date without a time"):
        Claim().dump({"due_on": datetime(2019, 2, 28, tzinfo=UTC)})


@given(
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
    st.integers(min_value=-14 * 60, max_value=14 * 60),
)
def test_an_instant_that_is_written_reads_back_as_the_same_instant(
    moment: datetime, offset_minutes: int
) -> None:
    instant = moment.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))

    loaded = Claim().load(Claim().dump({"received_at": instant}))["received_at"]

    assert loaded == instant
    assert loaded.utcoffset() == timedelta(0)


def test_a_wrong_iban_and_a_wrong_bic_are_refused_with_the_expectation() -> None:
    assert error_of("iban", "DE89370400440532013001").endswith("fit its other digits (mod 97)")
    assert error_of("iban", 89370400440532013000).startswith("expected an IBAN as text")
    assert error_of("bic", "COBADEF").startswith("expected a BIC of 8 or 11 letters and digits")


def test_only_a_field_that_allows_it_may_be_empty() -> None:
    assert Claim().load({"bic": None}) == {"bic": None}
    assert Claim().dump({"bic": None}) == {"bic": None}
    assert error_of("amount", None) == "Field may not be null."


def json_schema() -> dict[str, dict[str, Any]]:
    spec = APISpec("claims", "1", "3.1.0", plugins=[MarshmallowPlugin()])
    spec.components.schema("Claim", schema=Claim)
    properties: dict[str, dict[str, Any]] = spec.to_dict()["components"]["schemas"]["Claim"][
        "properties"
    ]
    return properties


def test_the_json_schema_takes_what_the_fields_take() -> None:
    properties = json_schema()

    assert properties["amount"]["type"] == "string"
    assert all(re.search(properties[name]["pattern"], text) for name, text in GOOD.items())


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("amount", "1250.005"),
        ("amount", "-1.00"),
        ("amount", "99999999999999.00"),
        ("rate", "50 %"),
        ("due_on", "20190301"),
        ("received_at", "2019-02-28T23:30:00"),
        ("iban", "3704 0044"),
        ("bic", "COBADEF"),
    ],
)
def test_the_json_schema_refuses_the_form_that_the_fields_refuse(field: str, text: str) -> None:
    assert error_of(field, text)
    assert not re.search(json_schema()[field]["pattern"], text)


def test_a_schema_may_describe_its_field_in_its_own_words() -> None:
    properties = json_schema()

    assert properties["bic"]["description"] == "BIC of the payee's bank."
    assert "two decimals" in properties["amount"]["description"]
