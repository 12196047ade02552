"""Where wrapped data keys are kept: the interface, and one key as a row.

SQLite and PostgreSQL implement it, each apart from every ledger. It knows no clear key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from grant_values.personal import Holder

FIRST: Final = UUID(int=0)


@dataclass(frozen=True)
class StoredKey:
    """A data key as it is kept. `wrapped` is None when it was destroyed: only that it was there
    is left of it."""

    key_id: UUID
    holder: Holder
    wrapped_under: str
    wrapped: bytes | None

    @property
    def is_destroyed(self) -> bool:
        return self.wrapped is None


class KeyStore(Protocol):
    """One key for each subject and purpose, for ever: a destroyed one is never replaced."""

    def migrate(self) -> None:
        """Create what is missing. Again changes nothing."""

    def grant_roles(self, prefix: str) -> None:
        """Let `<prefix>border` seal, `<prefix>intake` open and destroy, and `<prefix>disbursement`
        open, as far as there are such roles. A `StoreError` where the database has no roles."""

    def add(self, fresh: Callable[[], Sequence[StoredKey]]) -> None:
        """Keep these in one transaction; where a holder has a key already, that one stays.

        `fresh` is called within it, and must not ask the store: what it finds of the keys that
        protect all others holds until the transaction ends, as `wait_for_additions` knows.
        """

    def wait_for_additions(self) -> None:
        """Return when every `add` has ended that had begun before."""

    def of_holders(self, holders: Collection[Holder]) -> dict[Holder, StoredKey]: ...

    def with_ids(self, key_ids: Collection[UUID]) -> dict[UUID, StoredKey]: ...

    def of_subject(self, subject: UUID) -> list[StoredKey]: ...

    def of_purpose(self, purpose: str) -> list[StoredKey]:
        """All keys of one purpose: of those that persons have, that may be very many."""

    def destroy(self, holder: Holder) -> UUID | None:
        """Overwrite the key of a holder for good. Its id, also when it was destroyed before; None
        where there never was one."""

    def wrapped_otherwise(
        self, wrapped_under: str, limit: int, after: UUID = FIRST
    ) -> list[StoredKey]:
        """Keys that are not wrapped under this key encryption key, at most `limit` of those whose
        ids follow `after`, in the order of their ids."""

    def protections(self) -> dict[str, int]:
        """How many keys are wrapped under each key encryption key."""

    def wrap_anew(self, keys: Sequence[StoredKey]) -> None:
        """Replace how these are wrapped, in one transaction. One destroyed meanwhile stays so."""

    def sweep(self) -> None:
        """Overwrite what the database may have kept of rows that were changed or removed."""

    def counts(self) -> dict[str, tuple[int, int]]:
        """By purpose: how many keys there are, and how many were destroyed."""

    def close(self) -> None: ...
