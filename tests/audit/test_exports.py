"""The list of operations passes the rules that Kohesio's validator has (R93)."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from datetime import date
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import stories
from audit.conftest import Tell
from audit.feeds import APPLICANT, OPERATION, TERMS, Feeds
from grant_audit.exports import COLUMNS, operations_csv
from grant_audit.queries import ApprovedOperation, operations
from grant_store.sqlite import SQLiteStore

LOCATIONS = (
    "Location_Indicator_Postcode",
    "Location_Indicator_NUTS_code",
    "Location_Indicator_latitude_longitude",
)
YEAR_END = date(2019, 12, 31)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def complaints(row: Mapping[str, str]) -> list[str]:
    """The rules of the validator: period, form of dates, location, exchange rate."""
    starts_on, ends_on = (_day(row[f"Operation_{which}_Date"]) for which in ("Start", "End"))
    found = {
        "the end is before the start": starts_on > ends_on,
        "no location": not any(row[column] for column in LOCATIONS),
        "another currency": row["Total_Eligible_Expenditure_Currency"] != "EUR",
    }
    return [complaint for complaint, holds in found.items() if holds]


def _day(text: str) -> date:
    assert re.fullmatch(r"\d\d/\d\d/\d{4}", text)
    day, month, year = (int(part) for part in text.split("/"))
    return date(year, month, day)


def an_approved_case(feeds: Feeds, reference: str = "ZIQ-1", **submitted: Any) -> None:
    stories.received(feeds, reference, **submitted)
    stories.found_eligible(feeds, reference)
    stories.approved(feeds, reference)


def listed(tell: Tell, feeds: Feeds) -> list[dict[str, str]]:
    return rows_of(operations_csv(operations(tell(feeds), YEAR_END)))


def test_an_approved_operation_stands_in_the_list_with_what_the_esf_gives(
    year: SQLiteStore,
) -> None:
    [row] = rows_of(operations_csv(operations(year, YEAR_END)))
    assert tuple(row) == COLUMNS
    assert {column: text for column, text in row.items() if text} == {
        "Operation_Unique_Identifier": "ZIQ-1",
        "Operation_Local_Identifier": "7",
        "Operation_Name_Programme_Language": "Nachbarschaftstreff",
        "Country": "DE",
        "Postal_Code": "44787",
        "Operation_Start_Date": "01/04/2019",
        "Operation_End_Date": "31/12/2019",
        "Cofinancing_Rate": "0.5",
        "Total_Eligible_Expenditure_amount": "1000.00",
        "Total_Eligible_Expenditure_Currency": "EUR",
        "Project_EU_Budget": "500.00",
        "Beneficiary_Unique_Identifier": "B1",
        "Beneficiary_Name": "Quartier e. V.",
        "Location_Indicator_Postcode": "44787",
        "Category_Of_Intervention": "109",
        "Fund_Code": "ESF",
        "Fund_Name": "European Social Fund",
        "Programme_Code": "2014DE05SFOP010",
        "Programme_Name": "Zusammen im Quartier",
        "Programming_Period": "2014-2020",
        "Operation_Summary_Programme_Language": "Ein Treff für alle",
        "ManagingAuthority": "Bezirksregierung",
    }


def test_an_operation_is_listed_from_the_day_of_its_decision(year: SQLiteStore) -> None:
    def references(day: date) -> list[str]:
        return [operation.reference for operation in operations(year, day)]

    assert references(date(2019, 2, 28)) == []
    assert references(date(2019, 3, 1)) == ["ZIQ-1", "ZIQ-3"]


def test_a_renounced_grant_leaves_the_list_on_the_day_of_the_renunciation(
    year: SQLiteStore,
) -> None:
    assert "ZIQ-3" in [each.reference for each in operations(year, date(2019, 4, 30))]
    assert "ZIQ-3" not in [each.reference for each in operations(year, date(2019, 5, 1))]


@pytest.mark.parametrize(
    "applicant",
    [
        {**APPLICANT, "name": None, "kind": "withheld", "legal_person": None},
        {**APPLICANT, "name": "Erika Mustermann", "legal_person": False},
    ],
)
def test_the_name_of_a_natural_person_never_stands_in_the_list(
    applicant: dict[str, Any], tell: Tell
) -> None:
    feeds = Feeds()
    stories.a_programme(feeds)
    an_approved_case(feeds, applicant=applicant)
    text = operations_csv(operations(tell(feeds), YEAR_END))
    assert "Mustermann" not in text
    [row] = rows_of(text)
    assert row["Beneficiary_Name"] == ""
    assert row["Beneficiary_Unique_Identifier"] == "B1"


def test_without_a_postcode_the_country_is_the_location(tell: Tell) -> None:
    feeds = Feeds()
    stories.a_programme(feeds)
    an_approved_case(feeds, operation={**OPERATION, "postcode": ""})
    [row] = listed(tell, feeds)
    assert row["Location_Indicator_NUTS_code"] == "DE"
    assert complaints(row) == []


def test_what_the_land_pays_alone_is_not_in_the_list_of_the_esf(tell: Tell) -> None:
    feeds = Feeds()
    stories.a_programme(feeds)
    land = [{"fund": "Land", "year": 2019, "amount_cents": 80_000}]
    stories.received(feeds, "ZIQ-1", operation={**OPERATION, "module": "3"})
    stories.approved(feeds, "ZIQ-1", terms={**TERMS, "tranches": land})
    assert listed(tell, feeds) == []


def test_the_list_is_the_same_text_in_whatever_order_it_is_given() -> None:
    operations = [an_operation(f"ZIQ-{number}") for number in range(3)]
    assert operations_csv(operations) == operations_csv(reversed(operations))
    assert "\r" not in operations_csv(operations)


def an_operation(reference: str, **given: Any) -> ApprovedOperation:
    ordinary: dict[str, Any] = {
        "reference": reference,
        "number": None,
        "title": "Treff",
        "summary": "",
        "starts_on": date(2019, 4, 1),
        "ends_on": date(2019, 12, 31),
        "eligible_cents": 100_000,
        "eu_cents": 50_000,
        "cofinancing_rate": "0.5",
        "beneficiary_key": "B1",
        "beneficiary_name": "",
        "land": "DE-NW",
        "postcode": "44787",
        "category_code": "",
        "programme_code": "2014DE05SFOP010",
        "programme_title": "ESF",
        "authority": "MAGS",
    }
    return ApprovedOperation(**{**ordinary, **given})


DAYS = st.dates(date(2014, 1, 1), date(2023, 12, 31))
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")))


@given(
    days=st.lists(DAYS, min_size=2, max_size=2).map(sorted),
    title=TEXTS,
    postcode=st.sampled_from(["", "44787", "1010"]),
    land=st.sampled_from(["DE-NW", "AT"]),
    eu_cents=st.integers(1, 10**12),
)
def test_every_row_passes_the_validator_and_comes_back_as_it_was(
    days: list[date], title: str, postcode: str, land: str, eu_cents: int
) -> None:
    operation = an_operation(
        "ZIQ-1",
        starts_on=days[0],
        ends_on=days[1],
        title=title,
        postcode=postcode,
        land=land,
        eu_cents=eu_cents,
    )
    [row] = rows_of(operations_csv([operation]))
    assert complaints(row) == []
    assert row["Operation_Name_Programme_Language"] == title
    assert int(row["Project_EU_Budget"].replace(".", "")) == eu_cents
