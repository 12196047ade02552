"""Runs the checkpointer of one service as a process: no nameko, one thread, and a broker only where
heads are anchored.

It signs when there is much or it was long ago; what it may sign is the checkpointer's business.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event

import structlog

from grant_bus.pauses import Pauses
from grant_bus.writer import AWAY
from grant_store.log.checkpointer import Checkpointer
from grant_store.log.continuing import nothing_exported
from grant_store.log.known_heads import newest_known
from grant_store.log.log_keys import keys_of_log, public_keys
from grant_store.log.reading import NotConsistent
from grant_store.log.store import LedgerView, LogStore
from grant_store.opening import open_ledger_view, open_log
from grant_store.sqlite import utc_now
from pruefpfad.processes import logs
from pruefpfad.processes.anchoring import anchoring_of
from pruefpfad.processes.configuration import FOR_CHECKPOINTER, Configuration, Misconfigured, read
from pruefpfad.processes.leading import ending_on_signals, stand_by

POLL_SECONDS = 1.0
"""How often the ledger is asked how long it is."""

_log = structlog.get_logger()


class Rhythm:
    """When a head is due: after so many new events, or so long after the last one."""

    def __init__(self, leaves: int, seconds: float, clock: Callable[[], float]) -> None:
        self._leaves = leaves
        self._seconds = seconds
        self._clock = clock
        self._signed_at = -float("inf")

    def is_due(self, unsigned: int) -> bool:
        is_late = self._clock() - self._signed_at >= self._seconds
        return unsigned >= self._leaves or (unsigned > 0 and is_late)

    def signed(self) -> None:
        self._signed_at = self._clock()


def checkpointer(service: str, configuration: Configuration) -> int:
    """Sign until SIGTERM; returns the exit code: 0 after an orderly end, 1 if it had to stop.

    It stops where the ledger is not what was signed before; starting it again changes nothing.
    """
    logs.configure(configuration.log_level, service=service, role="checkpointer")
    ending = ending_on_signals()
    url, lane = configuration.database_url, configuration.lane
    try:
        with (
            closing(open_log(url, service, lane)) as log,
            closing(open_ledger_view(url, service, lane)) as ledger,
        ):
            _sign(log, ledger, configuration, ending)
    except NotConsistent as error:
        _log.critical(
            "no head is signed: the ledger does not continue what was signed before",
            position=error.position,
            exc_info=error,
        )
        return 1
    except Exception as error:  # noqa: BLE001 - the process ends and says why.
        _log.critical("the checkpointer stops", exc_info=error)
        return 1
    _log.info("ended")
    return 0


def signing(
    log: LogStore, ledger: LedgerView, log_name: str, keys: Path, heads: Path | None
) -> Checkpointer:
    """The checkpointer of a log with the keys in a folder, and the heads exported to another."""
    return Checkpointer(
        *(log_name, log, ledger, partial(keys_of_log, keys), utc_now),
        exported=partial(newest_known, heads, keys_of=partial(public_keys, keys))
        if heads
        else nothing_exported,
        former_keys_of=partial(public_keys, keys),
    )


def _sign(log: LogStore, ledger: LedgerView, configuration: Configuration, ending: Event) -> None:
    pauses = Pauses()
    while not ending.is_set():
        started_at = time.monotonic()
        try:
            _sign_while_leading(log, ledger, configuration, ending)
        except AWAY as error:
            if time.monotonic() - started_at > 10:
                pauses.reset()
            pause = pauses.next()
            _log.warning("signing again later", pause_seconds=pause, error=str(error))
            ending.wait(pause)


def _sign_while_leading(
    log: LogStore, ledger: LedgerView, configuration: Configuration, ending: Event
) -> None:
    leadership = stand_by(log.lead, "signs the heads of", ending)
    if leadership is None:
        return
    if configuration.log_keys is None:
        raise ValueError("log_keys: expected a folder with the log's keys")
    settings = configuration.log_name, configuration.log_keys, configuration.heads_dir
    ours = signing(log, ledger, *settings)
    rhythm = Rhythm(
        configuration.checkpoint_leaves, configuration.checkpoint_seconds, time.monotonic
    )
    anchor = anchoring_of(log, ledger, configuration)
    try:
        _log.info("signing")
        while not ending.is_set():
            leadership.confirm()
            sign_if_due(ours, rhythm)
            anchor()
            ending.wait(POLL_SECONDS)
    finally:
        leadership.end()


def sign_if_due(ours: Checkpointer, rhythm: Rhythm) -> None:
    """Sign what is new, if a head is due by the rhythm."""
    if not rhythm.is_due(ours.unsigned()):
        return
    for head in ours.sign_all():
        _log.info("signed", size=head.size, root=head.root.hex(), epoch=head.epoch)
    rhythm.signed()


def main(arguments: list[str]) -> int:
    try:
        return checkpointer(arguments[0], read(FOR_CHECKPOINTER))
    except Misconfigured as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
