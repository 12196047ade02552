"""How a case is named: every service derives the same id from the reference that people use."""

from __future__ import annotations

from functools import lru_cache
from uuid import NAMESPACE_URL, UUID, uuid5


@lru_cache(maxsize=5_000)  # Every command on a case names it, and the hash takes a while.
def case_id_of(reference: str) -> UUID:
    """The id of the case with this reference, in the store of every service."""
    return uuid5(NAMESPACE_URL, f"/cases/{reference}")
