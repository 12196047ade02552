"""From a store's URL to the store. The only place that knows which databases there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from grant_store.sqlite import SQLiteStore, utc_now
from grant_store.store import Store, check_names

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")


def open_store(
    url: str,
    service: str,
    lane: str = "main",
    clock: Callable[[], datetime] | None = None,
) -> Store:
    """The store of one service and lane; nothing is created before its `migrate`.

    `sqlite:///DIR` keeps it in the file DIR/<service>.<lane>.sqlite3 (an absolute DIR begins with
    a fourth slash), `postgresql://…` in schemas of that database. Without a `clock`, SQLite takes
    this machine's and PostgreSQL its server's.
    """
    check_names(service, lane)
    directory = url.removeprefix(_SQLITE)
    if url.startswith(_SQLITE) and directory:
        path = Path(directory) / f"{service}.{lane}.sqlite3"
        return SQLiteStore(path, service, lane, clock or utc_now)
    if url.startswith(_POSTGRES):
        # Only here: the embedded run must not need a PostgreSQL client.
        from grant_store.postgres import PostgresStore

        return PostgresStore(url, service, lane, clock)
    # Not the URL itself: it may hold a password.
    scheme = url.partition(":")[0] if ":" in url else "no scheme"
    raise ValueError(
        f"store URL: expected sqlite:///DIR or postgresql://HOST/DATABASE, not one with {scheme!r}."
    )
