"""What processes have in common of which one leads and others stand by, until they are to end."""

from __future__ import annotations

import signal
from collections.abc import Callable
from threading import Event
from types import FrameType

import structlog

from grant_store.store import Leadership

STAND_BY_SECONDS = 1.0
"""How often a standby looks whether it may lead."""

_log = structlog.get_logger()


def ending_on_signals() -> Event:
    """Set when the process is asked to end."""
    ending = Event()

    def end(number: int, frame: FrameType | None) -> None:
        ending.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return ending


def stand_by(lead: Callable[[], Leadership | None], work: str, ending: Event) -> Leadership | None:
    """The leadership as soon as it is free, or None if the process is to end before."""
    is_standing_by = False
    while not ending.is_set():
        if leadership := lead():
            return leadership
        if not is_standing_by:
            _log.info(f"standing by: another process {work} this store")
            is_standing_by = True
        ending.wait(STAND_BY_SECONDS)
    return None
