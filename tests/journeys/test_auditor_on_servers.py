"""On servers too, an auditor's look is on record over the broker before the answer is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from journeys.published_list import scenario_of
from pruefpfad.cli.root import main
from pruefpfad.scripted import script
from pruefpfad.scripted.script import Role
from support.distributed import DistributedSystem

AUDITOR = Role("S-1901", "auditor")


def look(office: DistributedSystem, example: Path, *words: str, role: Role = AUDITOR) -> Result:
    scenario = scenario_of(example)
    given = [
        *("--database-url", office.database_url, "--amqp-url", office.amqp_url),
        *("--actor-token", scenario.cast(office.key).token(role), "--purpose", "Systemprüfung"),
    ]
    return CliRunner().invoke(main, [*words, *given])


@pytest.fixture
def drill(short_example: Path) -> tuple[str, ...]:
    return ("audit", "drill", "--programme", scenario_of(short_example).programme)


def test_a_look_on_servers_is_answered_once_it_is_on_record(
    office: DistributedSystem, short_example: Path, drill: tuple[str, ...]
) -> None:
    office.settle()

    answer = look(office, short_example, *drill, "--json")
    listed = look(office, short_example, "access", "list", "--only", "looks", "--json")

    assert answer.exit_code == 0, answer.output
    assert [row["level"] for row in json.loads(answer.stdout)["rows"]] == ["programme", "line"]
    data = [entry["data"] for entry in json.loads(listed.stdout)["events"]]
    assert [each["question"] for each in data[-2:]] == ["audit drill", "access list"]
    assert data[-2]["scope"] == "programme"
    assert data[-2]["positions"]["budgeting/main"] > 0


def test_who_is_no_auditor_gets_no_answer_on_servers(
    office: DistributedSystem, short_example: Path, drill: tuple[str, ...]
) -> None:
    result = look(office, short_example, *drill, role=script.DECIDER)

    assert result.exit_code == 3
    assert "role_not_entitled" in result.output


def test_where_the_broker_is_away_there_is_no_answer(
    office: DistributedSystem, short_example: Path, drill: tuple[str, ...]
) -> None:
    token = scenario_of(short_example).cast(office.key).token(AUDITOR)
    nowhere = ("--database-url", office.database_url, "--amqp-url", "amqp://x:y@127.0.0.1:1//")

    result = CliRunner().invoke(
        main, [*drill, *nowhere, "--actor-token", token, "--purpose", "Systemprüfung"]
    )

    assert result.exit_code == 1
    assert result.stdout == ""
