"""The events of a ledger that count on a day, in the order in which they were recorded.

The day decides whether an entry counts, never where it stands: of two entries that both count, the
one that was recorded later corrects the other, as it does in the ledger itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

from grant_audit.effective_days import COUNTS, THINGS, own_day
from grant_audit.rebuilding import Known
from grant_contracts.envelope import CloudEvent, Fact
from grant_values.legal_time import legal_date

_AT_LATEST = frozenset(counts.at_latest for counts in COUNTS.values() if counts.at_latest)
_LOOKING_AHEAD = frozenset(
    topic.partition(".")[0] for topic, counts in COUNTS.items() if counts.at_latest
)

Read = Callable[[], Iterable[Known]]
"""Reads the events of one ledger in order of position, from the beginning each time."""
Thing = tuple[str, object]
Begun = dict[Thing, date]
"""Since when the things that facts begin are there."""


def counting_on(day: date, service: str, read: Read, begun: Begun | None = None) -> Iterator[Known]:
    """Those of the events of a service's ledger that count on this day. Whoever reads it in parts
    gives `begun` again with each: it holds what the parts before have begun."""
    for event, fact, counts_from in with_days(service, read, begun):
        if counts_from <= day:
            yield event, fact


def with_days(
    service: str, read: Read, begun: Begun | None = None
) -> Iterator[tuple[CloudEvent, Fact, date]]:
    """Each event of a service's ledger with the day from which it counts."""
    begun = {} if begun is None else begun
    latest = _days_at_latest(read) if service in _LOOKING_AHEAD else {}
    for unit in _units(read()):
        for (event, fact), day in zip(unit, _days_of(unit, latest), strict=True):
            yield event, fact, _not_before_what_it_presupposes(begun, event, fact, day)


def _days_at_latest(read: Read) -> dict[Thing, date]:
    """The own days of the things that others rest on and that come after them in the ledger."""
    days: dict[Thing, date] = {}
    for event, fact in read():
        begins = COUNTS[event.topic].begins
        if begins in _AT_LATEST and (day := own_day(event, fact)):
            days.setdefault(_thing(begins, event, fact), day)
    return days


def _units(events: Iterable[Known]) -> Iterator[list[Known]]:
    """Neighbouring events that one cause has led to in one case: they were decided together."""
    unit: list[Known] = []
    for known in events:
        if unit and not _belong_together(unit[-1][0], known[0]):
            yield unit
            unit = []
        unit.append(known)
    if unit:
        yield unit


def _belong_together(one: CloudEvent, following: CloudEvent) -> bool:
    return (
        following.at == one.at + 1
        and following.causationid == one.causationid
        and following.actorid == one.actorid
        and following.caseid == one.caseid
        and following.time == one.time
    )


def _days_of(unit: list[Known], latest: Mapping[Thing, date]) -> list[date]:
    """The day of each event of a unit. One that tells none has that of the last before it which
    does, else of the next. Where no event of the unit tells one, it was decided when recorded."""
    own = [own_day(event, fact) for event, fact in unit]
    told = [day for day in own if day is not None]
    if not told:
        return [_day_of_recording(event, fact, latest) for event, fact in unit]
    days, day = [], told[0]
    for each in own:
        day = each or day
        days.append(day)
    return days


def _day_of_recording(event: CloudEvent, fact: Fact, latest: Mapping[Thing, date]) -> date:
    """No decision is recorded without what it rests on: a decision that is dated before the
    recording says that this was there by then."""
    recorded_on, name = legal_date(event.time), COUNTS[event.topic].at_latest
    if not name:
        return recorded_on
    return min(recorded_on, latest.get(_thing(name, event, fact), recorded_on))


def _not_before_what_it_presupposes(begun: Begun, event: CloudEvent, fact: Fact, day: date) -> date:
    counts = COUNTS[event.topic]
    for name in counts.presupposes:
        day = max(day, begun.get(_thing(name, event, fact), day))
    if counts.begins:
        begun[_thing(counts.begins, event, fact)] = day
    return day


def _thing(name: str, event: CloudEvent, fact: Fact) -> Thing:
    return name, THINGS[name](event, fact)
