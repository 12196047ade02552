"""One play of many grants at once: who may take the next step, and how long each grant takes.

Every person waits for the answer to the step before, and where the next step is another service's,
for the fact that says that this service has heard of the case.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from benchmarks.journey.driver import PATIENCE_SECONDS, Driver
from benchmarks.journey.persons import ARRIVED, ORDERED, RUN_HAS_LEFT, STEPS, YEARS
from benchmarks.journey.wire import Heard

_WAIT_SECONDS = 0.05


@dataclass(frozen=True)
class Pace:
    """How many grants, and how they come: `per_second`, or as soon as fewer are under way."""

    grants: int
    at_once: int = 1_000_000
    per_second: float = 0.0
    least_per_run: int = 1
    """The cashier waits for so many orders of one year, and then takes all there are."""
    steps: int = len(STEPS)
    """Fewer, and every case stays open after so many."""

    @property
    def is_whole(self) -> bool:
        return self.steps == len(STEPS)


@dataclass(frozen=True)
class Played:
    """What came of it. All that was submitted has arrived, or there is no such thing."""

    grants: int
    runs: int
    seconds: float
    """From the first submission to the last arrival."""
    latencies: Sequence[float]
    """From when a submission was due to the answer that its payment is recorded as executed."""
    driver_seconds: float
    """Of one core, by the driver itself."""


@dataclass(eq=False)
class Track:
    """One command after another, of a grant or of a payment run, and what is known beside."""

    name: str
    letters: Sequence[bytes]
    after: Sequence[str]
    number: int = 0
    due: float = 0.0
    step: int = 0
    is_waiting: bool = False
    known: set[str] = field(default_factory=lambda: {""})


@dataclass(eq=False)
class Run(Track):
    """A payment run and the grants in it."""

    members: Sequence[Track] = ()


class Game:
    """Everything is encoded when it is made; then it is played once."""

    def __init__(self, driver: Driver, pace: Pace) -> None:
        self._driver = driver
        self._pace = pace
        numbers = driver.next_numbers(pace.grants)
        grants = [self._grant(number) for number in numbers]
        self._cases = {
            driver.persons.case_id(number): grant
            for number, grant in zip(numbers, grants, strict=True)
        }
        self._tracks = {grant.name: grant for grant in grants}
        self._cashier = _Cashier(driver, numbers, pace.least_per_run)
        self._to_begin = deque(grants)
        self._under_way = 0
        self._finished = 0
        self._outgoing: list[bytes] = []
        self._latencies: list[float] = []

    def play(self) -> Played:
        cpu, started = time.process_time(), time.perf_counter()
        for place, grant in enumerate(self._to_begin):
            grant.due = started + (place / self._pace.per_second if self._pace.per_second else 0)
        last_heard = started
        while self._finished < self._pace.grants:
            now = time.perf_counter()
            self._begin(now)
            self._send()
            for heard in self._driver.wire.hear(self._wait(now)):
                self._take(heard)
                last_heard = now
            if now - last_heard > PATIENCE_SECONDS:
                raise TimeoutError(f"nothing was heard any more: {self._stuck()}")
        if not self._driver.wire.is_confirmed:
            raise AssertionError("expected a confirm of every command whose answer came")
        return Played(
            grants=self._pace.grants,
            runs=self._cashier.runs,
            seconds=time.perf_counter() - started,
            latencies=self._latencies,
            driver_seconds=time.process_time() - cpu,
        )

    def _grant(self, number: int) -> Track:
        persons, steps = self._driver.persons, self._pace.steps
        letters = self._driver.letters(persons.steps(number)[:steps])
        after = [step.after for step in STEPS[:steps]]
        return Track(persons.reference(number), letters, after, number)

    def _begin(self, now: float) -> None:
        while self._to_begin and self._under_way < self._pace.at_once:
            if self._to_begin[0].due > now:
                return
            self._under_way += 1
            self._go_on(self._to_begin.popleft())

    def _wait(self, now: float) -> float:
        if self._to_begin and self._under_way < self._pace.at_once:
            return min(self._to_begin[0].due - now, _WAIT_SECONDS)
        return _WAIT_SECONDS

    def _send(self) -> None:
        if self._outgoing:
            self._driver.wire.send(self._outgoing)
            self._outgoing = []

    def _take(self, heard: Heard) -> None:
        answer = self._driver.answer(heard)
        if answer is None:
            name, case = self._driver.fact(heard)
            self._learn(self._cases[case], name)
            return
        track = self._tracks.get(answer.key.partition(":")[0])
        if track is None:
            return  # To the last step of an earlier game, which had ended with the fact before it.
        track.step += 1
        if track.step == len(track.letters):
            self._end(track)
            return
        self._go_on(track)
        if track.step == ORDERED:
            self._cashier.note_order(track)
            self._pay()

    def _pay(self) -> None:
        run = self._cashier.next_run()
        if run:
            self._tracks[run.name] = run
            self._go_on(run)

    def _go_on(self, track: Track) -> None:
        track.is_waiting = track.after[track.step] not in track.known
        if not track.is_waiting:
            self._outgoing.append(track.letters[track.step])

    def _learn(self, track: Track, what: str) -> None:
        if what in track.known:
            return  # A relay may publish a fact twice.
        track.known.add(what)
        if what == ARRIVED:
            self._finished += 1
        elif track.is_waiting:
            self._go_on(track)

    def _end(self, track: Track) -> None:
        if isinstance(track, Run):
            for member in track.members:
                self._learn(member, RUN_HAS_LEFT)
            self._cashier.is_busy = False
            self._pay()
            return
        self._under_way -= 1
        self._latencies.append(time.perf_counter() - track.due)
        if not self._pace.is_whole:
            self._finished += 1

    def _stuck(self) -> list[str]:
        """The first few that have not come to their end, and where they are."""
        open_ones = (each for each in self._tracks.values() if each.step < len(each.letters))
        return [f"{each.name} before step {each.step}" for each in islice(open_ones, 5)]


class _Cashier:
    """One person, who sends one payment run before opening the next. A run pays from one year."""

    def __init__(self, driver: Driver, numbers: Sequence[int], least_per_run: int) -> None:
        self.runs = 0
        self.is_busy = False
        self._driver = driver
        self._least = least_per_run
        self._ordered: dict[int, list[Track]] = {year: [] for year in YEARS}
        self._missing = Counter(driver.persons.year(number) for number in numbers)

    def note_order(self, grant: Track) -> None:
        year = self._driver.persons.year(grant.number)
        self._ordered[year].append(grant)
        self._missing[year] -= 1

    def next_run(self) -> Run | None:
        """All that is ordered for one year, if that is enough or nothing more will come."""
        for year, grants in self._ordered.items():
            is_enough = len(grants) >= self._least or not self._missing[year]
            if grants and is_enough and not self.is_busy:
                self._ordered[year] = []
                return self._run(year, grants)
        return None

    def _run(self, year: int, grants: Sequence[Track]) -> Run:
        self.is_busy = True
        self.runs += 1
        name = self._driver.next_run(year)
        messages = self._driver.persons.run(name, [grant.number for grant in grants])
        return Run(name, self._driver.letters(messages), ("", "", ""), members=grants)
