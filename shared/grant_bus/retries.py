"""What a failure is worth: again later, never, or unknown. Decided here and nowhere else.

- *Again later*, with a back-off: the machine, not the event. The database is away, another process
  is quicker again and again, there is no room. Nothing is parked. Whoever meets it pauses
  (`pauses`) and starts again from what the store says; what does not pass by itself (no room, not
  migrated) ends the process, and whoever starts it again does so later.
- *Never*: the event and this program do not go together, however often they are tried. It is
  parked with its case until an operator has mended the cause and retries it.
- *Unknown*: the connection broke during the append, and it may be recorded. The store is asked:
  its tracking says whether an event was followed, its outcomes what became of a command's key.
"""

from __future__ import annotations

from typing import Literal

from grant_store.catalogue import UnknownTopic, UnreadableState
from grant_store.errors import OutcomeUnknown, StoreError

Retry = Literal["again_later", "never", "unknown"]

OF_THE_LEDGER = (UnknownTopic, UnreadableState)
"""The store answers, but with an event that this program cannot read: waiting is no use."""


def retry_after(error: BaseException) -> Retry:
    """Whether what failed with this error may be tried again."""
    if isinstance(error, OutcomeUnknown):
        return "unknown"
    if isinstance(error, OF_THE_LEDGER):
        return "never"
    return "again_later" if isinstance(error, StoreError | MemoryError) else "never"
