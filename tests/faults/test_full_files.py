"""Files that are full or may only be read, under an embedded system: a clear error, no half state,
and everything goes on when there is room again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from faults.systems import trust_the_clerks
from grant_audit.exports import operations_list
from grant_store.errors import NotNow
from grant_store.sqlite import SQLiteStore
from pruefpfad.embedded import EmbeddedSystem
from simulation.clerks import Command
from simulation.journeys import prepare
from simulation.plans import plan_of
from support.authority import NOW, person

PLAN = plan_of(11)
FAULTS = {
    "full": ("max_page_count=1", "max_page_count=1000000", "no room left"),
    "read-only": ("query_only=ON", "query_only=OFF", "may only be read"),
}


@contextmanager
def an_embedded_system(folder: Path) -> Iterator[EmbeddedSystem]:
    trust_the_clerks(folder / "keys")
    with EmbeddedSystem(folder, clock=lambda: NOW) as system:
        yield system


def commands() -> list[dict[str, Any]]:
    """Programme, call and budget lines, then an application for each case."""
    applications = [
        Command(
            f"{case.reference} submit",
            person("applicant"),
            "intake.submit_application",
            case.payload,
        )
        for case in PLAN.cases
    ]
    return [each.message() for each in (*prepare(PLAN), *applications)]


def give_all(system: EmbeddedSystem) -> None:
    for message in commands():
        assert system.ask(message).kind == "recorded"


def pragma(store: SQLiteStore, setting: str) -> None:
    store._file._opened().execute(f"PRAGMA {setting}")


@pytest.mark.parametrize("service", ["intake", "eligibility", "audit"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_takes_nothing_stops_the_work_and_leaves_it_whole(
    tmp_path: Path, fault: str, service: str
) -> None:
    break_it, mend_it, says = FAULTS[fault]
    with an_embedded_system(tmp_path / "calm") as calm:
        give_all(calm)
        heads, exported = calm.heads(), operations_list(calm.stores["audit"], date.max)

    with an_embedded_system(tmp_path / "broken") as system:
        pragma(system.stores[service], break_it)
        with pytest.raises(NotNow, match=rf"{service}/main: .*{says}.*; nothing was written"):
            give_all(system)
        pragma(system.stores[service], mend_it)
        give_all(system)

        assert system.heads() == heads
        assert operations_list(system.stores["audit"], date.max) == exported


def test_a_command_that_found_no_room_left_no_trace_under_its_key(tmp_path: Path) -> None:
    *before, message = commands()
    with an_embedded_system(tmp_path) as system:
        for earlier in before:
            system.ask(earlier)
        intake = system.stores["intake"]
        head = intake.head()
        pragma(intake, "query_only=ON")

        with pytest.raises(NotNow):
            system.ask(message)

        assert intake.head() == head
        assert intake.outcome(person("applicant").id, message["key"]) is None
