"""What a run of the list has recorded of each case, read from the rows alone.

It knows the names of events and fields and nothing of the program, so that what is said before a
second run is compared with something else than what has said it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from grant_store.opening import open_store
from grant_store.rows import LedgerEvent

Record = dict[str, Any]
OF_AN_AWARD = ("financing_type", "starts_on", "ends_on", "authority", "side_provisions")
OF_A_REMEDY = ("remedy_kind", "remedy_months", "remedy_instruction", "eligible_cents")


def records_of(folder: Path) -> dict[str, Record]:
    """By the case's reference: objections, amounts, promises, award, terms and legal days."""
    found: dict[str, Record] = defaultdict(dict)
    references: dict[str, str] = {}
    for service in ("eligibility", "budgeting"):
        with closing(open_store(f"sqlite:///{folder}", service, read_only=True)) as store:
            for row in store.events_after(0, 10_000_000):
                data = json.loads(row.state)
                if row.topic == "eligibility.AssessmentOpened":
                    references[str(row.originator_id)] = data["reference"]
                take = _TAKEN.get(row.topic)
                if take:
                    case_id = data.get("case_id", str(row.originator_id))
                    take(found[references[case_id]], data, row)
    return dict(found)


def _check(record: Record, data: Mapping[str, Any], row: LedgerEvent) -> None:
    if data["result"] != "met":
        record[f"objection {data['rule']}"] = data["result"], data["explanation"]


def _opened(record: Record, data: Mapping[str, Any], row: LedgerEvent) -> None:
    record["calculated"] = data["tranches"]


def _earmarked(record: Record, data: Mapping[str, Any], row: LedgerEvent) -> None:
    record[f"promised {row.originator_id}"] = data["amount_cents"]


def _approved(record: Record, data: Mapping[str, Any], row: LedgerEvent) -> None:
    terms = data["terms"]
    record["granted"] = terms["tranches"]
    record["terms"] = [terms[name] for name in (*OF_AN_AWARD, *OF_A_REMEDY)]


def _rejected(record: Record, data: Mapping[str, Any], row: LedgerEvent) -> None:
    record["rejected"] = True


def _notified(record: Record, data: Mapping[str, Any], row: LedgerEvent) -> None:
    record["days"] = data["deemed_on"], data["remedy_ends_on"]


def _final(record: Record, data: Mapping[str, Any], row: LedgerEvent) -> None:
    record["final"] = data["final_on"]


_TAKEN: Mapping[str, Callable[[Record, Mapping[str, Any], LedgerEvent], None]] = {
    "eligibility.AssessmentOpened": _opened,
    "eligibility.CheckRecorded": _check,
    "budgeting.FundsEarmarked": _earmarked,
    "budgeting.GrantApproved": _approved,
    "budgeting.ApplicationRejected": _rejected,
    "budgeting.DecisionNotified": _notified,
    "budgeting.DecisionBecameFinal": _final,
}
