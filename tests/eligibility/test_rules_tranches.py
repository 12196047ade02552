"""A grant is split over funds and years without losing, inventing or over-claiming a cent."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from grant_contracts.programme import read_definition
from grant_eligibility.rules import Case, tranches
from grant_values.shapes import Applicant, Declarations, FinancingPlan, Operation, Tranche

ROOT = Path(__file__).parents[2]
ZIQ = read_definition((ROOT / "examples/zusammen-im-quartier/programme.toml").read_text("utf-8"))
ESF = read_definition((ROOT / "examples/esf-nrw-2014-2020/programme.toml").read_text("utf-8"))


def a_case(
    eligible_cents: int,
    requested_cents: int | None = None,
    *,
    starts_on: date = date(2021, 1, 1),
    ends_on: date = date(2021, 12, 31),
    kind: str = "parish",
    module: str = "1",
) -> Case:
    requested = eligible_cents if requested_cents is None else requested_cents
    operation = Operation(
        *("Treff", "", "", module, starts_on, ends_on, "", "", "", (), (), None),
    )
    return Case(
        applicant=Applicant("a", None, kind, True, "DE-NW", "", ""),
        operation=operation,
        plan=FinancingPlan(eligible_cents, requested, eligible_cents - requested, 0),
        declarations=Declarations(True, True, True),
        received_on=date(2020, 12, 10),
        is_late=False,
        original=None,
    )


def by_fund(parts: list[Tranche]) -> dict[str, int]:
    return {
        fund: sum(part.amount_cents for part in parts if part.fund == fund)
        for fund in ("ESF", "Land")
    }


def test_ninety_percent_are_granted_and_half_of_the_cost_is_borne_by_the_esf() -> None:
    """90 % of 87,654.32 EUR is 78,888.888 EUR: 78,888.88 EUR are granted."""
    assert tranches(ZIQ, a_case(8_765_432)) == [
        Tranche("ESF", 2021, 4_382_716),
        Tranche("Land", 2021, 3_506_172),
    ]


def test_a_municipality_gets_eighty_percent() -> None:
    assert by_fund(tranches(ZIQ, a_case(10_000, kind="municipality"))) == {
        "ESF": 5_000,
        "Land": 3_000,
    }


def test_module_three_is_paid_by_the_land_alone() -> None:
    assert by_fund(tranches(ZIQ, a_case(10_000, module="3"))) == {"ESF": 0, "Land": 9_000}


def test_a_grant_is_split_by_the_days_of_each_calendar_year() -> None:
    """1 December to 31 January are 62 days, 31 of them in each year."""
    case = a_case(10_001, starts_on=date(2015, 12, 1), ends_on=date(2016, 1, 31))

    assert tranches(ESF, case) == [Tranche("ESF", 2015, 2_500), Tranche("ESF", 2016, 2_500)]


def test_the_example_of_the_esf_list_leaves_nothing_to_the_land() -> None:
    assert by_fund(tranches(ESF, a_case(94_501))) == {"ESF": 47_250, "Land": 0}


def test_nobody_is_granted_more_than_was_asked_for_and_the_land_gives_way_first() -> None:
    assert by_fund(tranches(ZIQ, a_case(10_000, 6_000))) == {"ESF": 5_000, "Land": 1_000}
    assert by_fund(tranches(ZIQ, a_case(10_000, 4_000))) == {"ESF": 4_000, "Land": 0}


def test_a_year_without_a_cent_has_no_tranche() -> None:
    case = a_case(2, starts_on=date(2020, 12, 31), ends_on=date(2021, 12, 31))

    assert tranches(ESF, case) == [Tranche("ESF", 2021, 1)]


def test_a_hopeless_case_has_no_tranches_and_breaks_nothing() -> None:
    assert tranches(ESF, a_case(100, ends_on=date(2020, 1, 1))) == []
    assert tranches(ESF, a_case(100, ends_on=date(9999, 12, 31))) == []
    assert tranches(ESF, a_case(0)) == []
    for_towns_only = {**ZIQ["money"], "grant_rates": ZIQ["money"]["grant_rates"][:1]}
    assert tranches({"money": for_towns_only}, a_case(100)) == []


amounts = st.integers(0, 10**12)
days = st.dates(date(2014, 1, 1), date(2024, 12, 31))


@given(amounts, amounts, days, st.integers(0, 3_000), st.sampled_from(["municipality", "parish"]))
def test_tranches_add_up_to_the_grant_and_the_esf_never_gives_more_than_its_rate(
    eligible_cents: int, requested_cents: int, starts_on: date, length: int, kind: str
) -> None:
    case = a_case(
        eligible_cents,
        min(requested_cents, eligible_cents),
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=length),
        kind=kind,
    )
    percent = 80 if kind == "municipality" else 90

    parts = tranches(ZIQ, case)

    funds = by_fund(parts)
    grant_cents = min(eligible_cents * percent // 100, case.plan.requested_cents)
    assert sum(funds.values()) == grant_cents
    assert funds["ESF"] <= eligible_cents // 2
    assert all(part.amount_cents > 0 for part in parts)
    assert {part.year for part in parts} <= set(
        range(starts_on.year, case.operation.ends_on.year + 1)
    )


@given(amounts, days, st.integers(1, 3_000))
def test_no_year_gets_more_than_its_days_are_worth_so_far(
    eligible_cents: int, starts_on: date, length: int
) -> None:
    case = a_case(eligible_cents, starts_on=starts_on, ends_on=starts_on + timedelta(days=length))
    total = eligible_cents // 2
    so_far = 0

    for part in tranches(ESF, case):
        so_far += part.amount_cents
        last_day = min(case.operation.ends_on, date(part.year, 12, 31))
        assert so_far == total * ((last_day - starts_on).days + 1) // (length + 1)
