"""Waiting for something to become true, with a deadline and a word for what was waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.02


def eventually(what: str, holds: Callable[[], T], timeout_seconds: float = 20.0) -> T:
    """The first answer that is true. An `AssertionError` names what did not come in time."""
    deadline = time.monotonic() + timeout_seconds
    while not (answer := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_seconds:g} seconds in vain: {what}")
        time.sleep(POLL_SECONDS)
    return answer
