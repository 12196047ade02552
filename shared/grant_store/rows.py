"""What goes into a store and what comes out of it. No database here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID


class NewEvent(NamedTuple):
    """An event before it has a place: the store gives it position, instant and leaf."""

    event_id: UUID
    originator_id: UUID
    originator_version: int
    topic: str
    schema_version: int
    state: bytes
    metadata: bytes


class LedgerEvent(NamedTuple):
    """One row of the ledger, as stored. `recorded_at` is aware UTC with microseconds."""

    position: int
    event_id: UUID
    originator_id: UUID
    originator_version: int
    topic: str
    schema_version: int
    recorded_at: datetime
    state: bytes
    metadata: bytes
    leaf_hash: bytes


class Head(NamedTuple):
    """The last position of a ledger and its leaf; position 0 and no leaf if nothing is recorded."""

    position: int
    leaf_hash: bytes


ANY_LOWER = -1


class Tracked(NamedTuple):
    """How far one upstream ("intake/main") has been followed, and the leaf found there.

    In an append, `after` is how far it must have been followed until then: documents that were
    read by one follower and written after another one's would count the same events twice.
    """

    upstream: str
    position: int
    leaf_hash: bytes
    after: int = ANY_LOWER


class Outcome(NamedTuple):
    """What became of a command, kept under sender and key: a repeat gets the same answer.

    `first` and `event_count` say which events of the same append are the command's own.
    """

    sender: str
    key: str
    body_hash: bytes
    kind: str
    reason: str
    first: int
    event_count: int


class Standing(NamedTuple):
    """Where a store stands: the position of its head, and how far it has followed whom."""

    position: int
    followed: Mapping[str, int]

    def followed_to(self, upstream: str) -> int:
        return self.followed.get(upstream, 0)


KindAndKey = tuple[str, str]
"""What a document is known by."""

SenderAndKey = tuple[str, str]
"""What a command is known by: the same key of another sender is another command."""


class StoredOutcome(NamedTuple):
    """A recorded outcome. `positions` are those of the command's events, empty if it had none."""

    sender: str
    key: str
    body_hash: bytes
    kind: str
    reason: str
    positions: range


def standing_of(rows: Sequence[tuple[int, str | None, int | None]]) -> Standing:
    """Of rows of the head's position, an upstream and how far it was followed; at least one."""
    followed = {upstream: at for _, upstream, at in rows if upstream is not None and at is not None}
    return Standing(rows[0][0], followed)


def stored_outcome(row: Sequence[Any]) -> StoredOutcome:
    """The outcome of a stored row: its fields, then the first position and the count of events."""
    sender, key, body_hash, kind, reason, first, count = row
    return StoredOutcome(sender, key, body_hash, kind, reason, range(first, first + count))


def keys_with_prefix(prefix: str) -> tuple[str, str]:
    """The range [from, to) of all keys that begin with `prefix`, in the order of code points."""
    return prefix, prefix + "\U0010ffff"


class Document(NamedTuple):
    """One entry of the working data (a read model's row). `body` None removes it."""

    kind: str
    key: str
    body: bytes | None


@dataclass(frozen=True)
class Append:
    """All that one transaction writes. Either all of it is recorded, or nothing.

    Where several documents have the same kind and key, the last one stands. `start_over` names
    upstreams that are forgotten with all documents, before anything else is written: that is for a
    store that has nothing but what it followed.
    """

    events: Sequence[NewEvent] = ()
    tracking: Sequence[Tracked] = ()
    outcomes: Sequence[Outcome] = ()
    documents: Sequence[Document] = ()
    start_over: Sequence[str] = ()
    expected_head: int | None = None

    def __post_init__(self) -> None:
        for sender, key, *_, first, count in self.outcomes:
            if first < 0 or count < 0 or first + count > len(self.events):
                raise ValueError(
                    f"outcome {sender}/{key}: expected events within the {len(self.events)} "
                    f"of this append, not {count} from {first}."
                )

    @property
    def must_last(self) -> bool:
        """Whether this must survive a power cut once it is answered. Tracking and documents alone
        need not: together they go back to what they were, and the feed brings them again."""
        return bool(self.events or self.outcomes)

    def last_documents(self) -> list[Document]:
        """The documents that remain when later ones replace earlier ones of the same key."""
        remaining = {(document.kind, document.key): document for document in self.documents}
        return list(remaining.values())


class Appended(NamedTuple):
    """Where an append landed. `first_position` is the first event's, or head + 1 without events."""

    first_position: int
    recorded_at: datetime
    leaf_hashes: tuple[bytes, ...]
