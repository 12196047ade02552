"""Amounts and shares: the vectors of the financing rules, and what holds for all amounts."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from grant_values.money import (
    EURO_DIGITS,
    GrantSplit,
    cumulative_shares,
    euro_de,
    format_euro,
    format_rate,
    grant_split,
    largest_remainder,
    minimum_own_share,
    next_share,
    parse_euro,
    parse_rate,
    share,
    split_by_days,
)

MOST_CENTS = 10 ** (EURO_DIGITS + 2) - 1
HALF = Fraction(1, 2)
THIRD = Fraction(1, 3)

amounts = st.integers(min_value=-MOST_CENTS, max_value=MOST_CENTS)
rates = st.fractions(min_value=0, max_value=1, max_denominator=999_999)
day_counts = st.lists(st.integers(min_value=0, max_value=366), min_size=1, max_size=8)


# Text of amounts


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("0.00", 0),
        ("0.05", 5),
        ("1250.00", 125_000),
        ("386804991.07", 38_680_499_107),
        ("9999999999999.99", MOST_CENTS),
    ],
)
def test_an_amount_of_the_wire_is_read_to_the_cent(text: str, cents: int) -> None:
    assert parse_euro(text) == cents


@pytest.mark.parametrize(
    "text",
    [
        *("", "1250", "1250.", "1250.0", "1250.000", ".50", "01.00", "00.00", "0.00.00"),
        *("-1.00", "+1.00", "1e3", "1.00e0", "1,250.00", "1.250,00", "1250,00", "1_000.00"),
        *(" 1.00", "1.00 ", "1.00\n", "1 250.00", "€1.00", "NaN", "Infinity", "٣.٠٠", "１.００"),
    ],
)
def test_any_other_spelling_of_an_amount_is_refused_with_the_expected_one(text: str) -> None:
    with pytest.raises(ValueError, match=r'exactly two decimals, such as "1250\.00"$'):
        parse_euro(text)


@pytest.mark.parametrize("number", [1250, 1250.0, Fraction(1250), None, True, b"1250.00"])
def test_an_amount_that_is_not_text_is_refused(number: Any) -> None:
    with pytest.raises(ValueError, match="expected an amount in euros as text"):
        parse_euro(number)


def test_an_amount_of_too_many_digits_is_refused_with_the_limit() -> None:
    with pytest.raises(ValueError, match="at most 13 digits before the point"):
        parse_euro("10000000000000.00")


@given(st.integers(min_value=0, max_value=MOST_CENTS))
def test_an_amount_that_is_written_reads_back_as_the_same_cents(cents: int) -> None:
    assert parse_euro(format_euro(cents)) == cents


def test_only_a_reversal_is_written_with_a_sign() -> None:
    assert format_euro(-5) == "-0.05"
    assert format_euro(-125_000) == "-1250.00"
    assert format_euro(0) == "0.00"


def test_people_read_amounts_with_german_separators() -> None:
    assert euro_de(125_000) == "1.250,00 €"
    assert euro_de(38_680_499_107) == "386.804.991,07 €"
    assert euro_de(5) == "0,05 €"
    assert euro_de(-125_001) == "-1.250,01 €"


@pytest.mark.parametrize("not_cents", [12.5, 12.0, True, "12", Fraction(25, 2)])
def test_an_amount_that_is_not_whole_cents_is_refused_everywhere(not_cents: Any) -> None:
    uses: list[Callable[[], object]] = [
        lambda: format_euro(not_cents),
        lambda: euro_de(not_cents),
        lambda: share(HALF, not_cents),
        lambda: next_share(HALF, 0, not_cents),
        lambda: next_share(HALF, not_cents, 0),
        lambda: cumulative_shares(HALF, [not_cents]),
        lambda: split_by_days(not_cents, [1]),
        lambda: largest_remainder(not_cents, {"land": 1}, ["land"]),
        lambda: minimum_own_share(HALF, not_cents),
        lambda: grant_split(not_cents, HALF, HALF),
    ]
    for use in uses:
        with pytest.raises(ValueError, match="expected whole cents as an int, not "):
            use()


# Text of rates


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("0", Fraction(0)),
        ("0.5", HALF),
        ("0.50", HALF),
        ("1", Fraction(1)),
        ("1.000", Fraction(1)),
        ("1/3", THIRD),
        ("2/4", HALF),
        ("0.333333", Fraction(333_333, 1_000_000)),
    ],
)
def test_a_rate_is_read_exactly(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text",
    [
        *("", "50", "50 %", "0,5", ".5", "-0.5", "+0.5", "1.1", "4/3", "1/0", "0/0", "1 / 3"),
        *("1e-1", " 0.5", "0.5\n", "0.1234567", "nan", "٠.٥", 0.5, 1, HALF, None),
    ],
)
def test_any_other_spelling_of_a_rate_is_refused_with_the_expected_one(text: Any) -> None:
    with pytest.raises(ValueError, match="expected a rate from 0 to 1 as text, a decimal such as"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (HALF, "0.5"),
        (THIRD, "1/3"),
        (Fraction(0), "0"),
        (Fraction(1), "1"),
        (Fraction(9, 10), "0.9"),
        (Fraction(1, 128), "1/128"),
    ],
)
def test_a_rate_is_written_as_a_decimal_only_where_that_is_exact(rate: Fraction, text: str) -> None:
    assert format_rate(rate) == text


@given(rates)
def test_a_rate_that_is_written_reads_back_as_the_same_fraction(rate: Fraction) -> None:
    assert parse_rate(format_rate(rate)) == rate


@pytest.mark.parametrize("rate", [0.5, 1, "0.5", Fraction(-1, 2), Fraction(3, 2)])
def test_a_rate_that_is_no_fraction_from_0_to_1_is_refused_everywhere(rate: Any) -> None:
    uses: list[Callable[[], object]] = [
        lambda: share(rate, 100),
        lambda: minimum_own_share(rate, 100),
        lambda: format_rate(rate),
        lambda: grant_split(100, rate, Fraction(0)),
    ]
    for use in uses:
        with pytest.raises(ValueError, match="rate: expected a Fraction from 0 to 1"):
            use()


# Shares


def test_ninety_percent_of_the_eligible_cost_is_rounded_down_to_the_cent() -> None:
    """Rounding half up would give 78,888.89 and exceed the 90 %."""
    assert share(Fraction(9, 10), 8_765_432) == 7_888_888


@given(rates, amounts)
def test_the_share_of_a_reversal_cancels_the_share_to_the_cent(rate: Fraction, cents: int) -> None:
    assert share(rate, -cents) == -share(rate, cents)


@given(rates, st.integers(min_value=0, max_value=MOST_CENTS))
def test_a_share_never_exceeds_its_rate_and_misses_it_by_less_than_a_cent(
    rate: Fraction, cents: int
) -> None:
    assert 0 <= rate * cents - share(rate, cents) < 1


def test_the_cent_that_three_claims_lose_one_by_one_is_paid_with_the_claim_that_completes_it() -> (
    None
):
    assert cumulative_shares(HALF, [1, 1, 1, 1]) == [0, 1, 0, 1]
    assert cumulative_shares(THIRD, [10_000, 10_000, 10_000]) == [3_333, 3_333, 3_334]


@given(rates, st.lists(amounts, max_size=12))
def test_cumulative_shares_sum_to_the_share_of_the_total(rate: Fraction, claims: list[int]) -> None:
    shares = cumulative_shares(rate, claims)

    assert len(shares) == len(claims)
    for paid, claimed in zip(accumulate(shares), accumulate(claims), strict=True):
        assert paid == share(rate, claimed)


@given(rates, st.lists(amounts, max_size=12))
def test_reversing_every_claim_reverses_every_share(rate: Fraction, claims: list[int]) -> None:
    reversed_claims = [-claim for claim in claims]

    assert cumulative_shares(rate, reversed_claims) == [
        -paid for paid in cumulative_shares(rate, claims)
    ]


@given(rates, amounts, amounts)
def test_a_claim_taken_back_takes_back_exactly_its_share(
    rate: Fraction, before: int, amount: int
) -> None:
    given_out = next_share(rate, before, amount)

    assert next_share(rate, before + amount, -amount) == -given_out


# Splits


def test_a_total_is_split_over_calendar_years_by_days() -> None:
    assert split_by_days(100_000, [184, 365, 181]) == [25_205, 50_000, 24_795]
    assert split_by_days(-100_000, [184, 365, 181]) == [-25_205, -50_000, -24_795]
    assert split_by_days(1, [1, 1]) == [0, 1]
    assert split_by_days(100, [0, 5, 0]) == [0, 100, 0]


@given(amounts, day_counts)
def test_a_split_by_days_sums_to_the_total_exactly(total: int, parts: list[int]) -> None:
    assume(sum(parts))

    pieces = split_by_days(total, parts)

    assert len(pieces) == len(parts)
    assert sum(pieces) == total
    assert all(piece * total >= 0 for piece in pieces)


@given(st.integers(min_value=0, max_value=MOST_CENTS), day_counts)
def test_no_piece_is_further_than_a_cent_from_its_days(total: int, parts: list[int]) -> None:
    assume(sum(parts))

    for piece, days in zip(split_by_days(total, parts), parts, strict=True):
        assert abs(piece - Fraction(total * days, sum(parts))) < 1


@pytest.mark.parametrize("parts", [[], [0], [0, 0]])
def test_a_split_over_no_days_is_refused(parts: list[int]) -> None:
    with pytest.raises(ValueError, match="parts: expected at least one day"):
        split_by_days(100, parts)


@pytest.mark.parametrize("parts", [[-1, 2], [1.5], [True]])
def test_a_split_over_parts_that_are_no_day_counts_is_refused(parts: Any) -> None:
    with pytest.raises(ValueError, match="parts: expected whole numbers of days"):
        split_by_days(100, parts)


def test_what_remains_beside_the_eu_share_goes_to_the_largest_remainder() -> None:
    """10,000,001 cents over 40/50/10 %: the EU share is floored, the rest is split 50:10."""
    eu = share(Fraction(2, 5), 10_000_001)

    national = largest_remainder(10_000_001 - eu, {"land": 50, "own": 10}, ["land", "own"])

    assert eu == 4_000_000
    assert national == {"land": 5_000_001, "own": 1_000_000}


def test_equal_remainders_go_to_the_source_that_stands_first_in_the_fixed_order() -> None:
    thirds = {"land": THIRD, "municipality": THIRD, "own": THIRD}
    order = ["land", "municipality", "own"]

    assert list(largest_remainder(100, thirds, order).values()) == [34, 33, 33]
    assert largest_remainder(100, thirds, order[::-1])["own"] == 34
    assert list(largest_remainder(-100, thirds, order).values()) == [-34, -33, -33]


def test_a_split_that_comes_out_even_leaves_no_cent_over() -> None:
    eu = share(Fraction(2, 5), 12_345)

    national = largest_remainder(12_345 - eu, {"land": 40, "own": 20}, ["land", "own"])

    assert (eu, national) == (4_938, {"land": 4_938, "own": 2_469})


@given(
    amounts,
    st.dictionaries(st.sampled_from("abcdef"), rates, min_size=1).filter(
        lambda weights: any(weights.values())
    ),
)
def test_the_national_sources_together_bear_the_residual_to_the_cent(
    residual: int, weights: dict[str, Fraction]
) -> None:
    borne = largest_remainder(residual, weights, sorted(weights))

    assert sum(borne.values()) == residual
    for source, weight in weights.items():
        assert abs(borne[source] - residual * weight / sum(weights.values())) < 1


@pytest.mark.parametrize(
    ("weights", "order", "expected"),
    [
        ({"land": 1, "own": 1}, ["land"], "order: expected every source"),
        ({"land": 1}, ["own"], "order: expected every source"),
        ({"land": 1, "own": 1}, ["land", "land"], "order: expected every source"),
        ({"land": 0}, ["land"], "weights: expected at least one weight above zero"),
        ({}, [], "weights: expected at least one weight above zero"),
        ({"land": -1, "own": 2}, ["land", "own"], "weights: expected exact weights"),
        ({"land": 0.5}, ["land"], "weights: expected exact weights"),
    ],
)
def test_sources_without_a_clear_order_or_weight_are_refused(
    weights: Any, order: list[str], expected: str
) -> None:
    with pytest.raises(ValueError, match=expected):
        largest_remainder(100, weights, order)


# Grants


def test_the_grant_is_floored_then_the_esf_share_and_the_land_bears_the_rest() -> None:
    split = grant_split(8_765_433, grant_rate=Fraction(9, 10), esf_rate=HALF)

    assert split == GrantSplit(grant_cents=7_888_889, esf_cents=4_382_716, land_cents=3_506_173)


def test_a_grant_that_the_esf_bears_alone_leaves_nothing_for_the_land() -> None:
    assert grant_split(101, HALF, HALF) == GrantSplit(50, 50, 0)


def test_an_esf_rate_above_the_grant_rate_is_refused_and_the_field_is_named() -> None:
    with pytest.raises(ValueError, match="esf_rate: expected at most the grant rate 1/2, not 3/5"):
        grant_split(100, grant_rate=HALF, esf_rate=Fraction(3, 5))


@given(amounts, rates, rates)
def test_esf_and_land_are_the_grant_and_a_reversal_cancels_all_three(
    eligible: int, one_rate: Fraction, other_rate: Fraction
) -> None:
    esf_rate, grant_rate = sorted((one_rate, other_rate))

    split = grant_split(eligible, grant_rate, esf_rate)
    back = grant_split(-eligible, grant_rate, esf_rate)

    assert split.esf_cents + split.land_cents == split.grant_cents == share(grant_rate, eligible)
    assert split.land_cents * eligible >= 0
    assert (back.grant_cents, back.esf_cents, back.land_cents) == (
        -split.grant_cents,
        -split.esf_cents,
        -split.land_cents,
    )


def test_the_least_own_share_is_rounded_up_to_the_cent() -> None:
    assert minimum_own_share(Fraction(1, 10), 8_765_432) == 876_544
    assert minimum_own_share(Fraction(1, 5), 100) == 20
    assert minimum_own_share(Fraction(1, 10), 1) == 1
    assert minimum_own_share(Fraction(1, 10), -1) == -1


@given(rates, st.integers(min_value=0, max_value=MOST_CENTS))
def test_grant_and_least_own_share_of_complementary_rates_make_up_the_whole(
    rate: Fraction, eligible: int
) -> None:
    assert share(rate, eligible) + minimum_own_share(1 - rate, eligible) == eligible
