"""`pruefpfad retention …` and `erasure …` on a data directory, told from the example's own case."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from grant_store.opening import open_store
from grant_values.cases import case_id_of
from grant_values.legal_time import legal_date
from grant_values.personal import place_of
from grant_values.shapes import Actor
from pruefpfad.cli.output import EXIT_NOT_YET, EXIT_REFUSED
from pruefpfad.cli.root import main
from pruefpfad.keys import signing_key, token_for
from pruefpfad.scripted.story import Story
from support.authority import CASE, EXAMPLE, example_kept_for

SUBJECT = str(place_of(case_id_of(CASE), "account").subject)
ON = ("--on", "2023-03-01")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("told")
    Story(EXAMPLE, folder, Console(quiet=True)).tell()
    return folder


@pytest.fixture(scope="module")
def told_of_the_past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same story under rules that have all ended by 2023."""
    folder = tmp_path_factory.mktemp("past")
    example = example_kept_for(1, folder / "example")
    Story(example, folder / "told", Console(quiet=True)).tell()
    return folder / "told"


@pytest.fixture
def ended(told_of_the_past: Path, tmp_path: Path) -> Path:
    data = shutil.copytree(told_of_the_past, tmp_path / "data")
    for because, day in (("accounts_submitted", "2021-12-15"), ("proof_submitted", "2021-12-31")):
        report = ("--because", because, "--happened-on", day)
        done(data, "retention", "compute", CASE, *report, *ON)
    return data


@pytest.fixture
def data(told: Path, tmp_path: Path) -> Path:
    return shutil.copytree(told, tmp_path / "data")


def a_token(data: Path, by: str, starts_on: date = date(2014, 1, 1)) -> str:
    actor = Actor(by, "records_keeper")
    return token_for(signing_key(data / "keys"), actor, starts_on, date.max)


def run(data: Path, *words: str, by: str = "S-1701") -> Result:
    token = a_token(data, by)
    return CliRunner().invoke(
        main, ["--data", str(data), *words], env={"PRUEFPFAD_ACTOR_TOKEN": token}
    )


def done(data: Path, *words: str, by: str = "S-1701") -> Result:
    result = run(data, *words, by=by)
    assert result.exit_code == 0, result.output
    return result


def compute_all(data: Path) -> None:
    """All that the rules count from has happened."""
    for because, day in (("accounts_submitted", "2022-02-15"), ("proof_submitted", "2022-06-30")):
        report = ("--because", because, "--happened-on", day)
        done(data, "retention", "compute", CASE, *report, *ON)


def decided_again(data: Path) -> None:
    """All results come out again, and the working data follow from the events."""
    done(data, "replay", "decisions")
    done(data, "replay", "check")


def test_a_term_is_computed_shown_and_due_after_its_end(data: Path) -> None:
    compute_all(data)

    shown = done(data, "retention", "show", CASE, "--lang", "en", *ON)
    page = json.loads(done(data, "retention", "show", CASE, "--json", *ON).stdout)

    assert "anbest" in shown.output
    assert page["state"] == "runs"
    until = page["term"]["retain_until"]
    assert until == max(each["retain_until"] for each in page["term"]["by_rule"])
    assert "2027-06-30" in {each["retain_until"] for each in page["term"]["by_rule"]}
    before = json.loads(done(data, "retention", "due", "--on", until, "--json").stdout)["cases"]
    [after] = _json(done(data, "retention", "due", "--on", "2099-01-01", "--json"))["cases"]
    assert before == []
    assert (after["reference"], after["state"]) == (CASE, "passed")
    decided_again(data)


def test_what_a_rule_waits_for_is_named(data: Path) -> None:
    done(data, "retention", "compute", CASE, *ON)

    shown = done(data, "retention", "show", CASE, "--lang", "de")

    assert "Vorlage des Verwendungsnachweises" in shown.output
    assert "noch offen" in shown.output


def test_a_hold_keeps_a_case_until_it_is_lifted(data: Path) -> None:
    compute_all(data)
    held = ("--ground", "legal_proceedings", "--reason", "Klage")
    done(data, "retention", "hold", CASE, "7K-12/23", *held, *ON)

    [listed] = _json(done(data, "retention", "due", "--all", "--json"))["cases"]
    assert (listed["state"], listed["holds"]) == ("held", ["7K-12/23"])

    back = run(data, "retention", "lift", CASE, "7K-12/23", "--reason", "Urteil", *ON)
    assert (back.exit_code, "the day itself" in back.output) == (4, True)
    done(data, "retention", "lift", CASE, "7K-12/23", "--reason", "Urteil")
    decided_again(data)


def test_a_disposal_before_the_term_is_refused_with_its_reason(data: Path) -> None:
    compute_all(data)

    proposed = run(data, "retention", "propose", CASE, "--reasons", "zu früh", *ON)
    disposed = run(data, "retention", "dispose", CASE, *ON, by="S-1702")

    assert (proposed.exit_code, disposed.exit_code) == (EXIT_REFUSED, EXIT_REFUSED)
    assert "retention_runs" in proposed.output
    history = done(data, "case", "history", CASE, "--lang", "de").output
    assert "die längste Aufbewahrungsfrist ist nicht abgelaufen" in history
    decided_again(data)


def test_a_request_is_listed_as_overdue_until_it_is_answered(data: Path) -> None:
    asked = ("--subject", SUBJECT, "--purpose", "payment", "--received-on", "2023-01-16")
    done(data, "erasure", "request", CASE, "DSB-1/23", *asked, *ON)

    overdue = run(data, "erasure", "list", "--lang", "en", *ON)
    assert overdue.exit_code == 1
    assert "overdue" in overdue.output
    assert run(data, "erasure", "list", "--on", "2023-02-16").exit_code == 0

    answer = ("erasure", "decide", CASE, "DSB-1/23", "--reasons", "Art. 82", *ON)
    to_erase = run(data, *answer, "--decision", "erase", "--ground", "no_longer_necessary")
    assert to_erase.exit_code == EXIT_REFUSED
    assert "term_not_known" in to_erase.output
    done(data, *answer, "--decision", "refuse", "--ground", "legal_obligation")

    [listed] = _json(done(data, "erasure", "list", "--json", *ON))["requests"]
    assert (listed["state"], listed["decision"], listed["late"]) == ("decided", "refuse", True)
    decided_again(data)


def test_a_wrong_ground_names_those_that_fit(data: Path) -> None:
    asked = ("--subject", SUBJECT, "--purpose", "contact", "--received-on", "2023-02-16")
    done(data, "erasure", "request", CASE, "DSB-2/23", *asked, *ON)

    wrong = run(
        *(data, "erasure", "decide", CASE, "DSB-2/23", "--decision", "refuse"),
        *("--ground", "consent_withdrawn", "--reasons", "–", *ON),
    )

    assert wrong.exit_code == 4
    assert "payload.ground: expected one of" in wrong.output


def _json(result: Result) -> Any:
    return json.loads(result.stdout)


def test_two_persons_dispose_of_a_case_after_its_term(ended: Path) -> None:
    data = ended
    term = _json(done(data, "retention", "show", CASE, "--json"))["term"]
    assert term["retain_until"] < "2023-03-01"
    asked = ("--subject", SUBJECT, "--purpose", "contact", "--received-on", "2023-02-16")
    done(data, "erasure", "request", CASE, "DSB-3/23", *asked, *ON)
    answer = ("--decision", "erase", "--ground", "no_longer_necessary", "--reasons", "Frist um")
    done(data, "erasure", "decide", CASE, "DSB-3/23", *answer, *ON)

    done(data, "retention", "propose", CASE, "--reasons", "Frist abgelaufen", *ON)
    alone = run(data, "retention", "dispose", CASE, *ON)
    done(data, "retention", "dispose", CASE, *ON, by="S-1702")

    assert alone.exit_code == EXIT_REFUSED
    assert "proposer_is_disposer" in alone.output
    assert _json(done(data, "retention", "show", CASE, "--json"))["state"] == "disposed"

    left = run(data, "retention", "outstanding", "--json")
    assert left.exit_code == EXIT_NOT_YET
    assert {(each["purpose"], each["state"]) for each in _json(left)} == {
        ("payment", "due"),
        ("contact", "without_data"),
    }
    before = _json(done(data, "case", "show", CASE, "--json"))
    second = ("--second-actor-token", a_token(data, "S-1702"))
    done(data, "retention", "carry-out", *second)

    [touched_nothing] = _json(done(data, "retention", "outstanding", "--json"))
    assert touched_nothing["state"] == "without_data"
    assert "nothing is left" in done(data, "retention", "carry-out", *second).output
    kept = _json(done(data, "keys", "status", "--case", CASE, "--json"))
    assert [(each["readable"], each["destruction_on_record"]) for each in kept] == [(False, True)]
    after = _json(done(data, "case", "show", CASE, "--json"))
    assert after["budgeting"] == before["budgeting"]
    assert after["disbursement"] == before["disbursement"]
    entries = _json(done(data, "case", "history", CASE, "--json"))["events"]
    [destroyed] = [each for each in entries if each["type"] == "intake.KeyDestroyed"]
    assert destroyed["data"]["reason"] == "retention_ended"
    assert destroyed["data"]["effective_on"] == legal_date(datetime.now(UTC)).isoformat()
    with closing(open_store(f"sqlite:///{data}", "intake", read_only=True)) as intake:
        [row] = [each for each in intake.events_after(0, 99) if each.topic.endswith("KeyDestroyed")]
    disposed = [each for each in entries if each["type"] == "budgeting.CaseDisposed"]
    assert f"budgeting/main/{disposed[0]['position']}" in row.metadata.decode()
    decided_again(data)


@pytest.fixture
def decided(ended: Path) -> Path:
    """Two persons have disposed of the case, and nobody has carried it out."""
    done(ended, "retention", "propose", CASE, "--reasons", "Frist abgelaufen", *ON)
    done(ended, "retention", "dispose", CASE, *ON, by="S-1702")
    return ended


def carry_out(data: Path, by: str = "S-1701", second: str = "S-1702", **days: date) -> Result:
    tokens = [a_token(data, each, **days) for each in (by, second)]
    words = ("retention", "carry-out", "--second-actor-token", tokens[1])
    return CliRunner().invoke(
        main, ["--data", str(data), *words], env={"PRUEFPFAD_ACTOR_TOKEN": tokens[0]}
    )


def test_r100_a_hold_stops_the_destruction_that_was_decided_before_it(decided: Path) -> None:
    data = decided
    hold = ("--ground", "commission_request", "--reason", "OLAF")
    done(data, "retention", "hold", CASE, "OLAF-1", *hold, *ON)

    [left] = _json(run(data, "retention", "outstanding", "--json"))
    carried = carry_out(data)
    by_hand = run(
        *(data, "keys", "destroy", "--case", CASE, "--purpose", "payment"),
        *("--reason", "retention_ended", "--second-actor-token", a_token(data, "S-1702")),
    )

    assert left["state"] == "held"
    assert (carried.exit_code, "taken back by a hold" in carried.output) == (EXIT_NOT_YET, True)
    assert (by_hand.exit_code, "legal_hold" in by_hand.output) == (EXIT_REFUSED, True)
    [kept] = _json(done(data, "keys", "status", "--case", CASE, "--json"))
    assert kept["readable"]
    assert _json(done(data, "retention", "show", CASE, "--json", *ON))["state"] == "held"
    decided_again(data)


def test_r100_a_lifted_hold_leaves_a_disposal_to_be_decided_again(decided: Path) -> None:
    data = decided
    done(data, "retention", "hold", CASE, "7K-1", "--ground", "audit", "--reason", "LRH", *ON)
    done(data, "retention", "lift", CASE, "7K-1", "--reason", "geprüft")

    listed = run(data, "retention", "outstanding", "--lang", "en")
    assert (listed.exit_code, "to be decided" in listed.output) == (EXIT_NOT_YET, True)
    assert carry_out(data).exit_code == EXIT_NOT_YET

    done(data, "retention", "propose", CASE, "--reasons", "Frist abgelaufen", *ON)
    done(data, "retention", "dispose", CASE, *ON, by="S-1702")
    assert carry_out(data).exit_code == 0
    decided_again(data)


def test_keepers_carry_out_what_was_decided_before_their_mandate(decided: Path) -> None:
    """What counts is the day on which the key ends, and that is today."""
    done_by_others = carry_out(decided, "S-1703", "S-1704", starts_on=date(2024, 1, 1))

    assert done_by_others.exit_code == 0, done_by_others.output


@pytest.mark.parametrize("day", ["2023-03-01", "2999-01-01"])
def test_a_key_ends_on_the_day_on_which_it_is_destroyed(decided: Path, day: str) -> None:
    destroyed = run(
        *(decided, "keys", "destroy", "--case", CASE, "--purpose", "payment", "--on", day),
        *("--reason", "retention_ended", "--second-actor-token", a_token(decided, "S-1702")),
    )

    assert destroyed.exit_code == 4
    assert "payload.effective_on: expected" in destroyed.output


def test_a_request_about_data_that_the_case_does_not_have_is_told_at_once(data: Path) -> None:
    asked = ("--subject", SUBJECT, "--purpose", "contact", "--received-on", "2023-02-16")

    noted = done(data, "erasure", "request", CASE, "DSB-4/23", *asked, *ON)

    assert f"{CASE} has no data of {SUBJECT} for contact" in noted.output
