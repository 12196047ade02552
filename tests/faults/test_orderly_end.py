"""A process that is asked to end under load finishes what it began, and nothing else is lost."""

from __future__ import annotations

import pytest

from faults.office import Office
from faults.trouble import Trouble
from simulation.clerks import Command
from support.authority import PROGRAMME, person
from support.distributed import DistributedSystem

EARLIEST = 2030


def lines(count: int, first: int) -> list[Command]:
    """As many budget lines as nobody has opened before."""
    return [
        Command(
            f"line of {year}",
            person("budget_officer"),
            "budgeting.open_budget_line",
            {
                "programme": PROGRAMME,
                "fund": "ESF",
                "year": year,
                "ceiling": "1000.00",
                "effective_on": "2020-11-03",
            },
        )
        for year in range(first, first + count)
    ]


@pytest.mark.parametrize("again", [0, 1, 2])
def test_a_service_that_ends_in_the_middle_of_a_burst_leaves_every_command_to_somebody(
    office: Office, trouble: Trouble, system: DistributedSystem, again: int
) -> None:
    unknown = office.world.told.unknown

    with office.burst(lines(20, first=EARLIEST + 20 * again)):
        code = trouble.end(system.services["budgeting"])

    assert code == 0
    assert office.world.told.unknown == unknown, "each caller was told what became of theirs"


def test_services_and_relays_end_one_after_the_other_while_the_clerks_work_on(
    office: Office, trouble: Trouble, system: DistributedSystem
) -> None:
    unknown = office.world.told.unknown
    codes = {}

    with office.busy(16) as work:
        for process in [system.services["eligibility"], *system.relays.values()]:
            work.get_on(3)
            codes[process.name] = trouble.end(process)

    assert set(codes.values()) == {0}, codes
    assert office.world.told.unknown == unknown
