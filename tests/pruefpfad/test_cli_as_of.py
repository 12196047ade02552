"""At the command line: as of a day, an instant, a position; and reports that are made again."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from grant_store.rows import Tracked
from grant_store.sqlite import SQLiteStore
from pruefpfad.cli.root import main
from support.story import REFERENCE, heads, record_more, record_more_of_audit, tell_story

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "time.md"
Call = Callable[..., Result]
SHOWING = (
    ("case", "history", REFERENCE),
    ("access", "list"),
    ("retention", "show", REFERENCE, "--on", "2030-01-01"),
    ("retention", "due", "--all", "--on", "2030-01-01"),
    ("erasure", "list", "--on", "2030-01-01"),
    ("audit", "documents", "--case", REFERENCE),
    ("audit", "drill", "--case", REFERENCE),
    ("audit", "matrix", "--case", REFERENCE),
    ("audit", "overrides"),
    ("audit", "roles", "--used"),
    ("audit", "samples"),
    ("audit", "changes"),
    ("participants", "counts"),
    ("participants", "list", REFERENCE),
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell_story(tmp_path_factory.mktemp("told") / "story")


@pytest.fixture
def call(told: Path) -> Call:
    def called(*words: str) -> Result:
        result = CliRunner().invoke(main, ["--data", str(told), *words])
        assert not result.exception or isinstance(result.exception, SystemExit), result.exception
        return result

    return called


def answered(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def events(result: Result) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = answered(result)["events"]
    return told


def test_a_position_is_named_as_events_print_their_place_too(call: Call) -> None:
    short, printed = (
        answered(call("case", "show", REFERENCE, "--position", place, "--json"))
        for place in ("budgeting/21", "budgeting/main/21")
    )

    assert short == printed


@pytest.mark.parametrize(
    ("day", "state", "paid_cents"),
    [
        ("2020-12-10", "received", 0),
        ("2020-12-17", "on_reserve_list", 0),
        ("2021-01-11", "approved", 0),
        ("2021-01-20", "final", 0),
        ("2021-03-24", "final", 0),
        ("2021-03-25", "paid_in_part", 900_000),
    ],
)
def test_a_case_is_shown_as_it_was_on_a_day(
    call: Call, day: str, state: str, paid_cents: int
) -> None:
    shown = answered(call("case", "show", REFERENCE, "--effective", day, "--json"))
    assert shown["state"] == state
    [line] = answered(call("case", "list", "--effective", day, "--json"))["cases"]
    assert (line["state"], line["paid_cents"]) == (state, paid_cents)


def test_a_case_that_had_not_been_received_is_not_on_record_as_of_that_day(call: Call) -> None:
    result = call("case", "show", REFERENCE, "--effective", "2020-12-09")
    assert result.exit_code == 4
    assert result.stderr == f"reference: expected that of a case on record, not '{REFERENCE}'\n"


def test_what_was_on_record_at_an_instant_is_what_had_been_recorded_by_then(
    call: Call, told: Path
) -> None:
    everything = events(call("case", "history", REFERENCE, "--json"))
    instant = everything[-1]["recorded_at"]
    assert events(call("case", "history", REFERENCE, "--recorded", instant, "--json")) == everything
    before = "2020-01-01T00:00:00Z"
    assert call("case", "history", REFERENCE, "--recorded", before, "--json").exit_code == 4
    assert answered(call("budget", "show", "--recorded", before, "--json"))["lines"] == []


def test_a_history_as_of_a_day_tells_what_counts_by_then_in_the_order_of_recording(
    call: Call,
) -> None:
    entries = events(call("case", "history", REFERENCE, "--effective", "2021-01-11", "--json"))
    everything = events(call("case", "history", REFERENCE, "--json"))
    assert entries == [entry for entry in everything if entry in entries]
    kinds = [entry["type"] for entry in entries]
    assert kinds[-1] == "budgeting.GrantApproved"
    # From the reserve list, by a command without a day: there by the day of the approval.
    assert "budgeting.FundsEarmarked" in kinds
    assert "budgeting.DecisionNotified" not in kinds


def test_a_budget_line_on_a_day_has_promises_debts_and_payments_of_that_day(call: Call) -> None:
    def line(day: str) -> tuple[int, int, int]:
        lines = answered(call("budget", "show", "--effective", day, "--json"))["lines"]
        [found] = [each for each in lines if (each["fund"], each["year"]) == ("ESF", 2021)]
        return found["earmarked_cents"], found["committed_cents"], found["paid_cents"]

    assert line("2021-01-10") == (0, 0, 0)
    assert line("2021-01-11") == (1_745_704, 0, 0)
    assert line("2021-01-20") == (0, 1_745_704, 0)
    assert line("2021-03-25") == (0, 1_745_704, 500_000)


@pytest.mark.parametrize(
    "words",
    [
        ("export", "summary"),
        ("export", "summary", "--effective", "2021-01-20"),
        ("export", "operations", "--as-of", "2021-01-31"),
        ("payments", "list", "--json"),
        ("payments", "list"),
        ("case", "list"),
        ("case", "show", REFERENCE),
        ("budget", "show", "--effective", "2021-02-01"),
        *((*words, "--json") for words in SHOWING),
    ],
)
def test_a_report_is_made_again_byte_for_byte_at_its_positions(
    words: tuple[str, ...], told: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(told, data)

    def made(*further: str) -> str:
        result = CliRunner().invoke(main, ["--data", str(data), *words, *further])
        assert result.exit_code in (0, 1), result.output  # 1 is that of an answer that is no good.
        return result.stdout

    first = made()
    at = [f"--position={service}/{at}" for service, at in heads(data).items()]
    record_more(data)
    record_more_of_audit(data)
    assert made(*at) == first


def test_the_file_of_a_list_has_beside_it_of_what_it_was_computed(
    call: Call, told: Path, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    assert call("export", "operations", "--as-of", "2021-01-31", "-o", str(path)).exit_code == 0
    beside = json.loads((tmp_path / "list.csv.json").read_text(encoding="utf-8"))
    known = heads(told)
    assert beside["positions"] == {service: known[service] for service in beside["positions"]}
    assert beside["effective"] == "2021-01-31"
    assert path.read_text(encoding="utf-8").count("\n") == 2


def test_a_payment_file_is_the_same_bytes_again_and_names_the_event_it_was_made_of(
    told: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(told, data)

    def made() -> tuple[bytes, str]:
        path = tmp_path / "run.xml"
        words = ("--data", str(data), "payments", "rebuild", "2021-0001", "-o", str(path))
        result = CliRunner().invoke(main, words)
        return path.read_bytes(), result.stdout

    first, said = made()
    record_more(data)
    assert made() == (first, said)
    listed = CliRunner().invoke(main, ["--data", str(data), "payments", "list", "--json"])
    [run] = json.loads(listed.stdout)["runs"]
    assert f"computed from disbursement/{run['position']}" in said
    assert run["file"]["sha256"] in said


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("--recorded", "yesterday"), "recorded"),
        (("--recorded", "2021-01-01T00:00:00"), "recorded"),
        (("--position", "intake"), "position"),
        (("--position", "nobody/3"), "position"),
        (("--position", "intake/other/3"), "position"),
        (("--position", "intake/9999"), "position"),
    ],
)
def test_an_axis_that_cannot_be_read_is_named_with_what_was_expected(
    call: Call, words: tuple[str, ...], field: str
) -> None:
    result = call("case", "list", *words)
    assert result.exit_code == 4
    assert result.stderr.startswith(f"{field}: expected ")


def test_two_days_for_one_list_are_refused(call: Call) -> None:
    result = call("export", "operations", "--as-of", "2021-01-01", "--effective", "2021-01-01")
    assert result.exit_code == 4
    assert result.stderr.startswith("as-of: expected ")


def test_the_commands_of_the_page_about_time_can_be_given(call: Call, tmp_path: Path) -> None:
    blocks = re.findall(r"^```\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    commands = [line for block in blocks for line in block.splitlines()]
    assert len(commands) >= 5
    for line in commands:
        program, _, _, *words = shlex.split(line)
        assert program == "pruefpfad"
        given = [str(tmp_path / word) if word == "list.csv" else word for word in words]
        result = call(*given)
        assert result.exit_code == 0, (line, result.output)


def test_what_audit_recorded_itself_goes_as_far_as_a_position_says(
    told: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(told, data)
    record_more_of_audit(data)

    def listed(*words: str) -> list[str]:
        result = CliRunner().invoke(main, ["--data", str(data), "access", "list", "--json", *words])
        return [entry["source"] for entry in answered(result)["events"]]

    assert "audit/main" in listed()
    assert "audit/main" not in listed("--position", "intake/3")
    assert "audit/main" not in listed("--position", "audit/1")


def test_whoever_reads_while_audit_goes_on_is_told(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> Result:
        words = ["case", "list", "--database-url", f"sqlite:///{told}", "--json"]
        return CliRunner().invoke(main, words)

    quiet = asked()
    assert quiet.stderr == ""
    assert json.loads(quiet.stdout)["positions"]["intake"] == 6

    behind = iter([1, 2])
    tracked = SQLiteStore.tracked

    def moving(store: SQLiteStore, upstream: str) -> Tracked:
        found = tracked(store, upstream)
        return found._replace(position=next(behind)) if upstream == "intake/main" else found

    monkeypatch.setattr(SQLiteStore, "tracked", moving)
    moved = asked()
    assert "audit followed more while this was read" in moved.stderr
    assert json.loads(moved.stdout)["positions"]["intake"] == 1
