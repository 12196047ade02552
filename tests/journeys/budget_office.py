"""A budget line behind real servers: what the journeys of command messages change and ask about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from journeys.published_list import scenario_of
from pruefpfad.scripted import script
from pruefpfad.scripted.scenario import Scenario
from support.distributed import DistributedSystem


def ceilings(
    system: DistributedSystem, example: Path, name: str, count: int
) -> list[dict[str, Any]]:
    """As many changes of the one budget line."""
    scenario = scenario_of(example)
    cast, line = scenario.cast(system.key), the_line(scenario)
    return [
        cast.message(
            script.BUDGET_OFFICER,
            "budgeting.change_ceiling",
            f"{name}-{number}",
            {**line, "ceiling": f"{1_000 + number}.00", "reason": name},
        )
        for number in range(count)
    ]


def the_line(scenario: Scenario) -> dict[str, Any]:
    return {
        "programme": scenario.programme,
        "fund": "Land",
        "year": 2031,
        "effective_on": "2020-11-03",
    }


def open_the_line(system: DistributedSystem, example: Path) -> None:
    """Register the programme, wait until budgeting has heard of it, and open a budget line."""
    scenario = scenario_of(example)
    cast = scenario.cast(system.key)
    register = cast.message(
        script.MANAGING_AUTHORITY,
        "intake.register_programme",
        "programme",
        {"definition": scenario.definition},
    )
    line = {**the_line(scenario), "ceiling": "1000.00"}
    opening = cast.message(script.BUDGET_OFFICER, "budgeting.open_budget_line", "line", line)
    assert system.client.command(register)["kind"] == "recorded"
    system.settle()
    assert system.client.command(opening)["kind"] == "recorded"
