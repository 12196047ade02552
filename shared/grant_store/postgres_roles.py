"""What the database's roles may do with one ledger on PostgreSQL: service, relay, checkpointer,
reader, auditor and courier.

Roles and passwords are made by whoever runs the database (`infra/postgres/roles.sql`); here they
get their rights, and lose whatever they had beyond them.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import errors, sql

from grant_store.errors import NotMigrated, StoreError
from grant_store.postgres_connection import connect, in_one_line
from grant_store.postgres_migration import LOCK, for_schema

_LONGEST_NAME = 63
"""PostgreSQL cuts off what is longer, and would then mean another role."""

_NOTHING = """
REVOKE ALL ON SCHEMA {ledger}, {work}, {log} FROM {role};
REVOKE ALL ON ALL TABLES IN SCHEMA {ledger}, {work}, {log} FROM {role};
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {ledger}, {work}, {log} FROM {role};
"""
# Rows of the working schema, but no tables: neither TRIGGER nor CREATE, because a trigger on a
# table that the append function writes would run with the rights of that function's owner.
_FOR_SERVICE = """
GRANT USAGE ON SCHEMA {ledger}, {work}, {log} TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA {ledger}, {log} TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA {work} TO {role};
DO $rights$
BEGIN
    EXECUTE (
        SELECT format('GRANT EXECUTE ON FUNCTION %s TO %I', oid::regprocedure, {role_name})
        FROM pg_proc WHERE pronamespace = {ledger_name}::regnamespace AND proname = 'append'
    );
END
$rights$;
"""
_FOR_RELAY = """
GRANT USAGE ON SCHEMA {ledger}, {work} TO {role};
GRANT SELECT ON {ledger}.events, {ledger}.schema_version TO {role};
GRANT SELECT, INSERT, UPDATE ON {work}.relay TO {role};
"""
# It may add heads, and the triggers refuse one that takes something back.
_FOR_CHECKPOINTER = """
GRANT USAGE ON SCHEMA {ledger}, {log} TO {role};
GRANT SELECT ON {ledger}.ledger_v1 TO {role};
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {log} TO {role};
"""
_FOR_READER = """
GRANT USAGE ON SCHEMA {ledger}, {work}, {log} TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA {ledger}, {work}, {log} TO {role};
"""
_FOR_AUDITOR = """
GRANT USAGE ON SCHEMA {ledger}, {log} TO {role};
GRANT SELECT ON {ledger}.ledger_v1 TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA {log} TO {role};
"""
# Another service that has to ask what was decided here, in the moment in which it acts upon it.
_FOR_ASKER = """
GRANT USAGE ON SCHEMA {ledger} TO {role};
GRANT SELECT ON {ledger}.ledger_v1 TO {role};
"""
# It brings back what others say of heads, and can neither sign one nor take a word back.
_FOR_COURIER = _FOR_AUDITOR + "GRANT INSERT ON {log}.cosignatures, {log}.timestamps TO {role};\n"
_IS_TOO_POWERFUL = """
SELECT role.rolsuper OR pg_has_role(role.oid, ledger.nspowner, 'MEMBER')
FROM pg_roles AS role, pg_namespace AS ledger
WHERE role.rolname = %s AND ledger.nspname = %s
"""


def service_role(prefix: str, schema: str) -> str:
    """ "pruefpfad_intake" for the service whose ledger is the schema "intake"."""
    return f"{prefix}{schema}"


def relay_role(prefix: str, schema: str) -> str:
    """ "pruefpfad_intake_relay" for the relay of that ledger."""
    return f"{prefix}{schema}_relay"


def checkpointer_role(prefix: str, schema: str) -> str:
    """ "pruefpfad_intake_checkpointer" for who signs the heads of that ledger."""
    return f"{prefix}{schema}_checkpointer"


def auditor_role(prefix: str) -> str:
    """ "pruefpfad_auditor", who sees of every ledger its versioned view and its log."""
    return f"{prefix}auditor"


def courier_role(prefix: str) -> str:
    """ "pruefpfad_courier", who carries heads to witnesses and authorities, and answers back."""
    return f"{prefix}courier"


def reader_role(prefix: str) -> str:
    """ "pruefpfad_reader", who sees every ledger and changes none: operators' tools run as it."""
    return f"{prefix}reader"


def grant_roles(dsn: str, name: str, schema: str, prefix: str, readers: Sequence[str] = ()) -> None:
    """Give the roles of a ledger exactly their rights, in one transaction.

    `readers` are the schemas of other services that may read the ledger through its view.
    `dsn` is the ledger's owner. Raises `StoreError` for a role that is missing or that could
    change the ledger whatever its rights are.
    """
    roles = {
        service_role(prefix, schema): _FOR_SERVICE,
        relay_role(prefix, schema): _FOR_RELAY,
        checkpointer_role(prefix, schema): _FOR_CHECKPOINTER,
        reader_role(prefix): _FOR_READER,
        auditor_role(prefix): _FOR_AUDITOR,
        courier_role(prefix): _FOR_COURIER,
        **{service_role(prefix, reader): _FOR_ASKER for reader in readers},
    }
    try:
        with connect(dsn, name, autocommit=False) as connection:
            connection.execute(LOCK)
            for role, rights in roles.items():
                _refuse_unfit(connection, name, schema, role)
                names = {"role": sql.Identifier(role), "role_name": sql.Literal(role)}
                connection.execute(for_schema(_NOTHING + rights, schema, **names))
    except (errors.InvalidSchemaName, errors.UndefinedTable, errors.UndefinedFunction) as error:
        raise NotMigrated(
            f"{name}: {in_one_line(error)}; run `pruefpfad store migrate`."
        ) from error
    except psycopg.Error as error:
        raise StoreError(f"{name}: the rights were not granted: {in_one_line(error)}") from error


def _refuse_unfit(
    connection: psycopg.Connection[tuple[object, ...]], name: str, schema: str, role: str
) -> None:
    if len(role.encode()) > _LONGEST_NAME:
        raise StoreError(f"{name}: expected a role of at most {_LONGEST_NAME} bytes, not {role!r}.")
    if connection.execute("SELECT to_regnamespace(quote_ident(%s))", (schema,)).fetchone() == (
        None,
    ):
        raise NotMigrated(f"{name}: no schema {schema!r}; run `pruefpfad store migrate`.")
    found = connection.execute(_IS_TOO_POWERFUL, (role, schema)).fetchone()
    if found is None:
        raise StoreError(f"{name}: expected an existing database role, and {role!r} is none.")
    if found[0]:
        raise StoreError(
            f"{name}: {role!r} is a superuser or belongs to the ledger's owner, and so could "
            "change what is recorded; expected a role with no rights but those given here."
        )
