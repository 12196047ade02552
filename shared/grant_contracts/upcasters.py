"""The one list of upcasters. The service that records an event and all that follow it use the same.

To raise an event's version, see docs/events.md. A step stays for good, as the events do.
"""

from __future__ import annotations

from typing import Final

from grant_contracts.upcasting import Upcast, Upcasters

STEPS: Final[dict[tuple[str, int], Upcast]] = {}
"""Topic and version that a step begins at. No version of any event has been raised yet."""

UPCASTERS: Final = Upcasters(STEPS)
