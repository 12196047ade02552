"""What a decision takes from the programme's definition: its terms and its legal days.

Pure computing; every figure of law comes with the definition, dated and with its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from grant_budgeting.finding import Finding
from grant_values.dated import DatedTable, DatedValue, NothingInForce
from grant_values.invalid import Invalid
from grant_values.legal_time import deemed_announcement, remedy_period_end
from grant_values.shapes import GrantTerms, Tranche


@dataclass(frozen=True)
class Announcement:
    """The days that follow from a dispatch, and the rule that they follow from."""

    deemed_on: date
    remedy_ends_on: date
    rule: str


def grant_terms(
    definition: Mapping[str, Any], finding: Finding, tranches: tuple[Tranche, ...]
) -> GrantTerms:
    """The terms of an approval (R22; VV 4.2 zu § 44 LHO NRW). The sum of the tranches is a cap."""
    if finding.starts_on is None or finding.ends_on is None:
        raise ValueError("A case that was found eligible has a period.")
    decision = definition["decision"]
    return GrantTerms(
        grant_cents=sum(each.amount_cents for each in tranches),
        eligible_cents=finding.eligible_cents,
        tranches=tranches,
        financing_type=definition["money"]["financing_type"],
        starts_on=finding.starts_on,
        ends_on=finding.ends_on,
        authority=definition["authority"],
        side_provisions=decision["side_provisions"],
        remedy_kind=decision["remedy"]["kind"],
        remedy_months=decision["remedy"]["months"],
        remedy_instruction=decision["remedy"]["instruction"],
    )


def remedy_instruction(definition: Mapping[str, Any]) -> str:
    """The instruction on legal remedies that goes with every decision (§ 37 Abs. 6 VwVfG NRW)."""
    instruction: str = definition["decision"]["remedy"]["instruction"]
    return instruction


def announcement(definition: Mapping[str, Any], dispatched_on: date) -> Announcement:
    """The legal days of a decision sent on this day (§ 41 Abs. 2 VwVfG NRW, § 74 VwGO; R23, R24).

    A day for which the definition has no figure, or the calendar no holidays, is invalid.
    """
    try:
        return _announcement(definition, dispatched_on)
    except (NothingInForce, OverflowError, ValueError) as unknown:
        expected = f"expected a day whose legal days can be computed ({unknown})"
        raise Invalid("effective_on", expected) from unknown


def _announcement(definition: Mapping[str, Any], dispatched_on: date) -> Announcement:
    decision = definition["decision"]
    in_force = _days_table(decision["announcement"]).on(dispatched_on)
    land, months = decision["holidays_of"], decision["remedy"]["months"]
    shift: bool = in_force.value["shift_to_working_day"]
    deemed_on = deemed_announcement(
        dispatched_on, in_force.value["days"], shift_to_working_day=shift, land=land
    )
    return Announcement(
        deemed_on=deemed_on,
        remedy_ends_on=remedy_period_end(deemed_on, months=months, land=land),
        rule=f"{in_force.source}; {decision['remedy']['source']}",
    )


def _days_table(rows: list[Mapping[str, Any]]) -> DatedTable[Mapping[str, Any]]:
    return DatedTable(
        "announcement",
        tuple(
            DatedValue(date.fromisoformat(row["valid_from"]), row, row["source"]) for row in rows
        ),
    )
