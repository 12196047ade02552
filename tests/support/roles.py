"""The database roles of the distributed run, made by the script that a deployment uses.

Roles belong to the whole server: one set at a time, and it is dropped after its database.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from support.postgres import PostgresServer

SCRIPT = Path(__file__).resolve().parents[2] / "infra/postgres/roles.sql"
PREFIX = "pruefpfad_"


class DatabaseRoles:
    """Addresses of one database for the migration, for services and for relays."""

    def __init__(self, server: PostgresServer, database: str) -> None:
        self._server = server
        self._database = database
        text = SCRIPT.read_text(encoding="utf-8")
        self.names = re.findall(r"^CREATE ROLE (\w+)", text, flags=re.MULTILINE)
        self._passwords = {name: secrets.token_hex(8) for name in self.names}
        server.psql(
            text, database, {_variable(name): word for name, word in self._passwords.items()}
        )

    @property
    def migration(self) -> str:
        return self.dsn("migration")

    @property
    def superuser(self) -> str:
        return self._server.dsn(self._database)

    def dsn(self, name: str) -> str:
        """The address for "intake" or "intake_relay"."""
        role = f"{PREFIX}{name}"
        return self._server.dsn(self._database, role, self._passwords[role])

    def drop(self) -> None:
        with psycopg.connect(self._server.superuser_dsn, autocommit=True) as connection:
            for name in self.names:
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


@contextmanager
def roles_in_a_database_of_their_own(server: PostgresServer, name: str) -> Iterator[DatabaseRoles]:
    server.create_database(name)
    roles = DatabaseRoles(server, name)
    try:
        yield roles
    finally:
        server.drop_database(name)
        roles.drop()


def _variable(role: str) -> str:
    """The name under which the script looks for a role's password."""
    return f"POSTGRES_{role.removeprefix(PREFIX).upper()}_PASSWORD"
