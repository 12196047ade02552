"""How a sample is drawn from a population: at random, or by monetary units.

Both follow from population, size and seed alone, so that whoever has these draws the same sample.
`sampling.toml` says in words what the functions do, with source and version.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from grant_audit.population import Item, Population
from grant_audit.random_stream import RandomStream
from grant_values.dated import DatedTable, DatedValue
from grant_values.invalid import Invalid
from grant_values.money import Cents

RANDOM, MONETARY_UNIT = "random", "monetary-unit"
METHODS = (RANDOM, MONETARY_UNIT)


@dataclass(frozen=True)
class Method:
    """One version of a method, in words."""

    name: str
    version: str
    de: str
    en: str


@dataclass(frozen=True)
class Drawn:
    """What was drawn, in order of the items' ids. `certain` are drawn for their amount alone;
    `interval_cents` is that of the others, rounded down, and 0 where there is none."""

    certain: tuple[Item, ...]
    others: tuple[Item, ...]
    interval_cents: Cents

    @property
    def items(self) -> list[tuple[Item, bool]]:
        """Each item, and whether it was certain to be drawn."""
        marked = [(item, True) for item in self.certain] + [(item, False) for item in self.others]
        return sorted(marked, key=lambda each: each[0].id)


@cache
def methods() -> dict[str, DatedTable[Method]]:
    """The methods of `sampling.toml` by name, each with its dated versions."""
    text = resources.files("grant_audit").joinpath("sampling.toml").read_text(encoding="utf-8")
    tables: dict[str, list[DatedValue[Method]]] = {}
    for each in tomllib.loads(text)["methods"]:
        method = Method(each["name"], each["version"], each["de"], each["en"])
        value = DatedValue(each["valid_from"], method, each["source"])
        tables.setdefault(method.name, []).append(value)
    return {name: DatedTable(f"method {name}", tuple(each)) for name, each in tables.items()}


def method_on(name: str, day: date) -> DatedValue[Method]:
    """The version of a method that is in force on a day."""
    return methods()[name].on(day)


def draw(method: str, population: Population, size: int, seed: str) -> Drawn:
    """A sample of `size` items. `Invalid` where the population has fewer."""
    if not 1 <= size <= len(population.items):
        expected = f"expected at most the {len(population.items)} items of the population"
        raise Invalid("size", expected)
    if method == RANDOM:
        return Drawn((), tuple(_at_random(population.items, size, RandomStream(seed))), 0)
    return _by_monetary_units(population.items, size, RandomStream(seed))


def _at_random(items: Sequence[Item], size: int, stream: RandomStream) -> Iterator[Item]:
    """Without replacement: the first `size` places of a shuffle."""
    order = list(items)
    for place in range(size):
        other = place + stream.below(len(order) - place)
        order[place], order[other] = order[other], order[place]
        yield order[place]


def _by_monetary_units(items: Sequence[Item], size: int, stream: RandomStream) -> Drawn:
    certain, rest = _of_high_value(items, size)
    others_count = size - len(certain)
    total = sum(item.amount_cents for item in rest)
    if not others_count or not total:
        return Drawn(certain, (), 0)
    cents = cents_from(stream.below(total), total, others_count)
    return Drawn(certain, tuple(_items_of(cents, rest)), total // others_count)


def cents_from(start: Cents, total: Cents, count: int) -> list[Cents]:
    """The cents that are hit, in order: `count` of them, one interval apart, on a row that begins
    anew at its end. Over all starts each cent of the row is hit equally often."""
    return sorted((start + step * total // count) % total for step in range(count))


def _of_high_value(items: Sequence[Item], size: int) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """The items that reach the interval, formed anew until none of the rest does; and the rest."""
    certain: list[Item] = []
    rest = list(items)
    while len(certain) < size:
        total, count = sum(item.amount_cents for item in rest), size - len(certain)
        reaching = [item for item in rest if item.amount_cents * count >= total]
        if not reaching:
            break
        certain += reaching
        rest = [item for item in rest if item.amount_cents * count < total]
    return tuple(certain), tuple(rest)


def _items_of(cents: Sequence[int], items: Sequence[Item]) -> Iterator[Item]:
    """The items on which these cents lie, on the row of all cents of all items."""
    row = iter(items)
    item = next(row)
    end = item.amount_cents
    for cent in cents:
        while cent >= end:
            item = next(row)
            end += item.amount_cents
        yield item
