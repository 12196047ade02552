"""Who relays a ledger in a SQLite file: whoever holds the lock of a second file beside it.

The lock is SQLite's own, so that it is the same on every system. The operating system takes it
back from a process that has ended, however it ended. It holds between processes of one machine.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path


class SQLiteLeadership:
    """The lock of one ledger's relay, held by an open transaction in which nothing is done."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def confirm(self) -> None:
        """Nobody can take it from a process that lives."""

    def end(self) -> None:
        self._connection.close()


def lead(lock: Path) -> SQLiteLeadership | None:
    """The leadership of the ledger beside this file, or None while another process has it."""
    connection = sqlite3.connect(lock, isolation_level=None, check_same_thread=False, timeout=0)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return None
    return SQLiteLeadership(connection)
