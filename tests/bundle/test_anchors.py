"""Heads that an installation has carried into its own history, as the verifier of a bundle finds
them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from bundle.conftest import Verdict, verdict_on
from grant_values.shapes import Actor
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.keys import signing_key, token_for


def run(data: Path, *words: str) -> None:
    token = token_for(
        signing_key(data / "keys"), Actor("S-1801", "operator"), date(2020, 1, 1), date.max
    )
    done = CliRunner().invoke(
        main, ["--data", str(data), *words], env={"PRUEFPFAD_ACTOR_TOKEN": token}
    )
    assert done.exit_code == 0, done.output


@pytest.fixture
def anchored(tmp_path: Path) -> Path:
    """The heads of one event are anchored by the commands of the product, and signed above."""
    data = tmp_path / "data"
    with EmbeddedSystem(data) as system:
        system.declare_demonstration("test")
    for words in (["checkpoint"], ["anchor"], ["checkpoint"]):
        run(data, "log", *words)
    return data


def verdict(data: Path) -> Verdict:
    folder = data.parent
    run(data, "audit", "bundle", "--all", "-o", str(folder / "b.zip"))
    trust = folder / "trust.vkey"
    keys = sorted((data / "keys" / "log").glob("*.vkey"))
    trust.write_text("".join(path.read_text("utf-8") for path in keys), "utf-8")
    return verdict_on(folder / "b.zip", trust, [])


def test_an_anchored_head_of_each_log_is_found_to_be_there(anchored: Path) -> None:
    found = verdict(anchored)

    assert found.report["checks"]["anchor"] == [5, 0]
    assert "anchor" not in {check for check, _ in found.places}


def test_an_anchored_head_that_was_taken_out_of_its_log_is_missed(anchored: Path) -> None:
    with closing(sqlite3.connect(anchored / "budgeting.main.log.sqlite3")) as connection:
        connection.execute("DROP TRIGGER log_heads_remain")
        connection.execute("DELETE FROM log_heads WHERE size = 1")
        connection.commit()

    found = verdict(anchored)

    assert found.exit_code == 1
    assert ("anchor", "budgeting/main/2") in found.places
