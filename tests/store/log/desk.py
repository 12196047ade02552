"""A ledger, its log and whoever signs it, on either database. No assertions here."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg

from grant_store.log.broken import KnownHead
from grant_store.log.checked_epoch import Checked
from grant_store.log.checking import check
from grant_store.log.checkpointer import Checkpointer
from grant_store.log.cosignature import KeysOf, no_keys
from grant_store.log.log_keys import SigningKey, keys_of_log, public_keys
from grant_store.log.store import LedgerView, LogStore
from grant_store.log.tree import CompactRange
from grant_store.opening import open_ledger_view, open_log, open_store
from store.log.growing import grow

LATER = datetime(2027, 3, 2, 12, tzinfo=UTC)
LOG_NAME = "grants.example"
ORIGIN = f"{LOG_NAME}/budgeting/main"


@dataclass
class Desk:
    """One checkpointer with the stores that it works on."""

    url: str
    keys: Path
    opened: ExitStack
    known: list[KnownHead] = field(default_factory=list)
    now: datetime = LATER
    told_the_time: Callable[[], None] = lambda: None
    """What happens while somebody looks at the clock."""

    def __post_init__(self) -> None:
        self.store = self.opened.enter_context(closing(open_store(self.url, "budgeting")))
        self.log = self.opened.enter_context(closing(open_log(self.url, "budgeting")))
        self.store.migrate()
        self.log.migrate()

    def checkpointer(self, log_name: str = LOG_NAME, keys: str = "log") -> Checkpointer:
        """Another process, as it would begin now."""
        ledger = self.ledger()
        log = self.opened.enter_context(closing(open_log(self.url, "budgeting")))
        folder = self.keys / keys
        folder.mkdir(exist_ok=True)

        def keys_of(origin: str) -> tuple[SigningKey, ...]:
            return keys_of_log(folder, origin)

        former = partial(public_keys, folder)
        return Checkpointer(log_name, log, ledger, keys_of, self._clock, self.exported, former)

    def _clock(self) -> datetime:
        self.told_the_time()
        return self.now

    def ledger(self) -> LedgerView:
        return self.opened.enter_context(closing(open_ledger_view(self.url, "budgeting")))

    def check(
        self, keys_of: KeysOf = no_keys, progress: Callable[[int], None] = lambda size: None
    ) -> list[Checked]:
        """All epochs of the log, recomputed."""

        def log_of(epoch: int | None) -> LogStore:
            opening = open_log(self.url, "budgeting", epoch=epoch)
            return self.opened.enter_context(closing(opening))

        return check(LOG_NAME, log_of, self.ledger(), keys_of, progress)

    def leaves(self) -> list[bytes]:
        return [row.leaf_hash for row in self.store.events_after(0, 1_000_000)]

    def root(self, size: int) -> bytes:
        grown = CompactRange()
        grown.extend(self.leaves()[:size])
        return grown.root()

    def exported(self, first_origin: str) -> KnownHead | None:
        """What the test says that has left the stores."""
        return max(
            (head for head in self.known if head.origin.startswith(first_origin)), default=None
        )


def change(desk: Desk, statement: str) -> None:
    """What only somebody can do who owns the database or the file."""
    if desk.url.startswith("sqlite"):
        path = Path(desk.url.removeprefix("sqlite:///")) / "budgeting.main.sqlite3"
        with closing(sqlite3.connect(path)) as connection:
            for trigger in ("stay", "remain"):
                connection.execute(f"DROP TRIGGER IF EXISTS ledger_events_{trigger}")
            connection.execute(statement.format(events="ledger_events"))
            connection.commit()
        return
    with psycopg.connect(desk.url) as session:
        session.execute("ALTER TABLE budgeting.events DISABLE TRIGGER events_stay")
        session.execute(statement.format(events="budgeting.events"))


def replace_event(desk: Desk, position: int) -> None:
    """Another event at this position, with a leaf that is right for it."""
    rows = desk.store.events_after(position - 1, 1000)
    change(desk, f"DELETE FROM {{events}} WHERE position >= {position}")
    grow(desk.store, len(rows))


def change_log(desk: Desk, table: str, setting: str) -> None:
    """Change all rows of a table of the log, as only its owner can."""
    if desk.url.startswith("sqlite"):
        path = Path(desk.url.removeprefix("sqlite:///")) / "budgeting.main.log.sqlite3"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"DROP TRIGGER log_{table}_stay")
            connection.execute(f"UPDATE log_{table} SET {setting.format(heads='log_heads')}")
            connection.commit()
        return
    with psycopg.connect(desk.url) as session:
        session.execute(f"ALTER TABLE budgeting_log.{table} DISABLE TRIGGER {table}_stay")
        setting = setting.format(heads="budgeting_log.heads")
        session.execute(f"UPDATE budgeting_log.{table} SET {setting}".encode())
