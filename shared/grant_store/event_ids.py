"""Ids of events: random, and in the order of time (UUID version 7, RFC 9562 § 5.7).

Ids that follow one another lie side by side in an index. Wholly random ones would touch a page of
it each, and at a million events an append would wait for the disk to read them.
"""

from __future__ import annotations

import os
import time
from uuid import UUID

_RANDOM_BITS = 74
_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_LOW_BITS = 62


def new_event_id() -> UUID:
    """A new id: milliseconds since 1970 by this machine's clock, then 74 random bits.

    The instant in it proves nothing and decides nothing: `recorded_at` does.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big") >> (80 - _RANDOM_BITS)
    high, low = random >> _LOW_BITS, random & ((1 << _LOW_BITS) - 1)
    return UUID(int=milliseconds << 80 | _VERSION_7 | high << 64 | _VARIANT | low)
