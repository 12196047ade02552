"""The interface of a store: one per service and lane. SQLite and PostgreSQL implement it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from grant_store.rows import (
    Append,
    Appended,
    Document,
    Head,
    KindAndKey,
    LedgerEvent,
    SenderAndKey,
    Standing,
    StoredOutcome,
    Tracked,
)

_NAME = re.compile(r"[a-z][a-z0-9]{0,24}")
_TAKEN = ("relay", "work", "log", "checkpointer")


def check_names(service: str, lane: str) -> None:
    """Names become files, schemas and roles, which must not be cut off: `<service>_work` is no
    lane's schema, and `<service>_relay` no lane's role. A file `<service>.log.sqlite3` would be
    a lane's, and so none is called so."""
    for what, name in (("service", service), ("lane", lane)):
        if not _NAME.fullmatch(name) or name in _TAKEN:
            raise ValueError(
                f"{what}: expected at most 25 lower-case letters and digits, beginning with "
                f"a letter, and none of {', '.join(_TAKEN)} - got {name!r}."
            )


class Leadership(Protocol):
    """The right to relay a store, or to sign its heads. One process has it at a time, and loses it
    when it ends."""

    def confirm(self) -> None:
        """Raises `LeadershipLost` where another process may have it by now."""

    def end(self) -> None:
        """Let another process have it."""


class Store(Protocol):
    """A ledger that is only ever appended to, and the working data that moves with it.

    `origin` is "<service>/<lane>", the name under which others follow this ledger.
    """

    service: str
    lane: str

    @property
    def origin(self) -> str: ...

    def migrate(self) -> None:
        """Create what is missing. Calling it again changes nothing."""

    def grant_roles(self, prefix: str, readers: Sequence[str] = ()) -> None:
        """Let the role `<prefix><service>` run this service, `<prefix><service>_relay` its relay
        and `<prefix><service>_checkpointer` its checkpointer (their names go on like the ledger's
        schema), `<prefix>reader` look at everything, `<prefix>auditor` at view and log, and
        `<prefix>courier` bring back what others say of heads. The services in `readers` may read
        the ledger through its view.

        A `StoreError` where there are no roles."""

    def append(self, append: Append) -> Appended:
        """Write everything in one transaction, or raise an `AppendConflict` and write nothing."""

    def head(self) -> Head: ...

    def events_after(self, position: int, limit: int) -> list[LedgerEvent]:
        """The next events in order of position, at most `limit`."""

    def stream(self, originator_id: UUID, after_version: int = 0) -> list[LedgerEvent]:
        """The events of one aggregate in order of version."""

    def tracked(self, upstream: str) -> Tracked:
        """How far an upstream was followed; position 0 with an empty leaf if never."""

    def streams(self, originator_ids: Sequence[UUID]) -> dict[UUID, list[LedgerEvent]]:
        """The events of each of these aggregates in order of version; none for an unknown one."""

    def standing(self) -> Standing:
        """Head and tracking in one question."""

    def outcome(self, sender: str, key: str) -> StoredOutcome | None:
        """What became of a command, or None if this key was never recorded."""

    def outcomes(self, keys: Sequence[SenderAndKey]) -> dict[SenderAndKey, StoredOutcome]:
        """What became of those of these commands whose keys are recorded."""

    def document(self, kind: str, key: str) -> bytes | None: ...

    def documents_at(self, names: Sequence[KindAndKey]) -> dict[KindAndKey, bytes]:
        """The bodies of those of these documents that there are."""

    def documents(self, kind: str, prefix: str = "") -> list[Document]:
        """All documents of a kind whose key begins with `prefix`, in order of key."""

    def document_counts(self) -> dict[str, int]:
        """How many documents of each kind there are, by kind."""

    def lead(self) -> Leadership | None:
        """The leadership of this store's relay, or None while another process has it."""

    def relayed(self) -> int:
        """The position up to which the relay has published."""

    def move_relay(self, position: int) -> None:
        """Remember that everything up to `position` is published. Never moves back.

        Not flushed to disk: a position lost with the power lets the relay repeat, never skip.
        """

    def close(self) -> None: ...
