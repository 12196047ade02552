"""In what two installations differ: case by case, event by event, field by field.

It knows entries and digests, and nothing of stores' addresses or of how anything is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from grant_store.store import Store
from pruefpfad.compared.accounts import Accounts, Progress, accounts_of, entries_of
from pruefpfad.compared.entries import NO_CASE, Entry

Stores = Mapping[str, Store]
Said = dict[str, Any]


class Difference(NamedTuple):
    """One thing that A says otherwise than B. `field` is empty where one of them says nothing of
    the event at all: then that one is None."""

    case: str
    event: str
    field: str
    a: Any
    b: Any


class Comparison(NamedTuple):
    """What came of a comparison. Differences are told of the first differing cases only.
    `differs_without_case`: whether what belongs to no case differs, such as a budget line."""

    cases: int
    events_a: int
    events_b: int
    differing: Sequence[str]
    differs_without_case: bool
    differences: Sequence[Difference]

    @property
    def are_same(self) -> bool:
        return not self.differing and not self.differs_without_case


def compared(a: Stores, b: Stores, most_cases: int, progress: Progress) -> Comparison:
    """Compare two installations. `most_cases`: of how many cases the differences are told."""
    accounts_a, accounts_b = accounts_of(a, _of("A", progress)), accounts_of(b, _of("B", progress))
    differing = sorted(_differing(accounts_a, accounts_b))
    cases = [case for case in differing if case != NO_CASE]
    told = differing[:1] if cases != differing and most_cases else []
    told += cases[:most_cases]
    names = {**accounts_b.references, **accounts_a.references, NO_CASE: NO_CASE}
    found: list[Difference] = []
    if told:
        entries_a = entries_of(a, told, _of("A again", progress))
        entries_b = entries_of(b, told, _of("B again", progress))
        for case in told:
            found += _differences(names.get(case, case), entries_a[case], entries_b[case])
    return Comparison(
        cases=len((accounts_a.digests.keys() | accounts_b.digests.keys()) - {NO_CASE}),
        events_a=accounts_a.events,
        events_b=accounts_b.events,
        differing=[names.get(case, case) for case in cases],
        differs_without_case=cases != differing,
        differences=found,
    )


def _of(side: str, progress: Progress) -> Progress:
    return lambda service, done, total: progress(f"{side} {service}", done, total)


def _differing(a: Accounts, b: Accounts) -> Iterator[str]:
    for case in a.digests.keys() | b.digests.keys():
        if a.digests.get(case) != b.digests.get(case):
            yield case


def _differences(case: str, a: Sequence[Entry], b: Sequence[Entry]) -> Iterator[Difference]:
    """What one side says of a case and the other does not, events of one kind beside each other."""
    only_a, only_b = _leftover(a, b), _leftover(b, a)
    if not only_a and not only_b:
        yield from _out_of_order(case, a, b)
    for topic in dict.fromkeys(entry.topic for entry in (*only_a, *only_b)):
        said_a = [_said_of(entry) for entry in only_a if entry.topic == topic]
        said_b = [_said_of(entry) for entry in only_b if entry.topic == topic]
        for one, other in _pairs(said_a, said_b):
            if one is None or other is None:
                yield Difference(case, topic, "", one, other)
            else:
                yield from _fields(case, topic, one, other)


def _said_of(entry: Entry) -> Said:
    return {"of": entry.of.name, **entry.said} if entry.of.name else entry.said


def _out_of_order(case: str, a: Sequence[Entry], b: Sequence[Entry]) -> Iterator[Difference]:
    """Where both say the same, the first event of each thing that stands at another place."""
    of_a, of_b = _in_order(a), _in_order(b)
    for place in of_a:
        for one, other in zip(of_a[place], of_b.get(place, ()), strict=False):
            if one.text != other.text:
                yield Difference(case, one.topic, "order", _said_of(one), _said_of(other))
                break


def _in_order(entries: Sequence[Entry]) -> dict[tuple[str, str], list[Entry]]:
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        found.setdefault((entry.of.key, entry.source), []).append(entry)
    return found


def _pairs(a: list[Said], b: list[Said]) -> Iterator[tuple[Said | None, Said | None]]:
    """Events of one kind beside each other, those that say most alike first; then whoever is left
    without another."""
    left_a, left_b = dict(enumerate(a)), dict(enumerate(b))
    places = ((i, j) for i in left_a for j in left_b)
    most_alike = sorted(places, key=lambda place: -_count_of_same(a[place[0]], b[place[1]]))
    for i, j in most_alike:
        if i in left_a and j in left_b:
            yield left_a.pop(i), left_b.pop(j)
    yield from ((one, None) for one in left_a.values())
    yield from ((None, other) for other in left_b.values())


def _count_of_same(a: Said, b: Said) -> int:
    return sum(a[name] == b.get(name) for name in a)


def _leftover(a: Sequence[Entry], b: Sequence[Entry]) -> list[Entry]:
    """The entries of `a` that are not in `b`, as often as they are more."""
    others = Counter(entry.text for entry in b)
    left: list[Entry] = []
    for entry in a:
        if others[entry.text] > 0:
            others[entry.text] -= 1
        else:
            left.append(entry)
    return left


def _fields(case: str, topic: str, a: Said, b: Said) -> Iterator[Difference]:
    for name in dict.fromkeys([*a, *b]):
        if a.get(name) != b.get(name):
            yield Difference(case, topic, name, a.get(name), b.get(name))
