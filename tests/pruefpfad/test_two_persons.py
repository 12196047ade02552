"""Every rule of two persons, asked by one person in two spellings: each place knows that it is one.

Tokens with a second spelling are no longer taken; but what older ones said stands in the history.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from grant_audit.overrides import Override as RecordedOverride
from grant_budgeting.case_retention import CaseRetention
from grant_budgeting.finding import Finding, Override, why_not_decided_by
from grant_budgeting.retention_terms import Retention
from grant_bus import operators
from grant_disbursement.application import _check_is_no_authoriser
from grant_disbursement.claims import Claim
from grant_disbursement.refusals import why_not_authorise, why_not_certify_arithmetically
from grant_intake import personal
from grant_values.invalid import NotEntitled
from grant_values.retention import RetentionTerm
from grant_values.shapes import Actor, Applicant

SPELLINGS = ("S-1701", "s-1701", "S-1701 ")
DAY = date(2021, 3, 1)


def _a_finding(checker: str) -> Finding:
    applicant = Applicant("k", None, "association", True, "DE-NW", "45127", "Essen")
    case: tuple[Any, ...] = (True, "P", "1", True, applicant, "T", DAY, DAY, 1, None, (), (), "")
    return Finding(*case, checker, "S-2", DAY)


def _a_claim(certifier: str) -> Claim:
    return Claim((), "Lohn", DAY, factual_by=certifier, arithmetic_by="S-2")


def _disposal(proposer: str, by: Actor) -> str | None:
    record = CaseRetention(reference="ZIQ-1", programme="P", programme_version="1")
    passed = RetentionTerm("r", "case_end", DAY, DAY, "s")
    retention = Retention((passed,), ())
    record.propose_disposal(retention, "um", Actor(proposer, "records_keeper"), DAY)
    later = date(2022, 1, 1)
    return record.why_not_disposable(retention, by, later, demonstration=False)


def _refused(run: Callable[[], object]) -> str | None:
    try:
        run()
    except NotEntitled as refused:
        return refused.reason
    return None


class _Account:
    def __init__(self, person: str) -> None:
        self._person = person

    def took_part_in(self, order_id: str) -> frozenset[str]:
        return frozenset({self._person})


class _NoStore:
    def find(self, kind: object, number: object) -> None:
        return None


def _second(module: Any) -> Callable[[str, Actor], str | None]:
    return lambda first, by: _refused(
        lambda: module._second_person(_NoStore(), Actor(first, by.role), by)
    )


def _override(first: str, by: Actor) -> str | None:
    finding = _a_finding("S-1")
    decider = Actor(first, "decider")
    borne = Override("x", by).is_borne_by_two(decider, finding, demonstration=False)
    return None if borne else "late_without_override"


def _recorded_override(first: str, by: Actor) -> str | None:
    override = RecordedOverride(
        "ZIQ-1", "late", "x", first, by.id, "2021-03-01", "budgeting/main/1"
    )
    return None if override.is_borne_by_two else "one_person"


PLACES: dict[str, Callable[[str, Actor], str | None]] = {
    "a checker decides": lambda first, by: why_not_decided_by(
        by, _a_finding(first), demonstration=False
    ),
    "a decider bears their own exception": _override,
    "an exception on record": _recorded_override,
    "a certifier of facts certifies sums": lambda first, by: why_not_certify_arithmetically(
        _arithmetic_open(first), by, False
    ),
    "a certifier authorises": lambda first, by: why_not_authorise(_a_claim(first), by, False),
    "an authoriser pays": lambda first, by: _refused(
        lambda: _check_is_no_authoriser(_Account(first), "o-1", by)  # type: ignore[arg-type]
    ),
    "an operator seconds themselves": _second(operators),
    "a keeper destroys alone": _second(personal),
    "a proposer disposes": _disposal,
}


def _arithmetic_open(certifier: str) -> Claim:
    return Claim((), "Lohn", DAY, factual_by=certifier)


@pytest.mark.parametrize("spelled", SPELLINGS)
@pytest.mark.parametrize("place", PLACES)
def test_one_person_in_two_spellings_is_one_person(place: str, spelled: str) -> None:
    assert PLACES[place]("S-1701", Actor(spelled, "any"))


@pytest.mark.parametrize("place", PLACES)
def test_two_persons_are_two(place: str) -> None:
    assert PLACES[place]("S-1701", Actor("S-1702", "any")) is None
