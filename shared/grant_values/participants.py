"""Who is counted as a participant, by which characteristics, and under which indicator.

Annex I of Regulation (EU) 2021/1057. Plain values and closed lists: no rule about who may see a
count, and no record of a single person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

GENDERS: Final = ("women", "men", "non_binary")
NOT_STATED: Final = "not_stated"
YES_NO: Final = ("yes", "no", NOT_STATED)
ONE_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "labour_status": ("unemployed", "long_term_unemployed", "inactive", "employed"),
    "education": ("isced_0_2", "isced_3_4", "isced_5_8"),
}
ASKED: Final = ("third_country_national", "foreign_background", "homeless", "rural_area")
"""What is answered by yes, no or not at all."""

ASKED_BY_CONSENT: Final = ("disability", "minority")
"""The same for special categories (Art. 9 GDPR): they are in a record of their own."""

OLDEST: Final = 120


@dataclass(frozen=True)
class Indicator:
    """A common output indicator: which values of which characteristic it counts."""

    code: str
    characteristic: str
    values: tuple[str, ...]


INDICATORS: Final = (
    Indicator("EECO02", "labour_status", ("unemployed", "long_term_unemployed")),
    Indicator("EECO03", "labour_status", ("long_term_unemployed",)),
    Indicator("EECO04", "labour_status", ("inactive",)),
    Indicator("EECO05", "labour_status", ("employed",)),
    Indicator("EECO06", "age_group", ("under_18",)),
    Indicator("EECO07", "age_group", ("18_to_29",)),
    Indicator("EECO08", "age_group", ("55_or_more",)),
    Indicator("EECO09", "education", ("isced_0_2",)),
    Indicator("EECO10", "education", ("isced_3_4",)),
    Indicator("EECO11", "education", ("isced_5_8",)),
    Indicator("EECO12", "disability", ("yes",)),
    Indicator("EECO13", "third_country_national", ("yes",)),
    Indicator("EECO14", "foreign_background", ("yes",)),
    Indicator("EECO15", "minority", ("yes",)),
    Indicator("EECO16", "homeless", ("yes",)),
    Indicator("EECO17", "rural_area", ("yes",)),
)
"""All but EECO01, which counts everybody, and EECO18 and 19, which count bodies."""


@dataclass(frozen=True)
class CountedCell:
    """How many persons of one gender have one value of one characteristic."""

    characteristic: str
    value: str
    gender: str
    persons: int


Traits = frozenset[tuple[str, str, str]]
"""One person as cells: characteristic, value and gender. No text of these is shown of a person."""


def traits_of(characteristics: Mapping[str, Any], special: Mapping[str, Any]) -> Traits:
    """The cells in which a person counts, from the contents of the two records, as checked."""
    gender = characteristics["gender"]
    values = {name: characteristics[name] for name in (*ONE_OF, *ASKED)}
    values |= {name: special.get(name, NOT_STATED) for name in ASKED_BY_CONSENT}
    values["age_group"] = age_group(characteristics["age"])
    return frozenset((name, value, gender) for name, value in values.items())


def age_group(age: int) -> str:
    """The group of Annex I that an age at entry belongs to."""
    if age < 18:
        return "under_18"
    if age < 30:
        return "18_to_29"
    return "30_to_54" if age < 55 else "55_or_more"


def age_on(day: date, born_on: date) -> int:
    """Full years on a day. Who was born on 29 February has birthday on 1 March."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))
