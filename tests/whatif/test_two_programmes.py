"""Where two programmes stand in one history, each is asked about by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from journeys.short_list import shorten
from pruefpfad.cli.root import main
from pruefpfad.scripted.story import Story
from support.authority import EXAMPLE
from whatif.reruns import AS_RECORDED, play_under
from whatif.rule_changes import RATE

LIST, STORY = "esf-nrw-2014-2020", "zusammen-im-quartier"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("both")
    play_under(AS_RECORDED, shorten(folder, frozenset(("15", "39", "48"))), folder / "data")
    Story(EXAMPLE, folder / "data", Console(quiet=True)).tell()
    (folder / "rate.toml").write_text(RATE, encoding="utf-8")
    yield folder


def ask(both: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(both / "data"), *words])


def whatif(both: Path, *words: str) -> Result:
    return ask(both, "whatif", "--rules", str(both / "rate.toml"), "--lang", "en", *words)


def test_a_change_without_a_code_needs_to_know_which_is_meant(both: Path) -> None:
    result = whatif(both)

    assert result.exit_code == 4
    assert "programme: expected one of" in result.output


def test_lines_and_cases_of_the_other_one_are_left_alone(both: Path) -> None:
    of_list, of_story = whatif(both, "--programme", LIST), whatif(both, "--programme", STORY)

    assert "3 of 3 cases would differ" in of_list.output
    assert "ZIQ-" not in of_list.output and "Land 2021" not in of_list.output
    assert "1 of 1 cases would differ" in of_story.output
    assert "ESF1420" not in of_story.output and "ESF 2015" not in of_story.output


def test_one_of_them_is_decided_again_without_the_other(both: Path) -> None:
    result = ask(both, "replay", "decisions", "--programme", STORY)

    assert result.exit_code == 0, result.output
    assert "eligibility.CheckRecorded" in result.output


def test_a_call_that_was_never_opened_is_refused_by_its_name(both: Path) -> None:
    """Else a slip of the pen would pass for a change that changes nothing."""
    (both / "rate.toml").rename(both / "kept.toml")
    try:
        (both / "rate.toml").write_text('[calls."2020-12"]\ncloses_on = 2020-12-01\n')
        result = whatif(both, "--programme", STORY)
    finally:
        (both / "kept.toml").rename(both / "rate.toml")

    assert result.exit_code == 4
    assert "calls.2020-12: expected a call that was opened: one of 2020-11" in result.output


@pytest.mark.parametrize(
    ("option", "value"), [("--case", "ZIQ-2020-0O01"), ("--programme", "no-such-programme")]
)
def test_deciding_nothing_again_is_no_success(both: Path, option: str, value: str) -> None:
    result = ask(both, "replay", "decisions", option, value)

    assert result.exit_code == 4
    assert f"{option.strip('-')}: expected" in result.output


def test_how_many_cases_the_other_rules_are_asked_for_is_said(both: Path) -> None:
    none = whatif(both, "--programme", STORY, "--from", "2021-06-01")

    assert "0 of 1 cases would differ (0 of them judged by the other rules)" in none.output
