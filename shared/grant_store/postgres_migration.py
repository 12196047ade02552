"""Creating a ledger's schemas on PostgreSQL, and what a service's role may do in them."""

from __future__ import annotations

from importlib.resources import files

import psycopg
from psycopg import errors, sql

from grant_store.errors import NotMigrated, StoreError
from grant_store.postgres_connection import (
    SCHEMA_VERSION,
    connect,
    in_one_line,
    schema_version,
)

_OLDEST_SERVER = 140000
# One lock for all migrations of a database: schemas are few, and it is held for milliseconds.
_LOCK = sql.SQL("SELECT pg_advisory_xact_lock(20582, 0)")
_GRANTS = """
GRANT USAGE ON SCHEMA {ledger} TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA {ledger} TO {role};
GRANT EXECUTE ON FUNCTION {ledger}.append TO {role};
GRANT USAGE, CREATE ON SCHEMA {work} TO {role};
-- Not TRIGGER: a trigger on these tables would run with the rights of the append function's owner.
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA {work} TO {role};
"""


def migrate(dsn: str, name: str, schema: str) -> None:
    """Create what is missing. Safe in several processes at once; a second time changes nothing."""
    script = files("grant_store").joinpath("schema_postgres.sql").read_text(encoding="utf-8")
    try:
        with connect(dsn, name, autocommit=False) as connection:
            connection.execute(_LOCK)
            if _is_current(connection, name, schema):
                return
            connection.execute(_for_schema(script, schema))
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


def grant(dsn: str, name: str, schema: str, role: str) -> None:
    """Append and select on the ledger, rows and tables of its own in the working schema."""
    try:
        with connect(dsn, name, autocommit=False) as connection:
            connection.execute(_for_schema(_GRANTS, schema, role=sql.Identifier(role)))
    except errors.UndefinedObject as error:
        raise StoreError(f"{name}: expected an existing database role, not {role!r}.") from error
    except (errors.InvalidSchemaName, errors.UndefinedFunction) as error:
        raise NotMigrated(
            f"{name}: {in_one_line(error)}; run `pruefpfad store migrate`."
        ) from error
    except psycopg.Error as error:
        raise StoreError(f"{name}: the rights were not granted: {in_one_line(error)}") from error


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


def _for_schema(script: str, schema: str, **names: sql.Composable) -> sql.Composed:
    return sql.SQL(script).format(
        ledger=sql.Identifier(schema),
        work=sql.Identifier(f"{schema}_work"),
        ledger_name=sql.Literal(schema),
        **names,
    )
