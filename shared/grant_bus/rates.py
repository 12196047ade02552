"""How many commands one sender may give: a bucket of tokens each, filled again at a steady rate."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

SECONDS_AT_ONCE = 10
"""Whoever was silent may send as much at once as comes to them in this time."""
MOST_SENDERS = 10_000


class Rates(Protocol):
    """Counts what each sender gives."""

    def pause_for(self, sender: str) -> float:
        """0.0 and it counts, or after how many seconds this sender may give the next command."""


class _Unlimited:
    def pause_for(self, sender: str) -> float:
        return 0.0


UNLIMITED: Rates = _Unlimited()


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class SenderRates:
    """At most `per_second` commands of each sender in the long run.

    Who is not heard of for the longest time is forgotten first, and starts with a full bucket.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        if per_second <= 0:
            raise ValueError(f"per_second: expected a positive number, not {per_second}")
        self._per_second = per_second
        self._most = max(per_second * SECONDS_AT_ONCE, 1.0)
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def pause_for(self, sender: str) -> float:
        bucket = self._filled(sender)
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._per_second
        bucket.tokens -= 1
        return 0.0

    def _filled(self, sender: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(sender)
        if bucket is None:
            bucket = self._buckets[sender] = _Bucket(self._most, now)
            if len(self._buckets) > MOST_SENDERS:
                self._buckets.popitem(last=False)
        grown = (now - bucket.filled_at) * self._per_second
        bucket.tokens, bucket.filled_at = min(bucket.tokens + grown, self._most), now
        self._buckets.move_to_end(sender)
        return bucket
