"""A recorded history as files: the rows of every ledger as stored, and what was made of them then.

One folder per recording, two files per play: `<play>.ledgers.jsonl.gz` has a line for each row, in
order of its ledger; `<play>.results.json.gz` what the program of that day made of them. It must not
know any event.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from grant_store.leaf import instant_of, leaf_hash, microseconds
from grant_store.rows import LedgerEvent, NewEvent

RECORDED = Path(__file__).parent / "recorded"
AMENDMENTS = "amendments.toml"
_LEDGERS = ".ledgers.jsonl.gz"
_RESULTS = ".results.json.gz"

Ledgers = dict[str, list[LedgerEvent]]
"""The rows of each service's ledger, in order of position."""

Results = dict[str, Any]


@dataclass(frozen=True)
class Play:
    """One play of a recording: `list` of `2026-11-first`."""

    folder: Path
    name: str

    def __str__(self) -> str:
        return f"{self.folder.name}/{self.name}"

    @property
    def ledgers(self) -> Ledgers:
        found: Ledgers = defaultdict(list)
        for line in _lines(self.folder / f"{self.name}{_LEDGERS}"):
            read = json.loads(line)
            found[read["service"]].append(_row(read))
        return dict(found)

    @property
    def results(self) -> Results:
        read: Results = json.loads("".join(_lines(self.folder / f"{self.name}{_RESULTS}")))
        return read

    def write(self, ledgers: Mapping[str, Sequence[LedgerEvent]], results: Results) -> None:
        """Write both files for good. `FileExistsError` where one of them is there."""
        lines = (_line(service, row) for service, rows in ledgers.items() for row in rows)
        _write(self.folder / f"{self.name}{_LEDGERS}", lines)
        text = json.dumps(results, ensure_ascii=False, sort_keys=True, indent=1)
        _write(self.folder / f"{self.name}{_RESULTS}", [text])


def recorded_plays(folder: Path = RECORDED) -> list[Play]:
    """Every play of every recording, the oldest recording first, as their names sort."""
    return [
        Play(path.parent, path.name.removesuffix(_LEDGERS))
        for path in sorted(folder.glob(f"*/*{_LEDGERS}"))
    ]


def new_event(row: LedgerEvent) -> NewEvent:
    """A row without what its store has given it."""
    return NewEvent(
        row.event_id,
        row.originator_id,
        row.originator_version,
        row.topic,
        row.schema_version,
        row.state,
        row.metadata,
    )


def leaf_of(row: LedgerEvent) -> bytes:
    """The leaf of a row, computed anew from all its other fields."""
    return leaf_hash(row.position, microseconds(row.recorded_at), new_event(row))


def _line(service: str, row: LedgerEvent) -> str:
    return json.dumps(
        {
            "service": service,
            "position": row.position,
            "event_id": str(row.event_id),
            "originator_id": str(row.originator_id),
            "originator_version": row.originator_version,
            "topic": row.topic,
            "schema_version": row.schema_version,
            "recorded_at_microseconds": microseconds(row.recorded_at),
            "state": row.state.decode(),
            "metadata": row.metadata.decode(),
            "leaf_hash": row.leaf_hash.hex(),
        },
        ensure_ascii=False,
    )


def _row(read: Mapping[str, Any]) -> LedgerEvent:
    return LedgerEvent(
        position=read["position"],
        event_id=UUID(read["event_id"]),
        originator_id=UUID(read["originator_id"]),
        originator_version=read["originator_version"],
        topic=read["topic"],
        schema_version=read["schema_version"],
        recorded_at=instant_of(read["recorded_at_microseconds"]),
        state=read["state"].encode(),
        metadata=read["metadata"].encode(),
        leaf_hash=bytes.fromhex(read["leaf_hash"]),
    )


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        yield from file


def _write(path: Path, lines: Iterable[str]) -> None:
    """Without name and time in the header, so that the same history is the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{line}\n" for line in lines)
    with path.open("xb") as file:
        file.write(gzip.compress(text.encode(), mtime=0))
