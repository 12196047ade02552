"""Heads go out from PostgreSQL and answers come back with the rights of a courier alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from grant_store.opening import open_log, open_store
from pruefpfad.cli.root import main
from store.log.growing import grow
from support.postgres import PostgresServer
from support.roles import PREFIX, DatabaseRoles, roles_in_a_database_of_their_own
from support.signing import sign

WITNESS = "pruefbehoerde.example/witness"


def call(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def said(*words: object) -> Any:
    result = call(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def roles(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[DatabaseRoles]:
    """Budgeting with 300 events, signed by its checkpointer's role."""
    with roles_in_a_database_of_their_own(postgres_server, f"courier_{uuid4().hex}") as roles:
        call("store", "migrate", "--database-url", roles.migration, "--role-prefix", PREFIX)
        with closing(open_store(roles.dsn("budgeting"), "budgeting")) as store:
            grow(store, 300)
        sign(roles.dsn("budgeting_checkpointer"), "budgeting", tmp_path / "keys")
        yield roles


@pytest.fixture
def witness(roles: DatabaseRoles, tmp_path: Path) -> Path:
    folder = tmp_path / "witness"
    call("witness", "init", "--witness", folder, "--name", WITNESS)
    call("witness", "add", "--witness", folder, *(tmp_path / "keys").glob("*.vkey"))
    return folder


def cosigned(roles: DatabaseRoles) -> list[int]:
    with closing(open_log(roles.dsn("auditor"), "budgeting")) as log:
        return log.cosigned_sizes(WITNESS)


def test_a_stick_goes_out_and_comes_back_with_the_rights_of_a_courier(
    roles: DatabaseRoles, witness: Path, tmp_path: Path
) -> None:
    ours = ("--witness-key", witness / "witness.vkey", "--database-url", roles.dsn("courier"))
    [asked] = said("log", "request", *ours, "-o", tmp_path / "out")
    stick = ("--request", tmp_path / "out", "-o", tmp_path / "back")
    said("witness", "cosign", "--witness", witness, *stick)
    said("log", "accept", *ours, tmp_path / "back")

    assert (asked["old"], asked["size"]) == (0, 300)
    assert cosigned(roles) == [300]


def test_a_witness_reads_and_answers_as_a_courier(
    roles: DatabaseRoles, witness: Path, tmp_path: Path
) -> None:
    words = ("witness", "cosign", "--witness", witness, "--log", roles.dsn("courier"))
    said(*words)
    with closing(open_store(roles.dsn("budgeting"), "budgeting")) as store:
        grow(store, 300)
    sign(roles.dsn("budgeting_checkpointer"), "budgeting", tmp_path / "keys")
    said(*words)

    assert cosigned(roles) == [300, 600]
    exported = said(
        *("log", "export", "--to", tmp_path / "heads", "--database-url", roles.dsn("auditor"))
    )
    assert [each["size"] for each in exported] == [600]


def test_an_auditor_may_look_and_not_answer(roles: DatabaseRoles, witness: Path) -> None:
    result = call("witness", "cosign", "--witness", witness, "--log", roles.dsn("auditor"))

    assert result.exit_code == 1
    assert "permission denied for table cosignatures" in result.output
    assert cosigned(roles) == []


def test_what_an_auditor_has_cosigned_goes_back_in_files(
    roles: DatabaseRoles, witness: Path, tmp_path: Path
) -> None:
    answers = ("--log", roles.dsn("auditor"), "-o", tmp_path / "back")
    said("witness", "cosign", "--witness", witness, *answers)
    ours = ("--witness-key", witness / "witness.vkey", "--database-url", roles.dsn("courier"))
    said("log", "accept", *ours, tmp_path / "back")

    assert cosigned(roles) == [300]
