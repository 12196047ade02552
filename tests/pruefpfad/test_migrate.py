"""`pruefpfad store migrate` creates every store, and gives the roles of a prefix their rights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from grant_store.errors import StoreError
from grant_store.opening import open_store
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.root import main
from support.postgres import PostgresServer
from support.roles import PREFIX, DatabaseRoles, roles_in_a_database_of_their_own


@pytest.fixture
def roles(postgres_server: PostgresServer) -> Iterator[DatabaseRoles]:
    with roles_in_a_database_of_their_own(postgres_server, f"migrate_{uuid4().hex}") as roles:
        yield roles


def migrate(*words: str) -> Result:
    return CliRunner().invoke(main, ["store", "migrate", *words])


def test_with_a_prefix_every_service_and_relay_may_work_and_again_changes_nothing(
    roles: DatabaseRoles,
) -> None:
    words = ("--database-url", roles.migration, "--role-prefix", PREFIX)

    first, second = migrate(*words), migrate(*words)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.output.splitlines() == [f"{name}/main: migrated" for name in SERVICES]
    for name in SERVICES:
        for role in (name, f"{name}_relay", "reader"):
            with closing(open_store(roles.dsn(role), name)) as store:
                assert store.head().position == store.relayed() == 0


def test_without_a_prefix_nobody_but_the_owner_sees_the_stores(roles: DatabaseRoles) -> None:
    assert migrate("--database-url", roles.migration).exit_code == 0

    with (
        closing(open_store(roles.dsn("intake"), "intake")) as store,
        pytest.raises(StoreError, match="permission denied for schema intake"),
    ):
        store.head()


def test_a_prefix_without_roles_is_named(roles: DatabaseRoles) -> None:
    refused = migrate("--database-url", roles.migration, "--role-prefix", "nobody_")

    assert refused.exit_code == 1
    assert "expected an existing database role, and 'nobody_intake' is none" in refused.output


def test_sqlite_says_that_it_has_no_roles(tmp_path: Path) -> None:
    refused = migrate("--database-url", f"sqlite:///{tmp_path}", "--role-prefix", PREFIX)

    assert refused.exit_code == 1
    assert "SQLite has no roles" in refused.output
