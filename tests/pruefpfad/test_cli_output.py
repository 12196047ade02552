"""What the command line shows can be read: whole, in both languages, and without a traceback."""

from __future__ import annotations

import json
import shutil
import tomllib
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pruefpfad.cli.output import say_table
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.scripted import script, story
from pruefpfad.scripted.script import Cast

ROOT = Path(__file__).resolve().parents[2]
ZIQ = ROOT / "examples" / "zusammen-im-quartier"
WIDE = "150.000.000,00 €"
NEVER = "2099-12-31"


def call(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), *words])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A programme, a budget line of 150 million and one application."""
    folder = tmp_path_factory.mktemp("data")
    application = json.loads((ZIQ / "application.json").read_text(encoding="utf-8"))
    programme = application["programme"]
    opened = {"opens_on": "2020-11-03", "closes_on": "2021-01-31"}
    line = {"fund": "ESF", "year": 2021, "ceiling": "150000000.00", "effective_on": "2020-11-03"}
    file = str(ZIQ / "programme.toml")
    with EmbeddedSystem(folder) as system:
        cast = Cast(system.key, *story.MANDATES)
        ministry = cast.token(script.MANAGING_AUTHORITY)
    assert call(folder, "programme", "register", file, "--actor-token", ministry).exit_code == 0
    named = {"programme": programme, "programme_version": "v1", "call": application["call"]}
    with EmbeddedSystem(folder) as system:
        for role, command, payload in (
            (script.MANAGING_AUTHORITY, "intake.open_call", {**named, **opened}),
            (
                script.BUDGET_OFFICER,
                "budgeting.open_budget_line",
                {"programme": programme, **line},
            ),
            (script.APPLICANT, "intake.submit_application", application),
        ):
            assert system.ask(cast.message(role, command, command, payload)).kind == "recorded"
    return folder


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_no_amount_and_no_reference_is_cut_off_in_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    rows = [("ZIQ-2020-0001", "Gesundes Aufwachsen im Quartier " * 5, WIDE, WIDE, WIDE)]

    say_table("lines", ("reference", "title", "ceiling €", "paid €", "free €"), rows)

    printed = capsys.readouterr().out
    assert printed.count(WIDE) == 3
    assert "ZIQ-2020-0001" in printed
    assert "…" not in printed


def test_what_people_have_written_in_brackets_is_shown_as_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say_table("Gründe [1]", ("Grund",), [("[gelöscht] und :heart: im Text",)])

    said = capsys.readouterr().out
    assert "Gründe [1]" in said
    assert "[gelöscht] und :heart: im Text" in said


@pytest.mark.parametrize(
    ("lang", "state", "money"),
    [("de", "Stand", "76.560,00 €"), ("en", "state", "EUR 76,560.00")],
)
def test_a_case_is_shown_in_one_language_headings_and_amounts_too(
    data: Path, lang: str, state: str, money: str
) -> None:
    shown = call(data, "case", "show", "ZIQ-2020-0001", "--lang", lang).output
    listed = call(data, "case", "list", "--lang", lang).output

    assert state in shown
    assert money in shown
    assert state in listed
    assert money in listed


@pytest.mark.parametrize(
    ("lang", "ceiling", "money"),
    [("de", "Ansatz €", WIDE), ("en", "ceiling €", "EUR 150,000,000.00")],
)
def test_budget_lines_are_shown_whole_in_one_language(
    data: Path, lang: str, ceiling: str, money: str
) -> None:
    shown = call(data, "budget", "show", "--lang", lang).output

    assert ceiling in shown
    assert shown.count(money) == 2


def test_a_file_that_cannot_be_written_is_said_without_a_traceback(data: Path) -> None:
    nowhere = str(data / "missing" / "list.csv")

    result = call(data, "export", "operations", "--as-of", "2021-01-31", "-o", nowhere)

    assert result.exit_code == 4
    assert nowhere in result.output
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    "words",
    [
        ("payments", "rebuild", "2021-0001", "-o", "never.xml"),
        ("events", "tail", "intake"),
        ("case", "list"),
        ("budget", "show"),
        ("export", "operations", "--as-of", "2021-01-31"),
    ],
)
def test_looking_into_a_directory_that_is_none_leaves_none(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    missing = tmp_path / "missing"

    assert call(missing, *words).exit_code != 0
    assert not missing.exists()
    assert not Path("never.xml").exists()


def test_a_mandate_that_ends_before_it_begins_is_no_mandate(tmp_path: Path) -> None:
    days = ("--from", "2021-01-02", "--until", "2021-01-01")

    result = call(tmp_path, "actor", "token", "--id", "S-1", "--role", "decider", *days)

    assert result.exit_code == 4
    assert "until: expected 2021-01-02" in result.output


def test_store_migrate_makes_every_store_and_may_be_repeated(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/stores"

    first = call(tmp_path, "store", "migrate", "--database-url", url)
    again = call(tmp_path, "store", "migrate", "--database-url", url)

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert first.output == again.output
    assert "budgeting/main: migrated" in first.output
    shutil.rmtree(tmp_path / "stores")


def test_the_mandates_of_tutorial_story_and_demonstration_never_run_out() -> None:
    """Where a command has no legal day, the mandate is compared with the day on which it runs."""
    settings = (ROOT / "examples/esf-nrw-2014-2020/demonstration.toml").read_text(encoding="utf-8")
    tutorial = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")

    assert tomllib.loads(settings)["mandates_until"] == NEVER
    assert story.MANDATES[1] == date.fromisoformat(NEVER)
    assert f"--until {NEVER}" in tutorial
