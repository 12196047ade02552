"""Who relays a ledger on PostgreSQL, and who signs its heads: whoever's session holds the lock.

The session is one of its own. The server ends it when its client is gone, and the lock with it.
"""

from __future__ import annotations

import psycopg

from grant_store.errors import LeadershipLost, NotNow, Unreachable
from grant_store.postgres_connection import connect, in_one_line, is_not_now
from grant_store.postgres_patience import SILENCE_SECONDS, PatientConnection

# Beside the 20582 of those who append; the second number is the ledger.
_LOCK = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
_NUMBERS = {"relay": 20583, "checkpointer": 20584}


class PostgresLeadership:
    """The lock of one ledger's relay or checkpointer, held by an open session."""

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


def lead(dsn: str, name: str, schema: str, role: str = "relay") -> PostgresLeadership | None:
    """The leadership of a ledger in a role, or None while another session has it."""
    connection = connect(dsn, f"{name} {role}", autocommit=True)
    try:
        connection.prepare_session(SILENCE_SECONDS)
        [(is_ours,)] = connection.execute(_LOCK, (_NUMBERS[role], schema)).fetchall()
    except psycopg.Error as error:
        connection.close()
        raise (NotNow if is_not_now(error) else Unreachable)(
            f"{name}: {in_one_line(error)}"
        ) from error
    if is_ours:
        return PostgresLeadership(connection, name)
    connection.close()
    return None
