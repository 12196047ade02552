"""Creating a ledger's schemas on PostgreSQL. Whoever does it owns them from then on."""

from __future__ import annotations

from importlib.resources import files

import psycopg
from psycopg import sql

from grant_store.errors import NotMigrated, StoreError
from grant_store.postgres_connection import (
    SCHEMA_VERSION,
    connect,
    in_one_line,
    schema_version,
)

_OLDEST_SERVER = 140000
_SCRIPTS = ("schema_postgres.sql", "log/schema_postgres.sql")
# One lock for all migrations of a database: schemas are few, and it is held for milliseconds.
LOCK = sql.SQL("SELECT pg_advisory_xact_lock(20582, 0)")


def migrate(dsn: str, name: str, schema: str) -> None:
    """Create what is missing. Safe in several processes at once; a second time changes nothing."""
    try:
        with connect(dsn, name, autocommit=False) as connection:
            connection.execute(LOCK)
            if _is_current(connection, name, schema):
                return
            for script in _SCRIPTS:
                text = files("grant_store").joinpath(script).read_text(encoding="utf-8")
                connection.execute(for_schema(text, schema))
            connection.execute(
                sql.SQL(
                    "INSERT INTO {} (version) VALUES (%s)"
                    " ON CONFLICT (one) DO UPDATE SET version = excluded.version"
                ).format(sql.Identifier(schema, "schema_version")),
                (SCHEMA_VERSION,),
            )
    except psycopg.Error as error:
        raise StoreError(
            f"{name}: the migration failed, nothing was changed: {in_one_line(error)}"
        ) from error


def _is_current(connection: psycopg.Connection[tuple[object, ...]], name: str, schema: str) -> bool:
    if connection.info.server_version < _OLDEST_SERVER:
        raise StoreError(
            f"{name}: expected PostgreSQL 14 or newer, not {connection.info.server_version}."
        )
    found = schema_version(connection, schema)
    if found > SCHEMA_VERSION:
        raise NotMigrated(
            f"{name}: schema {schema!r} has version {found}, "
            f"this program knows {SCHEMA_VERSION}; run a newer `pruefpfad`."
        )
    return found == SCHEMA_VERSION


def for_schema(script: str, schema: str, **names: sql.Composable) -> sql.Composed:
    """The script with the names of this ledger's schemas, and with further `names`."""
    return sql.SQL(script).format(
        ledger=sql.Identifier(schema),
        work=sql.Identifier(f"{schema}_work"),
        log=sql.Identifier(f"{schema}_log"),
        ledger_name=sql.Literal(schema),
        **names,
    )
