"""`pruefpfad audit compare`: the same, different and where, or unusable."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from grant_contracts.budgeting import GrantApproved
from grant_store.sqlite import SQLiteStore
from journeys.published_list import play_embedded, scenario_of
from journeys.short_list import shorten
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.scripted import script

CASE = "ESF1420-000039"
PROGRAMME = "esf-nrw-2014-2020"
RECORDED = "recorded"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shorten(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def played(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("played")
    play_embedded(example, data)
    return data


@pytest.fixture
def other(played: Path, tmp_path: Path) -> Path:
    """A copy of what was played, to be changed."""
    return Path(shutil.copytree(played, tmp_path / "other"))


def compare(a: Path | str, b: Path | str, *options: str) -> Result:
    return CliRunner().invoke(main, ["audit", "compare", str(a), str(b), *options])


def told(a: Path, b: Path, *options: str) -> Any:
    result = compare(a, b, "--json", *options)
    assert result.exit_code == 1, result.output
    return json.loads(result.stdout)


@contextmanager
def tampering(data: Path, service: str) -> Iterator[sqlite3.Connection]:
    """A ledger without its guards, as somebody with the file in hand has it."""
    with closing(sqlite3.connect(data / f"{service}.main.sqlite3")) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        yield connection
        connection.commit()


def test_two_runs_of_the_same_input_are_the_same_though_ids_and_times_are_not(
    example: Path, played: Path, tmp_path: Path
) -> None:
    play_embedded(example, tmp_path)

    result = compare(played, tmp_path)

    assert result.exit_code == 0, result.output
    assert result.output.startswith("The same: 12 cases, 495 events of A and 495 of B.")
    first_ids = []
    for data in (played, tmp_path):
        with closing(SQLiteStore(data / "intake.main.sqlite3", "intake")) as store:
            first_ids.append(store.events_after(0, 1)[0].event_id)
    assert first_ids[0] != first_ids[1]


def test_an_amount_that_differs_is_named_with_case_event_and_field(
    played: Path, other: Path
) -> None:
    with tampering(other, "budgeting") as ledger:
        [(position, state)] = ledger.execute(
            "SELECT position, state FROM ledger_events WHERE topic = ? ORDER BY position LIMIT 1",
            (GrantApproved.TOPIC,),
        )
        data = json.loads(state)
        before = data["terms"]["grant_cents"]
        data["terms"]["grant_cents"] = before + 1
        changed = (json.dumps(data).encode(), position)
        ledger.execute("UPDATE ledger_events SET state = ? WHERE position = ?", changed)

    found = told(played, other)

    assert (found["same"], len(found["differing_cases"])) == (False, 1)
    [difference] = found["differences"]
    assert difference["case"].startswith("ESF1420-")
    assert (difference["event"], difference["field"]) == (GrantApproved.TOPIC, "terms")
    assert difference["a"]["grant_cents"] == before
    assert difference["b"]["grant_cents"] == before + 1


def test_what_only_one_of_them_has_recorded_is_named(
    example: Path, played: Path, other: Path
) -> None:
    with EmbeddedSystem(other) as system:
        cast = scenario_of(example).cast(system.key)
        withdrawal = {"reference": CASE, "reason": "Eigenmittel", "effective_on": "2024-03-01"}
        message = cast.message(script.APPLICANT, "intake.withdraw_application", "w", withdrawal)
        assert system.ask(message).kind == "recorded"

    found = told(played, other)

    assert found["differing_cases"] == [CASE]
    kinds = [(each["event"], each["field"], each["a"]) for each in found["differences"]]
    assert ("intake.ApplicationWithdrawn", "", None) in kinds
    assert ("budgeting.WithdrawalNoted", "", None) in kinds
    [withdrawn] = [each for each in found["differences"] if each["event"].startswith("intake.")]
    assert withdrawn["b"]["reason"] == "Eigenmittel"
    assert withdrawn["b"]["in the role of"] == "applicant"


def test_differences_are_a_table_for_people_and_not_more_than_asked_for(
    played: Path, other: Path
) -> None:
    with tampering(other, "disbursement") as ledger:
        ledger.execute("DELETE FROM ledger_events WHERE topic = 'disbursement.PaymentExecuted'")

    whole, short = compare(played, other), compare(played, other, "--limit", "2")

    assert (whole.exit_code, short.exit_code) == (1, 1)
    assert "11 of 12 cases differ" in whole.output
    assert whole.output.count("disbursement.PaymentExecuted") > 11
    assert "9 more: --limit 11" in short.output


@pytest.fixture
def another(played: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(played, tmp_path / "another"))


def change_ceilings(example: Path, data: Path, *ceilings: tuple[str, int, str]) -> None:
    """Each of a budget line's fund and year, and its new ceiling in euros."""
    with EmbeddedSystem(data) as system:
        cast = scenario_of(example).cast(system.key)
        for number, (fund, year, ceiling) in enumerate(ceilings):
            change = {
                "programme": PROGRAMME,
                "fund": fund,
                "year": year,
                "ceiling": ceiling,
                "reason": "Nachtrag",
                "effective_on": "2024-03-01",
            }
            officer, command = script.BUDGET_OFFICER, "budgeting.change_ceiling"
            assert system.ask(cast.message(officer, command, str(number), change)).kind == RECORDED


def test_the_same_said_of_another_budget_line_is_a_difference(
    example: Path, other: Path, another: Path
) -> None:
    change_ceilings(example, other, ("ESF", 2016, "999000000.00"))
    change_ceilings(example, another, ("ESF", 2017, "999000000.00"))

    found = told(other, another)

    [difference] = [each for each in found["differences"] if each["field"] == "of"]
    assert difference["event"] == "budgeting.CeilingChanged"
    assert (difference["a"], difference["b"]) == (f"{PROGRAMME} ESF 2016", f"{PROGRAMME} ESF 2017")


def test_the_same_in_another_order_on_one_budget_line_is_a_difference(
    example: Path, other: Path, another: Path
) -> None:
    """What came last is in force."""
    more, less = ("ESF", 2016, "999000000.00"), ("ESF", 2016, "998000000.00")
    change_ceilings(example, other, more, less)
    change_ceilings(example, another, less, more)

    found = told(other, another)

    assert {each["event"] for each in found["differences"]} == {"budgeting.CeilingChanged"}


def test_statements_in_another_order_on_one_case_are_told_as_such(
    played: Path, other: Path
) -> None:
    """They say the same, word by word, and another one counts in the end."""
    with tampering(other, "eligibility") as ledger:
        checks = "topic = 'eligibility.CheckRecorded' ORDER BY position"
        [(case,)] = ledger.execute(
            f"SELECT originator_id FROM ledger_events WHERE {checks} LIMIT 1"
        )
        here, there, *_ = ledger.execute(
            f"SELECT position, state FROM ledger_events WHERE originator_id = ? AND {checks}",
            (case,),
        )
        assert here[1] != there[1]
        for position, state in ((here[0], there[1]), (there[0], here[1])):
            ledger.execute(
                "UPDATE ledger_events SET state = ? WHERE position = ?", (state, position)
            )

    [difference] = told(played, other)["differences"]

    assert difference["field"] == "order"


def test_events_on_no_case_are_told_apart_from_cases(played: Path, other: Path) -> None:
    with tampering(other, "budgeting") as ledger:
        ledger.execute("DELETE FROM ledger_events WHERE topic = 'budgeting.BudgetLineOpened'")

    people, programs = compare(played, other), told(played, other)

    assert "0 of 12 cases differ, and so do events on no case" in people.output
    assert "budgeting.BudgetLineOpened" in people.output
    assert "more: --limit" not in people.output
    assert (programs["differing_cases"], programs["differs_without_case"]) == ([], True)
    assert {each["case"] for each in programs["differences"]} == {"-"}


def test_who_has_looked_is_no_difference(played: Path, other: Path) -> None:
    """An auditor's looks stand in the ledger of audit, which decides nothing."""
    with tampering(other, "audit") as ledger:
        ledger.execute("DELETE FROM ledger_events")

    assert compare(played, other).exit_code == 0


def test_another_person_is_a_difference(played: Path, other: Path) -> None:
    with tampering(other, "intake") as ledger:
        ledger.execute(
            "UPDATE ledger_events SET metadata = replace(metadata, 'S-1101', 'S-6666')"
            " WHERE topic = 'intake.CompletenessChecked'"
        )

    found = told(played, other, "--limit", "1")

    [difference] = found["differences"]
    assert (difference["field"], difference["a"], difference["b"]) == ("by", "S-1101", "S-6666")


@pytest.mark.parametrize("place", ["missing", "mysql://db/grants"])
def test_what_is_no_installation_is_unusable(played: Path, tmp_path: Path, place: str) -> None:
    named = place if "://" in place else str(tmp_path / place)

    result = compare(played, named)

    assert result.exit_code == 3
    assert "expected" in result.stderr


def test_a_directory_without_ledgers_is_unusable(played: Path, tmp_path: Path) -> None:
    assert compare(played, tmp_path).exit_code == 3
    assert list(tmp_path.iterdir()) == []


def test_an_event_that_cannot_be_read_makes_it_unusable(played: Path, other: Path) -> None:
    with tampering(other, "budgeting") as ledger:
        ledger.execute("UPDATE ledger_events SET schema_version = 99 WHERE position = 3")

    result = compare(played, other)

    assert result.exit_code == 3
    assert "has version 99" in result.stderr
