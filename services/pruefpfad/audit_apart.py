"""Audit in a process of its own beside an embedded run, so that both cores work.

What the auditor reads follows from the ledgers and decides nothing: it may lag behind. It reads the
ledgers' files itself, and ends with the process that it was started by, however that ends.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

from grant_bus.actors import TokenCheck
from grant_bus.follower import Follower
from grant_bus.straight import NoRequests, StraightFeed
from grant_store.sqlite import utc_now
from pruefpfad.assembly import SERVICES
from pruefpfad.continuity import continuity_of
from pruefpfad.embedded import LANE, EmbeddedSystem, embedded_store
from pruefpfad.keys import PUBLIC, public_key
from pruefpfad.processes.memory import look_for_garbage_seldom

AUDIT = "audit"
IDLE_SECONDS = 0.02


class AuditStopped(RuntimeError):
    """The process that follows for audit cannot go on. What it had followed stands in its store."""


class AuditApart:
    """Follows for audit in another process as long as the context is open."""

    def __init__(self, system: EmbeddedSystem) -> None:
        self._system = system
        # "spawn", because a fork would share open SQLite connections, which loses data.
        context = get_context("spawn")
        self._pipe, its_pipe = context.Pipe()
        self._process = context.Process(target=_follow, args=(system.folder, its_pipe), daemon=True)
        self._its_pipe = its_pipe

    def __enter__(self) -> Self:
        self._system.detach(AUDIT)
        self._process.start()
        self._its_pipe.close()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pipe.close()
        self._process.join()
        self._system.attach(AUDIT)

    def catch_up(self) -> None:
        """Return when audit has followed everything that is recorded now."""
        # Where it has ended, what it said last can still be read.
        with suppress(BrokenPipeError):
            self._pipe.send(self._system.heads())
        try:
            complaint = self._pipe.recv()
        except (EOFError, ConnectionResetError) as error:
            raise AuditStopped("audit: the process that follows has ended.") from error
        if complaint:
            raise AuditStopped(f"audit: {complaint}")


def _follow(folder: Path, pipe: Connection) -> None:
    """The other process: follow what comes, and say so when told heads are reached."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that is being watched.
    look_for_garbage_seldom(new_objects=500_000)
    with ExitStack() as opened:
        feeds = _feeds(folder, opened)
        try:
            while True:
                moved = sum(feed.turn() for feed in feeds)
                if pipe.poll(0 if moved else IDLE_SECONDS):
                    _reach(feeds, pipe.recv())
                    pipe.send("")
        except EOFError:
            return  # Nobody waits for us any more.
        except Exception as error:  # noqa: BLE001 - told to the process that waits.
            pipe.send(f"{type(error).__name__}: {error}")


def _feeds(folder: Path, opened: ExitStack) -> list[StraightFeed]:
    store = opened.enter_context(closing(embedded_store(folder, AUDIT, utc_now)))
    tokens = TokenCheck(public_key(folder / "keys" / PUBLIC), utc_now)
    continuity = continuity_of(f"sqlite:///{folder}", AUDIT, LANE, "", None)
    writer = SERVICES[AUDIT].writer(store, tokens, utc_now, continuity=continuity)
    feeds = []
    for upstream in writer.policies.upstreams:
        ledger = opened.enter_context(closing(embedded_store(folder, upstream, utc_now)))
        follower = Follower(f"{upstream}/{LANE}", writer, NoRequests())
        feeds.append(StraightFeed(ledger, follower))
    return feeds


def _reach(feeds: list[StraightFeed], heads: Mapping[str, int]) -> None:
    for feed in feeds:
        head = heads[feed.origin.partition("/")[0]]
        while feed.position < head:
            feed.turn()
