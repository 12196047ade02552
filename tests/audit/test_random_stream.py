"""The random stream of a seed can be computed again by anybody who reads how."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grant_audit.random_stream import RandomStream, words_of

GOLDEN_SEED = "4711"
GOLDEN_WORDS = [2_231_059_802_449_715_569, 15_531_431_139_126_256_146, 40_485_156_853_857_115]


def by_hand(seed: str, count: int) -> list[int]:
    """The words of a seed, straight from the description and by other means."""
    key = sha256(b"pruefpfad sample 1" + b"\0" + seed.encode("utf-8")).digest()
    words: list[int] = []
    block = 0
    while len(words) < count:
        digest = sha256(key + block.to_bytes(8, "big")).digest()
        words += [int.from_bytes(digest[at : at + 8], "big") for at in range(0, 32, 8)]
        block += 1
    return words[:count]


@given(st.text(max_size=40))
def test_the_words_are_those_of_the_description(seed: str) -> None:
    assert list(islice(words_of(seed), 10)) == by_hand(seed, 10)


@given(st.text(max_size=10), st.integers(1, 2**64))
def test_a_number_is_below_its_limit_and_follows_from_the_seed(seed: str, limit: int) -> None:
    first, again = RandomStream(seed), RandomStream(seed)

    numbers = [first.below(limit) for _ in range(5)]

    assert all(0 <= number < limit for number in numbers)
    assert numbers == [again.below(limit) for _ in range(5)]


def test_a_word_beyond_the_greatest_multiple_is_passed_over_so_that_none_is_favoured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 2^64 words, 2^64 mod 10 = 6 would make the digits 0 to 5 likelier."""
    stream = RandomStream("x")
    monkeypatch.setattr(stream, "_words", iter([2**64 - 6, 2**64 - 1, 2**64 - 7]))

    assert stream.below(10) == (2**64 - 7) % 10


def test_every_digit_comes_about_equally_often() -> None:
    stream = RandomStream("about equally")
    counted = Counter(stream.below(10) for _ in range(20_000))

    assert sorted(counted) == list(range(10))
    expected = 2_000
    chi_square = sum((count - expected) ** 2 / expected for count in counted.values())
    assert chi_square < 27.9  # 99.9 % of what is equally likely stays below it with 9 degrees.


@pytest.mark.parametrize("limit", [0, -1, 2**64 + 1])
def test_a_limit_that_no_word_serves_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="limit: expected 1 to 2\\^64"):
        RandomStream("x").below(limit)


def test_the_first_words_of_a_seed_never_change() -> None:
    """Samples that were drawn must be drawn again by every later program."""
    assert list(islice(words_of(GOLDEN_SEED), 3)) == GOLDEN_WORDS
