"""`pruefpfad audit bundle` on a data directory, and on PostgreSQL with an auditor's rights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bundle.conftest import names, verdict_on
from bundle.operator import Operator, an_operator, some_cases
from pruefpfad.cli.root import main
from support.postgres import PostgresServer
from support.roles import PREFIX, DatabaseRoles, roles_in_a_database_of_their_own


def call(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), "audit", "bundle", *words])


def test_a_data_directory_becomes_a_bundle(operator: Operator, tmp_path: Path) -> None:
    operator.sign_all()
    path = tmp_path / "b.zip"

    done = call(tmp_path / "data", "--all", "-o", str(path), "--keys", str(tmp_path / "keys"))

    assert done.exit_code == 0, done.output
    assert "intake/main" in done.output
    assert "keys/pruefpfad.test.intake.main.vkey" in names(path)
    assert "schemas/intake.ApplicationSubmitted.v1.json" in names(path)
    assert verdict_on(path, operator.trust(), operator.known()).exit_code == 0


def test_programs_get_json(operator: Operator, tmp_path: Path) -> None:
    operator.sign_all()
    path = tmp_path / "b.zip"

    done = call(tmp_path / "data", "--case", "ZIQ-3", "-o", str(path), "--json")

    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["file"] == str(path)
    assert said["events"] == 8
    assert said["logs"][0]["service"] == "intake"


def test_events_above_the_last_head_are_mentioned(operator: Operator, tmp_path: Path) -> None:
    done = call(tmp_path / "data", "--all", "-o", str(tmp_path / "b.zip"))

    assert done.exit_code == 0
    assert "the verdict will be incomplete" in done.output


@pytest.mark.parametrize("words", [(), ("--all", "--case", "ZIQ-1")])
def test_everything_or_a_part_not_both_and_not_neither(
    words: tuple[str, ...], operator: Operator, tmp_path: Path
) -> None:
    done = call(tmp_path / "data", *words, "-o", str(tmp_path / "b.zip"))

    assert done.exit_code == 2
    assert "either --all, or --case and --programme" in done.output


def test_an_unknown_case_is_refused_by_its_name(operator: Operator, tmp_path: Path) -> None:
    done = call(tmp_path / "data", "--case", "ZIQ-999", "-o", str(tmp_path / "b.zip"))

    assert done.exit_code == 4
    assert "case: expected the reference of an application, not 'ZIQ-999'" in done.output
    assert not (tmp_path / "b.zip").exists()


@pytest.fixture
def roles(postgres_server: PostgresServer) -> Iterator[DatabaseRoles]:
    with roles_in_a_database_of_their_own(postgres_server, "bundles") as roles:
        yield roles


def test_an_auditors_rights_suffice_on_postgresql(
    roles: DatabaseRoles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "b.zip"
    with an_operator(roles.migration, tmp_path) as operator:
        some_cases(operator, 3)
        operator.sign_all()
        for store in operator.stores.values():
            store.grant_roles(PREFIX)
        monkeypatch.setenv("PRUEFPFAD_DATABASE_URL", roles.dsn("auditor"))

        done = call(tmp_path, "--all", "-o", str(path))

        assert done.exit_code == 0, done.output
        assert verdict_on(path, operator.trust(), operator.known()).exit_code == 0
