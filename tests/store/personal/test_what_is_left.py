"""What is left of a destroyed key in PostgreSQL's files, and for how long: nothing that opens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from grant_store.personal.encryption_keys import FILE_NAME, EncryptionKeysUnfit
from grant_store.personal.key_store import StoredKey
from grant_store.personal.opening import open_vault
from grant_store.personal.vault import Vault
from support.personal import a_sealed_account
from support.postgres import PostgresServer

SEGMENTS = 40
"""More than there ever are at once: all that were used before have been written over."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of its own, whose log is short enough to be seen ending."""
    with PostgresServer(short_log=True) as server:
        if server.folder is None:
            pytest.skip("the files of a server in a container are not seen from here")
        yield server


@pytest.fixture
def vault(server: PostgresServer, tmp_path: Path) -> Iterator[Vault]:
    vault = open_vault(server.create_database("vault"), tmp_path / FILE_NAME)
    vault.migrate()
    yield vault
    vault.close()


def execute(server: PostgresServer, *statements: str) -> None:
    with psycopg.connect(server.dsn("vault"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def in_table(server: PostgresServer, key: StoredKey) -> bool:
    return _stands_in(server, "base", key)


def in_log(server: PostgresServer, key: StoredKey) -> bool:
    return _stands_in(server, "pg_wal", key)


def _stands_in(server: PostgresServer, folder: str, key: StoredKey) -> bool:
    """Whether the wrapped key is in the bytes of a folder's files."""
    assert server.folder
    assert key.wrapped
    files = (path for path in (server.folder / "data" / folder).rglob("*") if path.is_file())
    return any(key.wrapped in path.read_bytes() for path in files)


@pytest.mark.servers
def test_table_and_log_keep_a_destroyed_key_for_a_while_and_nothing_of_it_opens(
    server: PostgresServer, vault: Vault
) -> None:
    sealed = a_sealed_account(vault, "ZIQ-2020-0001")
    [key] = vault.keys.with_ids([sealed.key]).values()
    execute(server, "CHECKPOINT")
    assert in_table(server, key)
    assert in_log(server, key)

    # Destroyed, the old row still stands in the table's file, and the log has it anyway.
    vault.destroy(sealed.holder)
    execute(server, "CHECKPOINT")
    assert in_table(server, key)
    assert vault._unwrapped(key), "whoever has that row and the file of today still opens it"

    # Rewrapped, it is out of the table, and what the log still has cannot be opened any more.
    vault.rewrap()
    execute(server, "CHECKPOINT")
    assert not in_table(server, key)
    assert in_log(server, key)
    with pytest.raises(EncryptionKeysUnfit, match="is not there"):
        vault._unwrapped(key)

    # A segment that was switched away from and is used again keeps its bytes under another name.
    execute(server, "SELECT pg_switch_wal()", "CHECKPOINT")
    assert in_log(server, key)

    # Only when all segments were written over are they gone.
    execute(
        server,
        "CREATE TABLE ballast (content text)",
        "ALTER TABLE ballast ALTER content SET STORAGE EXTERNAL",  # Not compressed.
        "INSERT INTO ballast SELECT repeat(md5(n::text), 1000)"
        f" FROM generate_series(1, {SEGMENTS * 32}) AS n",
        *(["SELECT pg_switch_wal()", "CHECKPOINT"] * 2),
        "DROP TABLE ballast",
        "CHECKPOINT",
    )
    assert not in_log(server, key)
