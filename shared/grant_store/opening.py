"""From a store's URL to the store. The only place that knows which databases there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from grant_store.log.sqlite import SQLiteLedgerView, SQLiteLogStore
from grant_store.log.store import LedgerView, LogStore
from grant_store.sqlite import SQLiteStore, utc_now
from grant_store.store import Store, check_names

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")


def open_store(
    url: str,
    service: str,
    lane: str = "main",
    clock: Callable[[], datetime] | None = None,
    *,
    read_only: bool = False,
) -> Store:
    """The store of one service and lane; nothing is created before its `migrate`.

    `sqlite:///DIR` keeps it in the file DIR/<service>.<lane>.sqlite3 (an absolute DIR begins with
    a fourth slash), `postgresql://…` in schemas of that database. Without a `clock`, SQLite takes
    this machine's and PostgreSQL its server's. What is opened `read_only` cannot be changed through
    it: the file is opened for reading, and every transaction of the database is a read-only one.
    """
    check_names(service, lane)
    if directory := _directory(url):
        path = directory / f"{service}.{lane}.sqlite3"
        return SQLiteStore(path, service, lane, clock or utc_now, read_only=read_only)
    if url.startswith(_POSTGRES):
        # Only here: the embedded run must not need a PostgreSQL client.
        from grant_store.postgres import PostgresStore

        return PostgresStore(url, service, lane, clock, read_only=read_only)
    raise _unknown(url)


def open_log(url: str, service: str, lane: str = "main", epoch: int | None = None) -> LogStore:
    """The transparency log beside the store that `open_store` opens by the same URL.

    On SQLite it is the file DIR/<service>.<lane>.log.sqlite3. Without an `epoch`, the newest.
    """
    check_names(service, lane)
    if directory := _directory(url):
        return SQLiteLogStore(directory / f"{service}.{lane}.log.sqlite3", service, lane, epoch)
    if url.startswith(_POSTGRES):
        from grant_store.log.postgres import PostgresLogStore

        return PostgresLogStore(url, service, lane, epoch)
    raise _unknown(url)


def open_ledger_view(url: str, service: str, lane: str = "main") -> LedgerView:
    """The same ledger through its versioned view: all that checkpointers and auditors may read."""
    check_names(service, lane)
    if directory := _directory(url):
        return SQLiteLedgerView(directory / f"{service}.{lane}.sqlite3", service, lane)
    if url.startswith(_POSTGRES):
        from grant_store.log.postgres import PostgresLedgerView

        return PostgresLedgerView(url, service, lane)
    raise _unknown(url)


def _directory(url: str) -> Path | None:
    """The directory of an embedded store, or None if the URL is another one's."""
    directory = url.removeprefix(_SQLITE)
    return Path(directory) if url.startswith(_SQLITE) and directory else None


def _unknown(url: str) -> ValueError:
    # Not the URL itself: it may hold a password.
    scheme = url.partition(":")[0] if ":" in url else "no scheme"
    return ValueError(
        f"store URL: expected sqlite:///DIR or postgresql://HOST/DATABASE, not one with {scheme!r}."
    )
