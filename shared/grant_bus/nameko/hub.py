"""The eventlet hub: made at the start of a process, and proved not to be stalled by the database.

The compiled psycopg waits in C unless it is told otherwise before it is imported; then one slow
query stops every other green thread, heartbeats included, and nobody sees why.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable

# Names are looked up when a connection is made, which is seldom; the library that would do it
# without stopping the hub meanwhile takes 20 MB in each process.
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")

with warnings.catch_warnings():
    # eventlet says at every import that it is in bug-fix mode. That is known, and why this
    # package is the only one that imports it.
    warnings.simplefilter("ignore")
    import eventlet
    import eventlet.debug

WAITING = "PSYCOPG_WAIT_FUNC"
TICK_SECONDS = 0.002
ATTEMPTS = 3


class HubStalls(RuntimeError):
    """This process must not serve: a query would stop everything else in it."""


def patch() -> None:
    """Make this process green. To be called once, first of all."""
    if "psycopg" in sys.modules:
        raise HubStalls("expected monkey_patch() before psycopg is imported; it is imported.")
    os.environ[WAITING] = "wait_selector"
    eventlet.monkey_patch()
    # nameko reports what its threads raise, and our log has it once; eventlet would print it too.
    eventlet.debug.hub_exceptions(False)


def longest_pause(action: Callable[[], object]) -> float:
    """The longest time, in seconds, for which other green threads stood still during `action`."""
    pauses: list[float] = []
    ticker = eventlet.spawn(_tick, pauses)
    eventlet.sleep(2 * TICK_SECONDS)
    try:
        action()
        eventlet.sleep(2 * TICK_SECONDS)
    finally:
        ticker.kill()
    return max(pauses, default=0.0)


def refuse_if_stalled(query: Callable[[], object], limit_seconds: float) -> float:
    """Run a query that takes much longer than the limit. Returns the pause that was measured.

    On a machine that is busy something else may cause a pause; a query that stalls the hub does so
    each time.
    """
    pause = longest_pause(query)
    for _ in range(ATTEMPTS - 1):
        if pause <= limit_seconds:
            break
        pause = min(pause, longest_pause(query))
    if pause > limit_seconds:
        raise HubStalls(
            f"expected pauses of at most {limit_seconds} s during a query, measured {pause:.3f} s: "
            f"the process must be patched before psycopg is imported, with {WAITING}=wait_selector."
        )
    return pause


def _tick(pauses: list[float]) -> None:
    last = time.monotonic()
    while True:
        eventlet.sleep(TICK_SECONDS)
        now = time.monotonic()
        pauses.append(now - last - TICK_SECONDS)
        last = now
