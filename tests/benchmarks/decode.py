"""Stored bytes back into domain events: our catalogue against the library's JSON mapper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import cycle, islice
from time import perf_counter
from typing import TypeVar
from uuid import UUID

from eventsourcing.persistence import (
    DatetimeAsISO,
    DecimalAsStr,
    JSONTranscoder,
    Mapper,
    Transcoding,
    UUIDAsHex,
)

from benchmarks.bench import Bench
from benchmarks.embedded import play
from benchmarks.results import Measurement, in_turn
from grant_store.opening import open_store
from pruefpfad.assembly import SERVICES

T = TypeVar("T")
PLAIN = frozenset({str, int, bool, date, UUID})


class _DateAsISO(Transcoding):
    """The library has none for dates, and leaves it to its users."""

    type = date
    name = "date_iso"

    def encode(self, obj: date) -> str:
        return obj.isoformat()

    def decode(self, data: str) -> date:
        return date.fromisoformat(data)


def decode(bench: Bench) -> Measurement:
    """The events of budgeting that have plain fields only, as a scripted run leaves them.

    For others the library's users write transcodings of their own, which would be ours to choose.
    """
    folder = bench.new_folder()
    play(folder, min(bench.sizes.grants, 60))
    store = open_store(f"sqlite:///{folder}", SERVICES["budgeting"].name)
    recorded = store.events_after(0, store.head().position)
    store.close()
    catalogue, mapper = SERVICES["budgeting"].catalogue, _mapper()
    plain = {kind.topic for kind in catalogue.kinds if PLAIN.issuperset(kind.fields.values())}
    chosen = [row for row in recorded if row.topic in plain]
    rows = list(islice(cycle(chosen), bench.sizes.decoded_events))
    stored = [mapper.to_stored_event(catalogue.decode(row)) for row in rows]
    found = in_turn(
        "replay.decode",
        "events/s",
        bench.sizes.rounds,
        lambda: _rate(catalogue.decode, rows),
        lambda: _rate(mapper.to_domain_event, stored),
        "the library's Mapper with its JSONTranscoder",
        bench.say,
    )
    share = round(len(chosen) / len(recorded), 2)
    return replace(found, details={**found.details, "share_of_all_events": share})


def _mapper() -> Mapper[UUID]:
    transcoder = JSONTranscoder()
    for transcoding in (UUIDAsHex(), DecimalAsStr(), DatetimeAsISO(), _DateAsISO()):
        transcoder.register(transcoding)
    return Mapper(transcoder)


def _rate(decode_one: Callable[[T], object], rows: list[T]) -> float:
    started = perf_counter()
    for row in rows:
        decode_one(row)
    return len(rows) / (perf_counter() - started)
