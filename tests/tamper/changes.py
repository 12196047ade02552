"""Changes of a ledger's rows: what the history would say instead, and from which position on.

Each takes all rows of a ledger and a position. None computes a leaf: that is `efforts`' business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from uuid import UUID, uuid4

from grant_store.leaf import instant_of, microseconds
from grant_store.rows import LedgerEvent

Rows = list[LedgerEvent]
Change = Callable[[Rows, int, Random], None]
"""Changes the list of rows at a position, which is that of a row in it."""

AN_HOUR = 3_600_000_000


def later(row: LedgerEvent, microseconds_later: int) -> LedgerEvent:
    instant = instant_of(microseconds(row.recorded_at) + microseconds_later)
    return row._replace(recorded_at=instant)


def other_bytes(content: bytes, random: Random) -> bytes:
    """The same bytes but for one bit."""
    if not content:
        return b"\0"
    place = random.randrange(len(content))
    flipped = content[place] ^ 1 << random.randrange(8)
    return content[:place] + bytes([flipped]) + content[place + 1 :]


def _flip_id(id_: UUID, random: Random) -> UUID:
    return UUID(bytes=other_bytes(id_.bytes, random))


def flip_text(text: str, random: Random) -> str:
    """Another character, that is still text."""
    place = random.randrange(len(text))
    return text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]


def flip_number(number: int, random: Random) -> int:
    return number ^ 1 << random.randrange(8)


FLIPS: Mapping[str, Callable[[LedgerEvent, Random], LedgerEvent]] = {
    "event_id": lambda row, random: row._replace(event_id=_flip_id(row.event_id, random)),
    "originator_id": lambda row, random: row._replace(
        originator_id=_flip_id(row.originator_id, random)
    ),
    "originator_version": lambda row, random: row._replace(
        originator_version=flip_number(row.originator_version, random)
    ),
    "topic": lambda row, random: row._replace(topic=flip_text(row.topic, random)),
    "schema_version": lambda row, random: row._replace(
        schema_version=flip_number(row.schema_version, random)
    ),
    "recorded_at": lambda row, random: row._replace(
        recorded_at=instant_of(flip_number(microseconds(row.recorded_at), random))
    ),
    "state": lambda row, random: row._replace(state=other_bytes(row.state, random)),
    "metadata": lambda row, random: row._replace(metadata=other_bytes(row.metadata, random)),
    "leaf_hash": lambda row, random: row._replace(leaf_hash=other_bytes(row.leaf_hash, random)),
}
"""One bit of one field. A position is changed by `move`."""


def flip(field: str) -> Change:
    def change(rows: Rows, position: int, random: Random) -> None:
        rows[position - 1] = FLIPS[field](rows[position - 1], random)

    return change


def rewrite(rows: Rows, position: int, random: Random) -> None:
    """Another content, as a person would write it: a zero more or less."""
    row = rows[position - 1]
    state = row.state.replace(b"0", b"9") if b"0" in row.state else row.state + b" "
    rows[position - 1] = row._replace(state=state)


def move(rows: Rows, position: int, random: Random) -> None:
    """The same event at a position far beyond the end."""
    rows[position - 1] = rows[position - 1]._replace(position=position + 1_000_000)
    rows.sort(key=lambda row: row.position)


def delete(rows: Rows, position: int, random: Random) -> None:
    """Leaves a hole."""
    del rows[position - 1]


def delete_and_close_up(rows: Rows, position: int, random: Random) -> None:
    """The later events move up, those of the same aggregate to the version before."""
    gone = rows.pop(position - 1)
    for index in range(position - 1, len(rows)):
        row = rows[index]._replace(position=index + 1)
        if row.originator_id == gone.originator_id:
            row = row._replace(originator_version=row.originator_version - 1)
        rows[index] = row


def insert(rows: Rows, position: int, random: Random) -> None:
    """An event that nobody recorded, of an aggregate of its own; the later ones move on."""
    row = rows[position - 1]
    invented = row._replace(event_id=uuid4(), originator_id=uuid4(), originator_version=1)
    rows.insert(position - 1, invented)
    rows[position:] = [each._replace(position=each.position + 1) for each in rows[position:]]


def append(rows: Rows, position: int, random: Random) -> None:
    """An event that nobody recorded, behind all others."""
    last = rows[-1]
    invented = later(last, 1)._replace(position=last.position + 1, event_id=uuid4())
    rows.append(invented._replace(originator_id=uuid4(), originator_version=1))


def swap(rows: Rows, position: int, random: Random) -> None:
    """Two neighbours in each other's place, at each other's instant."""
    first, second = rows[position - 1 : position + 1]
    rows[position - 1 : position + 1] = [
        second._replace(position=first.position, recorded_at=first.recorded_at),
        first._replace(position=second.position, recorded_at=second.recorded_at),
    ]


def truncate(rows: Rows, position: int, random: Random) -> None:
    """Everything from this position on."""
    del rows[position - 1 :]


def date_earlier(rows: Rows, position: int, random: Random) -> None:
    rows[position - 1] = later(rows[position - 1], -AN_HOUR)


def date_later(rows: Rows, position: int, random: Random) -> None:
    rows[position - 1] = later(rows[position - 1], AN_HOUR)


CHANGES: Mapping[str, Change] = {
    "rewrite an event": rewrite,
    "delete an event": delete,
    "delete, and close up": delete_and_close_up,
    "insert an event": insert,
    "swap two events": swap,
    "truncate": truncate,
    "date an event earlier": date_earlier,
    "date an event later": date_later,
    "move an event": move,
}
