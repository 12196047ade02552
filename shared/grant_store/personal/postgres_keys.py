"""Data keys in a PostgreSQL schema of their own, in any database: best one that holds no ledger.

A row that was changed stays in the table's file until `sweep`, and in the write-ahead log until
that is recycled: wrapped under a key encryption key, which `Vault.rewrap` takes away from both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import sql

from grant_store.errors import NotMigrated, NotNow, StoreError, Unreachable
from grant_store.personal.key_store import FIRST, StoredKey
from grant_store.postgres_connection import connect, in_one_line, is_missing, is_not_now
from grant_store.postgres_migration import LOCK
from grant_store.postgres_patience import SILENCE_SECONDS, PatientConnection
from grant_values.personal import Holder

_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS vault;
CREATE TABLE IF NOT EXISTS vault.data_keys (
    subject       uuid  NOT NULL,
    purpose       text  COLLATE "C" NOT NULL,
    key_id        uuid  NOT NULL UNIQUE,
    wrapped_under text  NOT NULL,
    wrapped       bytea, -- NULL: destroyed
    PRIMARY KEY (subject, purpose)
);
CREATE OR REPLACE FUNCTION vault.stay_destroyed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.wrapped IS NULL AND NEW.wrapped IS NOT NULL THEN
        RAISE EXCEPTION 'that a key was there, and was destroyed, stays on record';
    END IF;
    RETURN NEW;
END
$body$;
CREATE OR REPLACE TRIGGER stay_destroyed BEFORE UPDATE OR DELETE ON vault.data_keys
    FOR EACH ROW EXECUTE FUNCTION vault.stay_destroyed();
"""
# Sealing needs to see keys and make new ones, destroying one more column. Opening needs to see.
# Intake seals what comes to it in an envelope.
_RIGHTS: dict[str, LiteralString] = {
    "border": "GRANT SELECT, INSERT ON vault.data_keys TO {role}",
    "intake": "GRANT SELECT, INSERT, UPDATE (wrapped) ON vault.data_keys TO {role}",
    "disbursement": "GRANT SELECT ON vault.data_keys TO {role}",
}
_ADDING: LiteralString = "(20582, hashtext('vault.data_keys'))"
"""The advisory lock of whoever adds keys."""
_COLUMNS = "SELECT key_id, subject, purpose, wrapped_under, wrapped FROM vault.data_keys"


class PostgresKeys:
    """The table of the data keys; one thread at a time uses its connection."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._lock = Lock()
        self._connection: PatientConnection | None = None

    def migrate(self) -> None:
        with self._plain_errors(), connect(self._dsn, "vault", autocommit=False) as connection:
            connection.execute(LOCK)
            connection.execute(_SCHEMA)

    def grant_roles(self, prefix: str) -> None:
        """Give `<prefix>border`, `<prefix>intake` and `<prefix>disbursement`, as far as there are
        such roles, exactly what each needs."""
        with self._plain_errors(), connect(self._dsn, "vault", autocommit=False) as connection:
            for name, rights in _RIGHTS.items():
                role = f"{prefix}{name}"
                if connection.execute(
                    "SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)
                ).fetchone():
                    self._grant(connection, role, rights)

    def _grant(self, connection: PatientConnection, role: str, rights: LiteralString) -> None:
        names = {"role": sql.Identifier(role)}
        connection.execute(sql.SQL("REVOKE ALL ON vault.data_keys FROM {role}").format(**names))
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA vault TO {role}").format(**names))
        connection.execute(sql.SQL(rights).format(**names))

    def add(self, fresh: Callable[[], Sequence[StoredKey]]) -> None:
        with self._using() as connection, connection.transaction():
            connection.execute(f"SELECT pg_advisory_xact_lock_shared{_ADDING}")
            keys = fresh()
            connection.execute(
                "INSERT INTO vault.data_keys (subject, purpose, key_id, wrapped_under, wrapped)"
                " SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::bytea[])"
                " ON CONFLICT (subject, purpose) DO NOTHING",
                (
                    [key.holder.subject for key in keys],
                    [key.holder.purpose for key in keys],
                    [key.key_id for key in keys],
                    [key.wrapped_under for key in keys],
                    [key.wrapped for key in keys],
                ),
            )

    def wait_for_additions(self) -> None:
        self._run(f"SELECT pg_advisory_xact_lock{_ADDING}")

    def of_holders(self, holders: Collection[Holder]) -> dict[Holder, StoredKey]:
        found = self._keys(
            "WHERE (subject, purpose) IN (SELECT * FROM unnest(%s::uuid[], %s::text[]))",
            ([each.subject for each in holders], [each.purpose for each in holders]),
        )
        return {key.holder: key for key in found}

    def with_ids(self, key_ids: Collection[UUID]) -> dict[UUID, StoredKey]:
        found = self._keys("WHERE key_id = ANY (%s::uuid[])", (list(key_ids),))
        return {key.key_id: key for key in found}

    def of_subject(self, subject: UUID) -> list[StoredKey]:
        return self._keys("WHERE subject = %s ORDER BY purpose", (subject,))

    def of_purpose(self, purpose: str) -> list[StoredKey]:
        return self._keys("WHERE purpose = %s", (purpose,))

    def destroy(self, holder: Holder) -> UUID | None:
        found = self._run(
            "UPDATE vault.data_keys SET wrapped = NULL WHERE subject = %s AND purpose = %s"
            " RETURNING key_id",
            tuple(holder),
        )
        return found[0][0] if found else None

    def wrapped_otherwise(
        self, wrapped_under: str, limit: int, after: UUID = FIRST
    ) -> list[StoredKey]:
        return self._keys(
            "WHERE wrapped_under <> %s AND wrapped IS NOT NULL AND key_id > %s"
            " ORDER BY key_id LIMIT %s",
            (wrapped_under, after, limit),
        )

    def protections(self) -> dict[str, int]:
        return dict(
            self._run(
                "SELECT wrapped_under, count(*) FROM vault.data_keys WHERE wrapped IS NOT NULL"
                " GROUP BY wrapped_under"
            )
        )

    def wrap_anew(self, keys: Sequence[StoredKey]) -> None:
        self._run(
            "UPDATE vault.data_keys AS old SET wrapped_under = fresh.under, wrapped = fresh.wrapped"
            " FROM unnest(%s::uuid[], %s::text[], %s::bytea[]) AS fresh (key_id, under, wrapped)"
            " WHERE old.key_id = fresh.key_id AND old.wrapped IS NOT NULL",
            (
                [key.key_id for key in keys],
                [key.wrapped_under for key in keys],
                [key.wrapped for key in keys],
            ),
        )

    def sweep(self) -> None:
        """Write the table's file anew without rows that were changed. Its owner alone may do so."""
        self._run("VACUUM (FULL) vault.data_keys")

    def counts(self) -> dict[str, tuple[int, int]]:
        rows = self._run(
            "SELECT purpose, count(wrapped), count(*) - count(wrapped) FROM vault.data_keys"
            " GROUP BY purpose ORDER BY purpose"
        )
        return {purpose: (live, destroyed) for purpose, live, destroyed in rows}

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _keys(self, where: LiteralString, values: Sequence[object]) -> list[StoredKey]:
        return [
            StoredKey(key_id, Holder(subject, purpose), under, wrapped)
            for key_id, subject, purpose, under, wrapped in self._run(f"{_COLUMNS} {where}", values)
        ]

    def _run(self, query: LiteralString, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._using() as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def _using(self) -> Iterator[PatientConnection]:
        with self._lock, self._plain_errors():
            connection = self._opened()
            try:
                yield connection
            except BaseException:
                # Whatever the connection still waits for must not become the next one's answer.
                if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                    connection.close()
                raise

    def _opened(self) -> PatientConnection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._dsn, "vault", autocommit=True)
            self._connection.prepare_session(SILENCE_SECONDS)
        return self._connection

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            kind: type[StoreError] = StoreError
            if is_missing(error):
                kind = NotMigrated
            elif is_not_now(error):
                kind = NotNow
            elif isinstance(error, psycopg.OperationalError):
                kind = Unreachable
            raise kind(f"vault: {in_one_line(error)}") from error
