"""`pruefpfad participants`: from a form to a count that outlives what was known of anybody."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from decided_again.test_replay_decisions import alter
from grant_contracts.commands import command_message
from grant_values.shapes import Actor
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.keys import signing_key, token_for
from support.authority import PROGRAMME, VERSION, example_by_consent
from support.participants import a_participant
from support.story import EXAMPLE, REFERENCE, decide_to_erase, tell_story

FORM = EXAMPLE / "participant.toml"
COUNTED = "intake.ParticipantsCounted"
CLOSE = ("participants", "close", PROGRAMME, "--version", VERSION, "--case", REFERENCE)
DAYS = ("--until", "2021-12-31", "--on", "2022-01-10")
MANDATE = date(2018, 1, 1), date(2099, 12, 31)


def token(data: Path, role: str, person: str = "S-1") -> str:
    return token_for(signing_key(data / "keys"), Actor(person, role), *MANDATE)


def call(data: Path, *words: str, role: str = "", code: int = 0) -> Result:
    acting = ("--actor-token", token(data, role)) if role else ()
    result = CliRunner().invoke(main, ["--data", str(data), *words, *acting])
    assert result.exit_code == code, result.output
    return result


def shown(data: Path, *words: str) -> dict[str, object]:
    """What is counted, whatever the positions that it was counted from."""
    read = json.loads(call(data, "participants", "counts", "--json", *words).stdout)
    return {name: value for name, value in read.items() if name != "positions"}


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight women and eight men, and one who would stand out; a count of all who could be told
    without telling of anybody."""
    folder = tmp_path_factory.mktemp("participants")
    data = tell_story(folder / "data", example_by_consent(folder / "example"))
    with EmbeddedSystem(data) as system:
        messages = [
            command_message(
                "intake.enrol_participant",
                f"enrol {number}",
                token(data, "formal_checker"),
                a_participant(
                    number,
                    characteristics={
                        "gender": "women" if number > 9 else "men",
                        "homeless": "yes" if number == 17 else "no",
                    },
                ),
            )
            for number in range(2, 18)
        ]
        assert {answer.kind for answer in system.send(messages)} == {"recorded"}
        system.settle()
    call(data, "participants", "enrol", str(FORM), role="formal_checker")
    call(data, "participants", "leave", REFERENCE, "1", "--on", "2021-06-30", role="formal_checker")
    call(data, *CLOSE, *DAYS, role="managing_authority")
    return data


def erase(data: Path) -> None:
    for purpose in ("identity", "characteristics", "special_categories", "follow_up"):
        decide_to_erase(data, purpose)
        second = ("--second-actor-token", token(data, "records_keeper", "S-2"))
        on_case = ("--case", REFERENCE, "--purpose", purpose, *second)
        why = ("--reason", "no_longer_necessary")
        call(data, "keys", "destroy", *on_case, *why, role="records_keeper")


def test_a_form_is_recorded_and_nothing_of_it_stands_in_the_ledger(counted: Path) -> None:
    ledger = (counted / "intake.main.sqlite3").read_bytes()
    ledger += (counted / "audit.main.sqlite3").read_bytes()

    for clear in ("Mustermann", "1996-08-12", "Heidestraße", "erika@"):
        assert clear.encode() not in ledger


def test_the_counts_are_a_table_json_or_csv(counted: Path) -> None:
    table = call(counted, "participants", "counts", "--case", REFERENCE)
    rows = list(csv.reader(StringIO(call(counted, "participants", "counts", "--csv").stdout)))
    found = shown(counted, "--programme", PROGRAMME)

    assert "17 Teilnehmende (EECO01), Austritt: 1" in table.stdout
    assert "Arbeitslose, auch Langzeitarbeitslose" in table.stdout
    assert rows[0] == ["indicator", "women", "men", "non_binary", "total"]
    assert rows[1] == ["EECO01", "", "", "", "17"]
    assert (found["entered"], found["left"]) == (17, 1)
    assert isinstance(found["counted"], int)
    assert 5 <= found["counted"] <= 12
    assert shown(counted, "--programme", "another")["entered"] == 0


def test_nobody_is_told_of_by_a_number(counted: Path) -> None:
    [count] = shown(counted)["counts"]  # type: ignore[misc]

    assert min(cell["persons"] for cell in count["cells"]) >= 5  # type: ignore[index]
    assert count["left_out"] >= 5  # type: ignore[index]
    assert ["homeless", "yes"] not in [
        [cell["characteristic"], cell["value"]]
        for cell in count["cells"]  # type: ignore[index]
    ]


def test_after_the_erasure_the_totals_are_equal_and_the_history_is_read_as_before(
    counted: Path, tmp_path: Path
) -> None:
    """R98."""
    copy = shutil.copytree(counted, tmp_path / "copy")
    then = ("--effective", "2022-01-20")
    before, before_then = shown(copy), shown(copy, *then)
    readable = call(copy, "participants", "list", REFERENCE).stdout

    erase(copy)

    assert shown(copy) == before
    assert shown(copy, *then) == before_then
    assert "[gelöscht]" not in readable
    after = call(copy, "participants", "list", REFERENCE)
    assert after.stdout.count("[gelöscht]") == 2 * 17 + 2
    assert call(copy, "keys", "status", "--case", REFERENCE)
    call(copy, "replay", "check")
    call(copy, "replay", "decisions", "--open-accounts")


def test_who_had_entered_by_a_day_is_known_of_that_day(counted: Path) -> None:
    assert shown(counted, "--effective", "2021-02-28")["entered"] == 0
    assert shown(counted, "--effective", "2021-06-29")["left"] == 0
    assert shown(counted, "--effective", "2021-07-01")["counted"] == 0


def test_a_count_is_decided_again_from_what_is_sealed(counted: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(counted, tmp_path / "copy")
    clean = json.loads(call(copy, "replay", "decisions", "--json", "--open-accounts").stdout)
    position = alter(copy, COUNTED, '"smallest_group":5', '"smallest_group":4')

    result = call(copy, "replay", "decisions", "--json", "--open-accounts", code=1)

    assert clean["events"][COUNTED] == {"decided_again": 1, "differing": 0, "given": 0, "failed": 0}
    [found] = json.loads(result.stdout)["differences"]
    assert (found["position"], found["topic"]) == (position, COUNTED)


def test_without_opening_a_count_is_given_and_an_enrolment_is_not(counted: Path) -> None:
    report = json.loads(call(counted, "replay", "decisions", "--json").stdout)["events"]

    assert report[COUNTED]["given"] == 1
    assert report["intake.ParticipantEnrolled"]["decided_again"] == 17


@pytest.mark.parametrize(
    ("content", "name", "field"),
    [
        ('[identity]\nfamily_name = "x', "form.toml", "definition"),
        ("[1]", "form.json", "form.json"),
        ("number = 0\nreference = 'ZIQ-2020-0001'", "form.toml", "payload.number"),
        ("number = 1\nreference = 'ZIQ-2020-0001'", "form.toml", "payload.identity"),
        ("color = 1", "form.toml", "payload.color"),
    ],
)
def test_a_form_that_is_none_names_what_is_wrong(
    counted: Path, tmp_path: Path, content: str, name: str, field: str
) -> None:
    form = tmp_path / name
    form.write_text(content, encoding="utf-8")

    result = call(counted, "participants", "enrol", str(form), role="formal_checker", code=4)

    assert field in result.output


def test_a_case_that_is_not_on_record_is_named(counted: Path) -> None:
    for command in (("counts", "--case"), ("list",)):
        result = call(counted, "participants", *command, "ZIQ-2020-9999", code=4)
        assert "reference: expected that of a case on record" in result.output
