"""From the vault's URL to the vault. It knows which key stores there are, and no data key."""

from __future__ import annotations

from pathlib import Path

from grant_store.personal.encryption_keys import EncryptionKeys
from grant_store.personal.key_store import KeyStore
from grant_store.personal.sqlite_keys import SQLiteKeys
from grant_store.personal.vault import Vault

KEYS_FILE = "keys.sqlite3"
_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")


def open_vault(url: str, encryption_keys: Path) -> Vault:
    """The vault whose data keys are at `url` and are protected by the keys in that file.

    `sqlite:///DIR` keeps data keys in DIR/keys.sqlite3, `postgresql://…` in the schema `vault` of
    that database. Nothing is created before `migrate` of its key store.
    """
    return Vault(_key_store(url), EncryptionKeys(encryption_keys))


def _key_store(url: str) -> KeyStore:
    directory = url.removeprefix(_SQLITE)
    if url.startswith(_SQLITE) and directory:
        return SQLiteKeys(Path(directory) / KEYS_FILE)
    if url.startswith(_POSTGRES):
        # Only here: the embedded run must not need a PostgreSQL client.
        from grant_store.personal.postgres_keys import PostgresKeys

        return PostgresKeys(url)
    # Not the URL itself: it may hold a password.
    raise ValueError("vault URL: expected sqlite:///DIR or postgresql://HOST/DATABASE.")
