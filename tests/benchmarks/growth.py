"""Whether the store grows slower as it fills: appending to it, loading from it, earmarking.

A small and a full one stand side by side and take turns, so that a load on the machine that comes
and goes meets both. `ours` is the time with the full one over the time with the small one.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from statistics import median
from time import perf_counter
from uuid import UUID, uuid4

from benchmarks.bench import Bench
from benchmarks.results import Measurement
from benchmarks.sides import METADATA, SERVICE, our_events
from budgeting.office import BudgetOffice, a_finding
from grant_budgeting.domain import BudgetLine
from grant_contracts.envelope import CloudEvent
from grant_store.identity_map import IdentityMap
from grant_store.postgres import PostgresStore
from grant_store.rows import Append, NewEvent
from pruefpfad.assembly import SERVICES
from support.authority import an_event

UNIT = "times as long"
EVENTS_PER_LINE = 10
EVENTS_PER_APPEND = 1_000
FACTS_PER_BATCH = 50
BATCHES = 20
LINE = ("ESF", 2021)
CACHE_SIZE = inspect.signature(IdentityMap).parameters["capacity"].default
NO_OTHER = "the question is how our own store grows"


def stores(bench: Bench) -> list[Measurement]:
    """`growth.append` and `growth.load`, with a store of each size side by side."""
    with ExitStack() as opened:
        full = [opened.enter_context(_Filled(bench, size)) for size in bench.sizes.grown_to]
        appends = {store.size: store.append for store in full}
        loads = {store.size: store.load for store in full}
        return [
            _grown("growth.append", bench, _in_turn(appends, bench.sizes.grown_samples)),
            _grown("growth.load", bench, _in_turn(loads, bench.sizes.grown_samples)),
        ]


def earmark(bench: Bench) -> Measurement:
    """What following a finding takes on a line with many promises, against a fresh line."""
    promises = bench.sizes.promises
    batches = min(BATCHES, promises // FACTS_PER_BATCH // 2)
    with ExitStack() as opened:
        fresh = opened.enter_context(_Office(bench, batches))
        late = opened.enter_context(_Office(bench, promises // FACTS_PER_BATCH))
        for _ in range(promises // FACTS_PER_BATCH - batches):
            late.follow()
        bench.say(f"growth.earmark: {late.promises:,} promises on one line, {promises:,} at last")
        taken = _in_turn({0: fresh.follow, promises: late.follow}, batches)
        cold = {f"{each.promises:,}": each.cold_load_ms() for each in (fresh, late)}
        per_earmark = {size: seconds / FACTS_PER_BATCH for size, seconds in taken.items()}
        found = _grown("growth.earmark", bench, per_earmark)
    return replace(found, details={**found.details, "cold_load_of_the_line_ms": cold})


class _Filled:
    """A store of budget lines with ten events each. Use it as a context manager."""

    def __init__(self, bench: Bench, size: int) -> None:
        self.size = size
        self._store = PostgresStore(bench.new_database(), SERVICE)
        self._bench = bench
        self._lines: list[UUID] = []
        self._chosen = random.Random(size)

    def __enter__(self) -> _Filled:
        self._store.migrate()
        started = perf_counter()
        states = _a_line()
        per_append = min(EVENTS_PER_APPEND, self.size) // EVENTS_PER_LINE
        while len(self._lines) * EVENTS_PER_LINE < self.size:
            lines = [uuid4() for _ in range(per_append)]
            rows = [row for line in lines for row in _rows(line, states)]
            self._store.append(Append(events=rows))
            self._lines += lines
        self._bench.say(f"growth: {self.size:,} events in {perf_counter() - started:.0f} s")
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def append(self) -> None:
        self._store.append(Append(events=our_events(1)))

    def load(self) -> None:
        """Read and rebuild one that nobody holds in memory."""
        held = IdentityMap(self._store, SERVICES["budgeting"].catalogue)
        if held.find(self._chosen.choice(self._lines)) is None:
            raise AssertionError("expected the line to be there")


class _Office:
    """Budgeting with one line and findings that are still to be followed."""

    def __init__(self, bench: Bench, batches: int) -> None:
        self._store = PostgresStore(bench.new_database(), SERVICE)
        self._batches = batches
        self.promises = 0

    def __enter__(self) -> _Office:
        self._store.migrate()
        self._office = BudgetOffice(self._store)
        self._office.hear_of_programme()
        opened = self._office.open_line(*LINE, "900000000.00")
        if opened.kind != "recorded":
            raise AssertionError(f"expected a budget line, not {opened}")
        count = self._batches * FACTS_PER_BATCH
        self._facts = iter([_finding(number) for number in range(1, count + 1)])
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def follow(self) -> None:
        batch = [next(self._facts) for _ in range(FACTS_PER_BATCH)]
        self._office.hear_events(*batch)
        self.promises += FACTS_PER_BATCH

    def cold_load_ms(self) -> float:
        """After a start, once: from then on the line is held in memory."""
        started = perf_counter()
        line = self._office.line(*LINE)
        taken = perf_counter() - started
        if line.earmarked_cents != self.promises * 60_000:
            raise AssertionError(f"expected {self.promises} promises, not {line.earmarked_cents}")
        return round(taken * 1_000, 1)


def _in_turn(actions: dict[int, Callable[[], None]], samples: int) -> dict[int, float]:
    """The median time of each action in seconds, by its size, smallest first."""
    taken: dict[int, list[float]] = {size: [] for size in actions}
    for _ in range(samples):
        for size, action in actions.items():
            started = perf_counter()
            action()
            taken[size].append(perf_counter() - started)
    return {size: median(seconds) for size, seconds in sorted(taken.items())}


def _grown(name: str, bench: Bench, seconds: dict[int, float]) -> Measurement:
    first, *_, last = seconds.values()
    milliseconds = {f"{size:,}": round(each * 1_000, 4) for size, each in seconds.items()}
    bench.say(f"{name}: {milliseconds} ms")
    return Measurement(
        name=name,
        unit=UNIT,
        ours=last / first,
        reason=NO_OTHER,
        details={"ms_by_size": milliseconds, "identity_map_holds": CACHE_SIZE},
    )


def _a_line() -> Sequence[tuple[str, bytes]]:
    """Topic and state of each event of a line with its first promises."""
    line = BudgetLine(
        programme="esf-nrw",
        fund="ESF",
        year=2021,
        ceiling_cents=150_000_000_00,
        opened_by="S-1301",
        effective_on=date(2020, 11, 3),
    )
    for _ in range(EVENTS_PER_LINE - 1):
        line.earmark(uuid4(), 60_000, "all tranches of a case or none, within each line's ceiling")
    kind_of = SERVICES["budgeting"].catalogue.kind_of
    return [(kind_of(each).topic, kind_of(each).encode(each)) for each in line.collect_events()]


def _rows(line: UUID, states: Sequence[tuple[str, bytes]]) -> list[NewEvent]:
    return [
        NewEvent(uuid4(), line, version, topic, 1, state, METADATA)
        for version, (topic, state) in enumerate(states, 1)
    ]


def _finding(number: int) -> CloudEvent:
    reference = f"ZIQ-{number:06d}"
    topic, data = a_finding(reference, ((*LINE, 60_000),))
    return an_event(topic, reference, number, **data)
