"""How long a case is kept: the longest rule decides, and none is ever cut short (R100, R101)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grant_budgeting.retention_terms import (
    CaseEnd,
    Retention,
    basis_of,
    erasure_due,
    purposes_of,
    retention_of,
)
from grant_values.legal_time import is_working_day, month_period_end
from grant_values.personal import PURPOSES
from grant_values.retention import retention_end
from support.authority import DEFINITION

DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))
THINGS = ("last_payment", "accounts_submitted", "proof_submitted", "decision_final", "case_end")


def a_rule(**changed: Any) -> dict[str, Any]:
    return {
        "id": "r",
        "valid_from": "2014-01-01",
        "applies_to": "granted",
        "counts_from": "last_payment",
        "end_of_year": True,
        "years": 5,
        "interrupted_by_holds": True,
        "source": "Art. 82 VO (EU) 2021/1060",
    } | changed


def with_rules(*rules: dict[str, Any]) -> dict[str, Any]:
    return DEFINITION | {"retention": DEFINITION["retention"] | {"rules": list(rules)}}


RULES = st.lists(
    st.builds(
        lambda years, end_of_year, thing, held: {
            "years": years,
            "end_of_year": end_of_year,
            "counts_from": thing,
            "interrupted_by_holds": held,
        },
        st.integers(1, 30),
        st.booleans(),
        st.sampled_from(THINGS),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize(
    ("paid_on", "until"),
    [("2022-01-01", "2027-12-31"), ("2022-12-31", "2027-12-31"), ("2023-01-01", "2028-12-31")],
)
def test_r101_five_years_run_from_31_december_of_the_year_of_the_last_payment(
    paid_on: str, until: str
) -> None:
    end = CaseEnd(True, {"last_payment": date.fromisoformat(paid_on)})

    [term] = retention_of(with_rules(a_rule()), end).terms

    assert (term.started_on, term.retain_until) == tuple(map(date.fromisoformat, (paid_on, until)))
    assert term.source == "Art. 82 VO (EU) 2021/1060"


@given(RULES, st.fixed_dictionaries(dict.fromkeys(THINGS, DAYS)), st.none() | DAYS)
def test_a_case_is_never_kept_shorter_than_any_rule_says(
    rules: list[dict[str, Any]], days: dict[str, date], interrupted_on: date | None
) -> None:
    numbered = [a_rule(id=f"r-{number}", **each) for number, each in enumerate(rules)]

    found = retention_of(with_rules(*numbered), CaseEnd(True, days, interrupted_on))

    assert len(found.terms) == len(rules)
    assert found.retain_until is not None
    for each in rules:
        started_on = days[each["counts_from"]]
        assert found.retain_until >= retention_end(
            started_on, each["years"], end_of_year=each["end_of_year"]
        )
        if interrupted_on and each["interrupted_by_holds"]:
            assert found.retain_until >= retention_end(
                interrupted_on, each["years"], end_of_year=each["end_of_year"]
            )


@given(RULES, st.dictionaries(st.sampled_from(THINGS), DAYS))
def test_there_is_no_last_day_while_a_rule_has_not_begun(
    rules: list[dict[str, Any]], days: dict[str, date]
) -> None:
    numbered = [a_rule(id=f"r-{number}", **each) for number, each in enumerate(rules)]

    found = retention_of(with_rules(*numbered), CaseEnd(True, days))

    not_begun = {each["counts_from"] for each in rules} - days.keys()
    assert set(found.missing) == not_begun
    assert (found.retain_until is None) == bool(not_begun)


@given(DAYS, st.integers(1, 30), st.booleans())
def test_a_later_payment_never_shortens_a_term(day: date, years: int, end_of_year: bool) -> None:
    first = retention_end(day, years, end_of_year=end_of_year)
    assert first <= retention_end(day + timedelta(days=1), years, end_of_year=end_of_year)
    assert first.year == day.year + years


def test_a_day_before_the_first_row_is_missing_a_rule_and_never_none() -> None:
    early = a_rule(id="early", valid_from="2021-07-01", years=50)
    end = CaseEnd(True, {"last_payment": date(2021, 6, 30)})

    found = retention_of(with_rules(a_rule(), early), end)

    assert [term.rule for term in found.terms] == ["r"]
    assert found.missing == ("rule_in_force",)
    assert found.retain_until is None


def test_a_term_is_shortened_where_any_rule_ends_earlier() -> None:
    rules = with_rules(a_rule(), a_rule(id="p", counts_from="proof_submitted"))

    def said(**days: str) -> Retention:
        end = {name: date.fromisoformat(day) for name, day in days.items()}
        return retention_of(rules, CaseEnd(True, end))

    both = said(last_payment="2022-01-01", proof_submitted="2021-01-01")
    assert both.shortens(said(last_payment="2022-01-01", proof_submitted="2022-01-01"))
    assert not both.shortens(said(last_payment="2022-01-01"))
    assert not both.shortens(both)


def test_what_an_older_definition_does_not_name_is_kept_by_law_and_ends_with_the_rest() -> None:
    section = DEFINITION["retention"]
    few = [each for each in section["purposes"] if each["purpose"] == "follow_up"]
    older = DEFINITION | {"retention": section | {"purposes": few}}

    assert basis_of(older, "follow_up") == "consent"
    assert basis_of(older, "payment") == "legal_obligation"
    assert purposes_of(older)[0] == "follow_up"
    assert set(purposes_of(older)) == set(PURPOSES)


def test_the_row_in_force_when_the_term_begins_says_how_many_years() -> None:
    old = a_rule(years=3)
    new = a_rule(valid_from="2021-07-01", years=5)
    definition = with_rules(new, old)

    def until(paid_on: date) -> date | None:
        return retention_of(definition, CaseEnd(True, {"last_payment": paid_on})).retain_until

    assert until(date(2021, 6, 30)) == date(2024, 12, 31)
    assert until(date(2021, 7, 1)) == date(2026, 12, 31)


def test_where_no_row_is_in_force_nothing_may_be_disposed_of() -> None:
    found = retention_of(
        with_rules(a_rule(valid_from="2030-01-01")),
        CaseEnd(True, {"last_payment": date(2021, 1, 1)}),
    )
    assert (found.terms, found.missing, found.retain_until) == ((), ("rule_in_force",), None)


@given(DAYS)
def test_r99_a_request_is_answered_within_a_month_and_never_on_a_day_off(received_on: date) -> None:
    due_on, rule = erasure_due(DEFINITION, received_on)

    assert month_period_end(received_on, 1) <= due_on
    assert is_working_day(due_on)
    assert due_on - month_period_end(received_on, 1) <= timedelta(days=5)
    assert "Art. 12 Abs. 3 DSGVO" in rule
