"""Samples follow from population, size and seed alone, and favour nothing but money."""

from __future__ import annotations

from collections import Counter
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.conftest import Tell
from audit.feeds import Feeds
from audit.stories import a_programme, paid_in_full, returned
from grant_audit.application import selected
from grant_audit.population import OPERATIONS, PAYMENTS, Item, Population, population
from grant_audit.samples import drawn_otherwise, population_of
from grant_audit.sampling import (
    METHODS,
    MONETARY_UNIT,
    RANDOM,
    cents_from,
    draw,
    method_on,
    methods,
)
from grant_contracts.audit import SampleDrawn
from grant_contracts.reasons import SAMPLE_METHOD, SAMPLE_POPULATION
from grant_store.sqlite import SQLiteStore
from grant_values.invalid import Invalid
from grant_values.shapes import SampledItem

YEAR = date(2019, 1, 1), date(2019, 12, 31)
AMOUNTS = st.lists(st.integers(1, 50_000_000), min_size=1, max_size=60)
SEEDS = st.text(max_size=12)


def of(*amounts: int) -> Population:
    """A population of these amounts, in order of ids."""
    items = (
        Item(f"P-{number:04}", f"C-{number:04}", cents, f"disbursement/main/{number + 1}")
        for number, cents in enumerate(amounts)
    )
    return Population(tuple(items))


@given(AMOUNTS, SEEDS, st.sampled_from(METHODS), st.data())
def test_a_sample_has_the_size_that_was_asked_for_and_no_item_twice(
    amounts: list[int], seed: str, method: str, data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, len(amounts)))

    drawn = draw(method, of(*amounts), size, seed)

    ids = [item.id for item, _ in drawn.items]
    assert len(ids) == len(set(ids)) == size
    assert ids == sorted(ids)
    assert {item for item, _ in drawn.items} <= set(of(*amounts).items)


@given(AMOUNTS, SEEDS, st.sampled_from(METHODS))
def test_the_same_seed_draws_the_same(amounts: list[int], seed: str, method: str) -> None:
    size = max(1, len(amounts) // 2)

    assert draw(method, of(*amounts), size, seed) == draw(method, of(*amounts), size, seed)


@given(st.integers(1, 400), st.data())
def test_over_all_starts_each_cent_is_hit_equally_often(total: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, total))

    hit = Counter(cent for start in range(total) for cent in cents_from(start, total, count))

    assert hit == Counter(dict.fromkeys(range(total), count))


@given(AMOUNTS, SEEDS, st.data())
def test_an_item_that_reaches_the_interval_is_drawn_with_certainty(
    amounts: list[int], seed: str, data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, len(amounts)))

    drawn = draw(MONETARY_UNIT, of(*amounts), size, seed)

    rest = [item for item in of(*amounts).items if item not in drawn.certain]
    count = size - len(drawn.certain)
    total = sum(item.amount_cents for item in rest)
    assert all(item.amount_cents * count < total for item in rest)
    assert (drawn.interval_cents == total // count) if count and total else not drawn.others
    if amounts.count(max(amounts)) == 1 and max(amounts) * size >= sum(amounts):
        assert max(amounts) in [item.amount_cents for item in drawn.certain]


def test_what_exceeds_the_interval_only_after_the_largest_is_out_is_certain_too() -> None:
    """600 of 1,000 with an interval of 333; then 200 of 400 with one of 200."""
    drawn = draw(MONETARY_UNIT, of(600, 200, 50, 50, 50, 50), 3, "x")

    assert [item.amount_cents for item in drawn.certain] == [600, 200]
    assert len(drawn.others) == 1


def test_a_large_item_is_drawn_more_often_than_a_small_one_in_proportion() -> None:
    drawn = Counter(
        item.amount_cents
        for seed in range(600)
        for item, _ in draw(MONETARY_UNIT, of(100, 300, 200, 400), 1, str(seed)).items
    )

    assert drawn[400] > drawn[300] > drawn[200] > drawn[100]
    assert abs(drawn[400] / 600 - 0.4) < 0.07


def test_at_random_every_item_is_drawn_about_equally_often_whatever_its_amount() -> None:
    drawn = Counter(
        item.id
        for seed in range(1_000)
        for item, _ in draw(RANDOM, of(1, 10, 100, 1_000_000), 2, str(seed)).items
    )

    assert all(abs(count - 500) < 70 for count in drawn.values())


def test_a_sample_larger_than_the_population_is_refused_with_its_number() -> None:
    with pytest.raises(Invalid, match="expected at most the 2 items"):
        draw(RANDOM, of(1, 2), 3, "x")


@given(AMOUNTS)
def test_the_hash_of_a_population_tells_any_change(amounts: list[int]) -> None:
    changed = [*amounts[:-1], amounts[-1] + 1]

    assert of(*amounts).sha256 == of(*amounts).sha256 != of(*changed).sha256


@pytest.fixture
def two_paid(tell: Tell) -> SQLiteStore:
    feeds = Feeds()
    a_programme(feeds)
    paid_in_full(feeds, "ZIQ-1")
    paid_in_full(feeds, "ZIQ-2", "run-2")
    return tell(feeds)


def test_payments_are_those_that_the_bank_has_confirmed(two_paid: SQLiteStore) -> None:
    found = population(two_paid, PAYMENTS, "", *YEAR)

    assert [item.id for item in found.items] == ["ZIQ-1-o1-1", "ZIQ-2-o1-1"]
    assert found.amount_cents == 160_000
    assert all(item.place.startswith("disbursement/main/") for item in found.items)


def test_operations_have_what_was_paid_for_them(two_paid: SQLiteStore) -> None:
    found = population(two_paid, OPERATIONS, "ziq", *YEAR)

    assert [(item.id, item.amount_cents) for item in found.items] == [
        ("ZIQ-1", 80_000),
        ("ZIQ-2", 80_000),
    ]


def test_a_payment_outside_the_period_or_the_programme_is_not_in_it(two_paid: SQLiteStore) -> None:
    before = date(2018, 1, 1), date(2019, 2, 28)

    assert population(two_paid, PAYMENTS, "", *before).items == ()
    assert population(two_paid, PAYMENTS, "another", *YEAR).items == ()


def test_what_the_bank_has_given_back_was_not_paid(tell: Tell) -> None:
    feeds = Feeds()
    a_programme(feeds)
    paid_in_full(feeds, "ZIQ-1")
    returned(feeds, "ZIQ-1")

    assert population(tell(feeds), PAYMENTS, "", *YEAR).items == ()


def a_sample(store: SQLiteStore) -> SampleDrawn:
    """What goes on record when one of two payments is drawn."""
    found = population(store, PAYMENTS, "", *YEAR)
    drawn = draw(RANDOM, found, 1, "4711")
    return SampleDrawn(
        sample="s",
        purpose="p",
        method=RANDOM,
        method_version="1",
        method_text="",
        source="",
        population=PAYMENTS,
        programme="",
        starts_on=YEAR[0],
        ends_on=YEAR[1],
        size=1,
        seed="4711",
        positions={},
        population_sha256=found.sha256,
        population_count=2,
        population_cents=160_000,
        interval_cents=0,
        selected=selected(drawn),
        drawn_by="a",
        effective_on=YEAR[1],
    )


def again(sample: SampleDrawn, store: SQLiteStore) -> list[str]:
    return drawn_otherwise(sample, population_of(sample, store))


def test_a_sample_drawn_again_from_the_same_pages_is_the_same(two_paid: SQLiteStore) -> None:
    assert again(a_sample(two_paid), two_paid) == []


def test_a_sample_that_was_not_drawn_from_these_pages_is_told(two_paid: SQLiteStore) -> None:
    sample = a_sample(two_paid)
    other = msgspec.structs.replace(sample, population_sha256="0" * 64, population_cents=1)

    assert again(other, two_paid) == ["population_sha256", "population_cents"]


def test_items_that_the_seed_does_not_draw_are_told(two_paid: SQLiteStore) -> None:
    sample = a_sample(two_paid)
    [drawn] = sample.selected
    [other] = [
        SampledItem(item.id, item.reference, item.amount_cents, item.place, False)
        for item in population(two_paid, PAYMENTS, "", *YEAR).items
        if item.id != drawn.id
    ]

    exchanged = msgspec.structs.replace(sample, selected=(other,))
    assert again(exchanged, two_paid) == ["selected"]


def test_every_method_has_dated_words_and_a_source() -> None:
    assert tuple(methods()) == METHODS == tuple(SAMPLE_METHOD)
    assert set(SAMPLE_POPULATION) == {PAYMENTS, OPERATIONS}
    for method in METHODS:
        in_force = method_on(method, date(2026, 1, 1))
        assert in_force.source
        assert in_force.value.de and in_force.value.en
