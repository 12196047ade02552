"""How long to wait before something that failed is tried again: twice as long each time."""

from __future__ import annotations

SHORTEST_SECONDS = 0.2
LONGEST_SECONDS = 2.0


class Pauses:
    """The pauses of one loop. It is reset when the loop got through."""

    def __init__(self) -> None:
        self._next_seconds = SHORTEST_SECONDS

    def next(self) -> float:
        """Seconds to wait now."""
        now, self._next_seconds = self._next_seconds, min(2 * self._next_seconds, LONGEST_SECONDS)
        return now

    def reset(self) -> None:
        self._next_seconds = SHORTEST_SECONDS
