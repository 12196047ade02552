"""A broker that is short of memory or disk takes nothing for a while, and says so.

It then reads nothing more from whoever publishes: no message, no acknowledgement, no goodbye.
"""

from __future__ import annotations

from typing import Any

import structlog

from grant_bus.rabbit_hearing import release

_log = structlog.get_logger()


class Blockage:
    """Whether the broker takes nothing from one connection, as far as it has been heard."""

    def __init__(self, connection: Any) -> None:
        self.is_on = False
        self._connection = connection
        connection.connection.on_blocked = self._when_blocked
        connection.connection.on_unblocked = self._when_unblocked

    def release(self) -> None:
        """Close the connection. While it is blocked, nobody would answer a goodbye."""
        if self.is_on:
            self._connection.collect()
        release(self._connection)

    def _when_blocked(self, reason: str) -> None:
        self.is_on = True
        _log.warning("the broker takes nothing for now", reason=reason)

    def _when_unblocked(self) -> None:
        self.is_on = False
        _log.info("the broker takes messages again")
