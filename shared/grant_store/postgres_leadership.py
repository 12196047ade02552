"""Who relays a ledger on PostgreSQL: whoever's session holds its lock.

The session is one of its own. The server ends it when its client is gone, and the lock with it.
"""

from __future__ import annotations

import psycopg

from grant_store.errors import LeadershipLost, NotNow, Unreachable
from grant_store.postgres_connection import connect, in_one_line, is_not_now
from grant_store.postgres_patience import SILENCE_SECONDS, PatientConnection

# 20583 beside the 20582 of those who append; the second number is the ledger.
_LOCK = "SELECT pg_try_advisory_lock(20583, hashtext(%s))"


class PostgresLeadership:
    """The lock of one ledger's relay, held by an open session."""

    def __init__(self, connection: PatientConnection, name: str) -> None:
        self._connection = connection
        self._name = name

    def confirm(self) -> None:
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error as error:
            self._connection.close()
            raise LeadershipLost(
                f"{self._name}: the session that led is gone: {in_one_line(error)}"
            ) from error

    def end(self) -> None:
        self._connection.close()


def lead(dsn: str, name: str, schema: str) -> PostgresLeadership | None:
    """The leadership of a ledger, or None while another session has it."""
    connection = connect(dsn, f"{name} relay", autocommit=True)
    try:
        connection.prepare_session(SILENCE_SECONDS)
        [(is_ours,)] = connection.execute(_LOCK, (schema,)).fetchall()
    except psycopg.Error as error:
        connection.close()
        raise (NotNow if is_not_now(error) else Unreachable)(
            f"{name}: {in_one_line(error)}"
        ) from error
    if is_ours:
        return PostgresLeadership(connection, name)
    connection.close()
    return None
