"""Events that a reader at the tail never gets to see while many writers append."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from math import ceil
from threading import Event, Thread

from benchmarks.bench import Bench
from benchmarks.results import Measurement
from benchmarks.sides import SERVICE, STOCK, prepare, stock_recorder
from benchmarks.writers import Writers
from grant_store.postgres import PostgresStore

WRITERS = 32
SIZES = (1, 4, 10, 25)
PAGE = 500

NextPositions = Callable[[int], Sequence[int]]
"""The positions after this one, at most a page of them, in order."""


def missed(bench: Bench) -> Measurement:
    """Both sides write the same number of events; each is tailed by a reader of its own way."""
    dsn = bench.new_database()
    prepare(dsn)
    count = min(WRITERS, bench.sizes.most_writers)
    sizes = list(SIZES) * ceil(bench.sizes.tailed_events / count / sum(SIZES))
    with ExitStack() as opened:
        store = PostgresStore(dsn, SERVICE)
        opened.callback(store.close)
        recorder = stock_recorder(dsn, opened)
        readers: dict[str, NextPositions] = {
            "ours": lambda after: [row.position for row in store.events_after(after, PAGE)],
            "stock": lambda after: [
                row.id for row in recorder.select_notifications(after + 1, PAGE)
            ],
        }
        with Writers(count, dsn) as all_writers:
            lost = {
                side: _missed(all_writers, side, sizes, next_positions)
                for side, next_positions in readers.items()
            }
        events = sum(sizes) * count
        bench.say(f"append.missed: of {events:,} events: {lost['ours']} | {lost['stock']}")
    return Measurement(
        name="append.missed",
        unit="events missed",
        ours=lost["ours"],
        other=lost["stock"],
        reason="a count of losses: the only good value is 0",
        other_side=STOCK,
        details={"events": events, "writers": count},
    )


def _missed(
    all_writers: Writers, side: str, sizes: Sequence[int], next_positions: NextPositions
) -> int:
    at_start = _read_on(0, next_positions)[1]
    over = Event()
    seen: list[int] = []
    reader = Thread(target=_tail, args=(at_start, next_positions, over, seen))
    reader.start()
    try:
        events = all_writers.write(side, sizes).events
    finally:
        over.set()
        reader.join()
    if seen != sorted(set(seen)):
        raise AssertionError(f"{side}: the reader saw positions twice or out of order")
    return events - len(seen)


def _tail(position: int, next_positions: NextPositions, over: Event, seen: list[int]) -> None:
    """Read on until a whole read after the end brings nothing more."""
    while True:
        was_over = over.is_set()
        found, position = _read_on(position, next_positions)
        seen += found
        if was_over and not found:
            return
        over.wait(0.001)


def _read_on(position: int, next_positions: NextPositions) -> tuple[list[int], int]:
    found: list[int] = []
    while page := next_positions(position):
        found += page
        position = page[-1]
    return found, position
