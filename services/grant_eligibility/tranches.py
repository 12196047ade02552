"""What a case costs: its grant by fund and budget year, as the programme's definition computes it.

Must not know budget lines or ceilings: whether the money is there is for budgeting to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from grant_eligibility.rulebook import Case
from grant_values.money import grant_split, parse_rate, split_by_days
from grant_values.periods import Period
from grant_values.shapes import Tranche

ANY_KIND = "*"
# A limit of this software, not of law, so that a mistyped year cannot fill a history with years.
MOST_YEARS = 30


def tranches(definition: Mapping[str, Any], case: Case) -> list[Tranche]:
    """The grant by fund and year, in cents; nothing is granted in parts of 0.

    Each fund's part is split by the days of each calendar year (cumulative floor), so that the
    years add up to it. A case without a lawful period or without a rate for its kind of applicant
    has none: its rules say why.
    """
    period = _years(case)
    if not period:
        return []
    years, days = [year for year, _ in period], [length for _, length in period]
    return [
        Tranche(fund=fund, year=year, amount_cents=amount_cents)
        for fund, total_cents in _by_fund(definition["money"], case).items()
        for year, amount_cents in zip(years, split_by_days(total_cents, days), strict=True)
        if amount_cents
    ]


def _years(case: Case) -> list[tuple[int, int]]:
    starts_on, ends_on = case.operation.starts_on, case.operation.ends_on
    if ends_on < starts_on or ends_on.year - starts_on.year >= MOST_YEARS:
        return []
    return Period(starts_on, ends_on).by_calendar_year()


def _by_fund(money: Mapping[str, Any], case: Case) -> dict[str, int]:
    """What the ESF and the Land give.

    The requested amount is a ceiling. It lowers the Land's part first: the ESF bears its rate of
    the eligible cost as long as the grant reaches that far.
    """
    land_only = case.operation.module in money["land_only_modules"]
    grant_rate = _grant_rate(money["grant_rates"], case.applicant.kind)
    if grant_rate is None:
        return {}
    split = grant_split(
        case.plan.eligible_cents,
        grant_rate=grant_rate,
        esf_rate=Fraction(0) if land_only else parse_rate(money["esf_rate"]),
    )
    grant_cents = min(split.grant_cents, case.plan.requested_cents)
    esf_cents = min(split.esf_cents, grant_cents)
    return {"ESF": esf_cents, "Land": grant_cents - esf_cents}


def _grant_rate(grant_rates: Sequence[Mapping[str, Any]], kind: str) -> Fraction | None:
    by_kind = {each["kind"]: parse_rate(each["rate"]) for each in grant_rates}
    return by_kind.get(kind, by_kind.get(ANY_KIND))
