"""A store's URL is either understood or refused with what was expected."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from grant_store.opening import open_store
from grant_store.postgres import PostgresStore
from grant_store.sqlite import SQLiteStore


def test_a_directory_holds_one_file_per_service_and_lane(tmp_path: Path) -> None:
    for lane in ("main", "koeln"):
        store = open_store(f"sqlite:///{tmp_path}", "budgeting", lane)
        store.migrate()
        store.close()
        assert isinstance(store, SQLiteStore)

    assert (tmp_path / "budgeting.main.sqlite3").exists()
    assert (tmp_path / "budgeting.koeln.sqlite3").exists()


def test_three_slashes_and_a_name_are_a_directory_below_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    store = open_store("sqlite:///var/demo", "intake")
    store.migrate()
    store.close()

    assert (tmp_path / "var" / "demo" / "intake.main.sqlite3").exists()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_both_spellings_of_postgresql_are_understood(scheme: str) -> None:
    store = open_store(f"{scheme}://nobody@127.0.0.1:1/grants", "budgeting", "koeln")

    assert isinstance(store, PostgresStore)
    assert store.origin == "budgeting/koeln"


@pytest.mark.parametrize(
    "url", ["", "sqlite:///", "sqlite://data", "mysql://root:geheim@db/x", "/data", "data"]
)
def test_anything_else_is_refused_with_what_was_expected_and_without_a_password(url: str) -> None:
    with pytest.raises(ValueError, match="expected sqlite:///DIR or postgresql://") as refusal:
        open_store(url, "budgeting")
    assert "geheim" not in str(refusal.value)


@pytest.mark.parametrize(
    ("service", "lane", "named"),
    [
        ("Budgeting", "main", "service"),
        ("budgeting", "../etc", "lane"),
        ("budgeting", "work", "lane"),
        ("bud_get", "main", "service"),
        ("budgeting", "x" * 26, "lane"),
        ("", "main", "service"),
    ],
)
def test_a_name_that_could_not_be_a_file_or_schema_is_refused(
    tmp_path: Path, service: str, lane: str, named: str
) -> None:
    with pytest.raises(ValueError, match=f"{named}: expected at most 25 lower-case letters"):
        open_store(f"sqlite:///{tmp_path}", service, lane)


def test_the_embedded_store_needs_no_postgresql_client(tmp_path: Path) -> None:
    program = (
        "import sys; from grant_store.opening import open_store;"
        f"open_store('sqlite:///{tmp_path}', 'intake').migrate(); print('psycopg' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert answer.stdout.strip() == b"False"
