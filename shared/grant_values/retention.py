"""How long a case is kept: from which day a rule counts, and until when.

Pure computing. It must not know how many years a rule grants: those are dated configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from dateutil.relativedelta import relativedelta

from grant_values.periods import require_date

RULE_IN_FORCE: Final = "rule_in_force"
"""What is missing where the term of a rule began before its first row, which is not a thing that
happens: a version of the definition has to say what counts for such a day."""


@dataclass(frozen=True)
class RetentionTerm:
    """What one rule says about one case: kept until the end of `retain_until`."""

    rule: str
    counts_from: str
    started_on: date
    retain_until: date
    source: str


def retention_end(started_on: date, years: int, *, end_of_year: bool) -> date:
    """The last day of so many years, from the day itself or from 31 December of its year.

    Art. 82(1) of Regulation (EU) 2021/1060 and Art. 140(1) of Regulation (EU) No 1303/2013 count
    from 31 December. 29 February ends on 28 February where there is none.
    """
    require_date(started_on, "started_on")
    if type(years) is not int or years < 1:
        raise ValueError(f"years: expected a whole number of at least 1, not {years!r}")
    first = date(started_on.year, 12, 31) if end_of_year else started_on
    return first + relativedelta(years=years)


def longest(terms: tuple[RetentionTerm, ...]) -> RetentionTerm:
    """The term that ends last; of several, the first."""
    return max(terms, key=lambda term: term.retain_until)
