"""What all applications have in common, in the form of the first row of the published list.

Its name and account are invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

AMOUNT = "472.50"

FORM: Mapping[str, Any] = {
    "channel": "list",
    "applicant": {
        "name": None,
        "kind": "withheld",
        "legal_person": None,
        "land": "DE-NW",
        "postcode": "45127",
        "city": "Essen",
    },
    "operation": {
        "title": "Bildungsscheck",
        "summary": "Bildungsscheck",
        "funding_line": "3.2. Kompetenzentwicklung von Beschäftigten",
        "module": "",
        "postcode": "45127",
        "city": "Essen",
        "category_code": "106",
        "target_groups": [],
        "posts": [],
    },
    "plan": {"eligible": "945.00", "requested": AMOUNT, "own": "0.00", "others": AMOUNT},
    "payee": {
        "name": "Name nicht veröffentlicht (erfunden)",
        "iban": "DE04999999980000074984",
        "bic": "ZZZZDEFFXXX",
        "invented": True,
    },
    "declarations": dict.fromkeys(
        ("not_begun", "subsidy_facts_acknowledged", "no_double_funding"), True
    ),
    "attachments": [],
}
