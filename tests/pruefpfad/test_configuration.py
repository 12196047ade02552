"""A process that lacks something says what, and does not start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pruefpfad.processes.configuration import (
    FOR_CHECKPOINTER,
    FOR_HEALTH,
    FOR_RELAY,
    FOR_SERVICE,
    SETTINGS,
    Misconfigured,
    read,
)

COMPLETE = {
    "PRUEFPFAD_DATABASE_URL": "postgresql://someone:secret@localhost/database",
    "PRUEFPFAD_AMQP_URL": "amqp://someone:secret@localhost/host",
}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)


def set_all(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_a_service_knows_its_servers_its_key_and_its_lane(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "key.json"
    key.write_text("{}")
    set_all(monkeypatch, {**COMPLETE, "PRUEFPFAD_ACTOR_KEY": str(key), "PRUEFPFAD_LANE": "koeln"})

    found = read(FOR_SERVICE)

    assert found.database_url == COMPLETE["PRUEFPFAD_DATABASE_URL"]
    assert found.amqp_url == COMPLETE["PRUEFPFAD_AMQP_URL"]
    assert (found.actor_key, found.lane, found.log_level) == (key, "koeln", "info")


def test_everything_that_is_missing_is_named_at_once_with_what_was_expected() -> None:
    with pytest.raises(Misconfigured) as refused:
        read(FOR_SERVICE)

    for name in ("PRUEFPFAD_DATABASE_URL", "PRUEFPFAD_AMQP_URL", "PRUEFPFAD_ACTOR_KEY"):
        assert f"{name}: expected the " in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PRUEFPFAD_LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ("PRUEFPFAD_AMQP_URL", "  ", "the address of the broker"),
        ("PRUEFPFAD_LANE", "", "the lane"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    set_all(monkeypatch, {**COMPLETE, name: value})

    with pytest.raises(Misconfigured, match=f"{name}: expected {expected}"):
        read(FOR_RELAY)


def test_a_complaint_does_not_repeat_the_passwords_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_all(monkeypatch, {**COMPLETE, "PRUEFPFAD_ACTOR_KEY": "/nowhere/key.json"})

    with pytest.raises(Misconfigured, match=r"'/nowhere/key\.json' is none") as refused:
        read(FOR_SERVICE)

    assert "secret" not in str(refused.value)


def test_a_process_reads_no_more_than_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRUEFPFAD_AMQP_URL", COMPLETE["PRUEFPFAD_AMQP_URL"])

    assert read(FOR_HEALTH).database_url == ""


@pytest.mark.parametrize("value", ["many", "-1", "1.5", "10000000"])
def test_a_rate_is_a_whole_number(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str
) -> None:
    key = tmp_path / "key.json"
    key.write_text("{}")
    name = "PRUEFPFAD_COMMANDS_PER_SECOND"
    set_all(monkeypatch, {**COMPLETE, "PRUEFPFAD_ACTOR_KEY": str(key), name: value})

    with pytest.raises(Misconfigured, match=f"{name}: expected how many"):
        read(FOR_SERVICE)


def test_a_rate_of_zero_is_no_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    key.write_text("{}")
    set_all(monkeypatch, {**COMPLETE, "PRUEFPFAD_ACTOR_KEY": str(key)})
    assert read(FOR_SERVICE).commands_per_second == 2000

    monkeypatch.setenv("PRUEFPFAD_COMMANDS_PER_SECOND", "0")
    assert read(FOR_SERVICE).commands_per_second == 0


@pytest.mark.parametrize("words", [["serve", "intake"], ["relay", "intake"]])
def test_a_process_without_its_environment_ends_at_once_and_names_what_it_lacks(
    words: list[str],
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pruefpfad.cli", *words],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 2
    assert "PRUEFPFAD_AMQP_URL: expected the address of the broker" in ended.stderr


@pytest.mark.parametrize("name", ["PRUEFPFAD_ANCHOR_AMQP_URL", "PRUEFPFAD_ANCHOR_TOKEN"])
def test_heads_are_anchored_with_a_broker_and_a_token_or_not_at_all(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_all(monkeypatch, {**COMPLETE, "PRUEFPFAD_LOG_KEYS": str(tmp_path)})
    assert read(FOR_CHECKPOINTER).anchor_seconds == 86_400
    monkeypatch.setenv(name, "amqp://someone:secret@localhost/host")

    with pytest.raises(Misconfigured, match="PRUEFPFAD_ANCHOR_TOKEN: expected an operator's"):
        read(FOR_CHECKPOINTER)
