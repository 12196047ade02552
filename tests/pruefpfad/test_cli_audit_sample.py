"""A sample is drawn on record, and drawn again it is the same bytes."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from support.auditing import DECIDER, call, give, tell_story, token
from support.authority import CASE

PURPOSE = "Vorhabenprüfung"
DRAW = {
    "--method": "monetary-unit",
    "--population": "payments",
    "--from": "2021-01-01",
    "--to": "2021-12-31",
    "--size": "1",
    "--seed": "4711",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell_story(tmp_path_factory.mktemp("sample"))


def sample(data: Path, *words: str, role: str = "auditor", **changes: str) -> Result:
    options = words or [word for pair in (DRAW | changes).items() for word in pair]
    signed = token(data, role) if role == "auditor" else token(data, role, DECIDER)
    return call(data, "audit", "sample", *options, "--purpose", PURPOSE, "--actor-token", signed)


def drawn(data: Path, name: str, target: Path) -> dict[str, Any]:
    result = sample(data, **{"--id": name, "-o": str(target)})
    assert result.exit_code == 0, result.output
    read: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return read


def test_a_sample_says_everything_that_draws_it_again(data: Path, tmp_path: Path) -> None:
    found = drawn(data, "a-1", tmp_path / "a.json")

    assert (found["sample"], found["method"], found["seed"]) == ("a-1", "monetary-unit", "4711")
    assert (found["population_count"], found["population_cents"]) == (1, 900_000)
    assert [item["reference"] for item in found["selected"]] == [CASE]
    assert found["selected"][0]["certain"] is True
    assert found["positions"]["disbursement/main"] > 0
    assert "Monetary Unit Sampling" in found["method_text"]
    assert "480/2014" in found["source"]
    assert found["drawn_by"] == "S-1901"


def test_drawn_again_it_is_the_same_bytes_although_the_history_has_gone_on(
    data: Path, tmp_path: Path
) -> None:
    first, again = tmp_path / "first.json", tmp_path / "again.json"
    drawn(data, "b-1", first)
    withdrawal = {"reference": CASE, "reason": "Verzicht", "effective_on": "2021-06-01"}
    give(data, "intake.withdraw_application", "applicant", "client:portal", **withdrawal)

    result = sample(data, "--repeat", "b-1", "-o", str(again))

    assert result.exit_code == 0, result.output
    assert first.read_bytes() == again.read_bytes()
    assert (tmp_path / "again.json.sha256").read_text("utf-8").endswith("  again.json\n")


def test_what_a_sample_was_drawn_from_is_a_file_with_the_hash_of_the_sample(
    data: Path, tmp_path: Path
) -> None:
    found = drawn(data, "g-1", tmp_path / "g.json")
    lines = tmp_path / "population.txt"

    result = sample(data, "--repeat", "g-1", "--population-file", str(lines))

    assert result.exit_code == 0, result.output
    assert sha256(lines.read_bytes()).hexdigest() == found["population_sha256"]
    name, reference, cents, place = lines.read_text(encoding="utf-8").rstrip("\n").split("\t")
    assert (name, reference, cents) == (f"{CASE}-1-1", CASE, "900000")
    assert place == found["selected"][0]["place"]
    alone = sample(data, **{"--id": "g-2", "--population-file": str(lines)})
    assert alone.exit_code == 2
    assert "expected together with --repeat" in alone.stderr


def test_a_repetition_is_a_look_and_on_record(data: Path, tmp_path: Path) -> None:
    drawn(data, "c-1", tmp_path / "c.json")

    sample(data, "--repeat", "c-1")

    listed = call(data, "access", "list", "--only", "looks")
    assert "„audit sample“ (Stichprobe c-1)" in listed.output


def test_an_id_is_drawn_once(data: Path, tmp_path: Path) -> None:
    drawn(data, "d-1", tmp_path / "d.json")

    result = sample(data, **{"--id": "d-1", "--seed": "other"})

    assert result.exit_code == 4
    assert "d-1 was drawn before" in result.output


def test_only_an_auditor_draws(data: Path) -> None:
    result = sample(data, role="decider", **{"--id": "e-1"})

    assert result.exit_code == 3
    assert "role_not_entitled" in result.output


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"--size": "2"}, "expected at most the 1 items of the population"),
        ({"--to": "2020-12-31"}, "ends_on: expected 2021-01-01 or a later day"),
        ({"--id": "mit Leerzeichen"}, "sample: expected an id such as"),
        ({"--from": "2022-01-01", "--to": "2022-12-31"}, "expected at most the 0 items"),
    ],
)
def test_what_cannot_be_drawn_is_named(data: Path, changes: dict[str, str], said: str) -> None:
    result = sample(data, **changes)

    assert result.exit_code == 4
    assert said in result.output


def test_a_sample_that_nobody_drew_is_not_repeated(data: Path) -> None:
    result = sample(data, "--repeat", "nowhere")

    assert result.exit_code == 4
    assert "sample: expected the id of a sample on record" in result.output


def test_a_repetition_takes_nothing_but_the_id(data: Path) -> None:
    assert sample(data, "--repeat", "a-1", "--seed", "x").exit_code == 2


def test_what_is_missing_for_a_sample_is_named(data: Path) -> None:
    result = sample(data, "--method", "random")

    assert result.exit_code == 4
    assert "size: expected a value" in result.output


def test_samples_are_listed_with_method_population_and_purpose(data: Path, tmp_path: Path) -> None:
    drawn(data, "f-1", tmp_path / "f.json")

    result = call(data, "audit", "samples", "--lang", "en")

    assert result.exit_code == 0
    assert "f-1" in result.output
    assert "monetary units (MUS)" in result.output
    assert PURPOSE in result.output
