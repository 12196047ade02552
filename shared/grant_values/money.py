"""Amounts in whole cents and exact shares of them.

Responsible for reading and writing amounts and rates as text, and for shares that never lose or
invent a cent. Must not know budget lines, programmes or any rate: rates arrive as arguments.

Every function is sign-symmetric: what is computed for -x is the negative of what is computed for
x, so that a reversal cancels to the cent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil, floor
from typing import TypeAlias

Cents: TypeAlias = int

# Thirteen digits before the point stay exact in every reader of JSON and in a 64-bit column.
EURO_DIGITS = 13
EURO_PATTERN = rf"(?:0|[1-9][0-9]{{0,{EURO_DIGITS - 1}}})\.[0-9]{{2}}"
EURO_EXPECTED = 'expected an amount in euros as text with exactly two decimals, such as "1250.00"'
RATE_PATTERN = r"(?:[01](?:\.[0-9]{1,6})?|[0-9]{1,6}/[1-9][0-9]{0,5})"
RATE_EXPECTED = (
    'expected a rate from 0 to 1 as text, a decimal such as "0.5" or a fraction such as "1/3"'
)


def parse_euro(text: str) -> Cents:
    """Cents of an amount as it stands on the wire, "1250.00". No sign, exponent or separator."""
    if not isinstance(text, str):
        raise ValueError(EURO_EXPECTED)
    if re.fullmatch(EURO_PATTERN, text) is None:
        if re.fullmatch(r"[1-9][0-9]*\.[0-9]{2}", text):
            raise ValueError(f"{EURO_EXPECTED}, and at most {EURO_DIGITS} digits before the point")
        raise ValueError(EURO_EXPECTED)
    return int(text.replace(".", ""))


def format_euro(cents: Cents) -> str:
    """The wire form of `cents`, "1250.00"; a negative amount, as of a reversal, has a "-"."""
    euros, rest = divmod(abs(_whole_cents(cents)), 100)
    return f"{'-' if cents < 0 else ''}{euros}.{rest:02d}"


def euro_de(cents: Cents) -> str:
    """The form for people who read German: "1.250,00 €"."""
    euros, rest = divmod(abs(_whole_cents(cents)), 100)
    grouped = f"{euros:,}".replace(",", ".")
    return f"{'-' if cents < 0 else ''}{grouped},{rest:02d} €"


def parse_rate(text: str) -> Fraction:
    """The exact rate of "0.5" or "1/3". Percent signs and numbers are refused."""
    if not isinstance(text, str) or re.fullmatch(RATE_PATTERN, text) is None:
        raise ValueError(RATE_EXPECTED)
    rate = Fraction(text)
    if rate > 1:
        raise ValueError(RATE_EXPECTED)
    return rate


def format_rate(rate: Fraction) -> str:
    """The wire form of a rate: a decimal where six places say it exactly, else a fraction."""
    millionths = _proper_rate(rate, "rate") * 1_000_000
    if millionths.denominator != 1:
        return f"{rate.numerator}/{rate.denominator}"
    whole, rest = divmod(millionths.numerator, 1_000_000)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def share(rate: Fraction, cents: Cents) -> Cents:
    """`rate` of `cents`, rounded towards zero, so that a fund never gives more than its rate."""
    exact = _proper_rate(rate, "rate") * abs(_whole_cents(cents))
    return _with_sign_of(cents, floor(exact))


def next_share(rate: Fraction, cumulative_before: Cents, amount: Cents) -> Cents:
    """What `amount` adds to the share when `cumulative_before` has been shared already.

    The cumulative method keeps the sum of all shares equal to the share of the sum.
    """
    after = _whole_cents(cumulative_before) + _whole_cents(amount)
    return share(rate, after) - share(rate, cumulative_before)


def cumulative_shares(rate: Fraction, amounts: Sequence[Cents]) -> list[Cents]:
    """One share for each amount; up to any of them they sum to the share of the sum so far."""
    before = accumulate(amounts, initial=0)
    return [
        next_share(rate, cumulative, amount)
        for cumulative, amount in zip(before, amounts, strict=False)
    ]


def split_by_days(total_cents: Cents, parts: Sequence[int]) -> list[Cents]:
    """Split a total over parts weighted by their days; the pieces sum to the total exactly."""
    if any(type(days) is not int or days < 0 for days in parts):
        raise ValueError("parts: expected whole numbers of days, none below zero")
    if not sum(parts):
        raise ValueError("parts: expected at least one day to split the total over")
    magnitude, all_days = abs(_whole_cents(total_cents)), sum(parts)
    marks = [magnitude * days // all_days for days in accumulate(parts, initial=0)]
    return [_with_sign_of(total_cents, later - earlier) for earlier, later in pairwise(marks)]


def largest_remainder(
    residual_cents: Cents, weights: Mapping[str, Fraction | int], order: Sequence[str]
) -> dict[str, Cents]:
    """Split what remains beside the EU share over the national sources named in `weights`.

    Each source gets its floor; the cents left over go to the largest remainders, and among equal
    remainders to the source that stands first in `order`. The answer is in that order.
    """
    _check_sources(weights, order)
    magnitude = abs(_whole_cents(residual_cents))
    total = sum(Fraction(weight) for weight in weights.values())
    exact = {source: magnitude * Fraction(weights[source]) / total for source in order}
    whole = {source: floor(amount) for source, amount in exact.items()}
    by_remainder = sorted(order, key=lambda source: whole[source] - exact[source])
    for source in by_remainder[: magnitude - sum(whole.values())]:
        whole[source] += 1
    return {source: _with_sign_of(residual_cents, amount) for source, amount in whole.items()}


def minimum_own_share(rate: Fraction, eligible: Cents) -> Cents:
    """The least own share of `eligible` cents, rounded away from zero to the whole cent."""
    exact = _proper_rate(rate, "rate") * abs(_whole_cents(eligible))
    return _with_sign_of(eligible, ceil(exact))


@dataclass(frozen=True)
class GrantSplit:
    """A grant and who pays it: ESF and Land together are the grant, to the cent."""

    grant_cents: Cents
    esf_cents: Cents
    land_cents: Cents


def grant_split(eligible: Cents, grant_rate: Fraction, esf_rate: Fraction) -> GrantSplit:
    """Eligible cents to grant (floor), then ESF share of the eligible (floor); Land is the rest."""
    if _proper_rate(esf_rate, "esf_rate") > _proper_rate(grant_rate, "grant_rate"):
        raise ValueError(f"esf_rate: expected at most the grant rate {grant_rate}, not {esf_rate}")
    grant = share(grant_rate, eligible)
    esf = share(esf_rate, eligible)
    return GrantSplit(grant_cents=grant, esf_cents=esf, land_cents=grant - esf)


def _whole_cents(cents: Cents) -> Cents:
    # A float would pass through the arithmetic unnoticed and come out rounded.
    if type(cents) is not int:
        raise ValueError(f"expected whole cents as an int, not {type(cents).__name__}")
    return cents


def _proper_rate(rate: Fraction, name: str) -> Fraction:
    if not isinstance(rate, Fraction) or not 0 <= rate <= 1:
        raise ValueError(f"{name}: expected a Fraction from 0 to 1, not {rate!r}")
    return rate


def _with_sign_of(cents: Cents, magnitude: Cents) -> Cents:
    return -magnitude if cents < 0 else magnitude


def _check_sources(weights: Mapping[str, Fraction | int], order: Sequence[str]) -> None:
    if len(order) != len(weights) or set(order) != set(weights):
        raise ValueError("order: expected every source of the weights exactly once")
    if any(isinstance(weight, float) or weight < 0 for weight in weights.values()):
        raise ValueError("weights: expected exact weights (Fraction or int), none below zero")
    if not any(weights.values()):
        raise ValueError("weights: expected at least one weight above zero")
