"""Participants as forms have them, all invented, and the play of a case that has some."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from support.authority import CASE

ENTERED_ON = "2021-03-01"
BORN_ON = "1990-08-12"


def a_participant(
    number: int, reference: str = CASE, **changes: Mapping[str, Any]
) -> dict[str, Any]:
    """The payload of an enrolment; `changes` are of its records, each as a whole or in part."""
    identity = {
        "given_name": f"Vorname{number}",
        "family_name": f"Kirschkernmarke{number}",
        "date_of_birth": BORN_ON,
        "city": "Essen",
    } | dict(changes.get("identity", {}))
    characteristics = {
        "gender": "women",
        "labour_status": "unemployed",
        "education": "isced_3_4",
    } | dict(changes.get("characteristics", {}))
    further = {
        name: changes[name] for name in ("special_categories", "follow_up") if name in changes
    }
    return {
        "reference": reference,
        "number": number,
        "entered_on": ENTERED_ON,
        "identity": identity,
        "characteristics": characteristics,
        **further,
    }
