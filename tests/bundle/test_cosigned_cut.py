"""A bundle that ends where witnesses have cosigned: the largest such end that is consistent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bundle.test_cut import DECIDERS, recordings, row
from grant_audit.bundle.cosigned_cut import CosignedCut, cosigned_cut
from grant_audit.bundle.cut import cause_of
from grant_audit.bundle.source import Source
from grant_store.rows import Head, LedgerEvent


class Ledger(NamedTuple):
    rows: Sequence[LedgerEvent]

    def head(self) -> Head:
        return Head(len(self.rows), b"")

    def events_after(self, position: int, limit: int) -> Sequence[LedgerEvent]:
        return self.rows[position : position + limit]


class Log(NamedTuple):
    """Who has cosigned which heads: one witness, or also the second one."""

    cosigned: Mapping[int, int]

    def cosigned_sizes(self) -> list[int]:
        return sorted(self.cosigned)

    def cosignatures(self, size: int) -> list[bytes]:
        return [
            f"\N{EM DASH} witness.example/w{n} AAAA\n".encode() for n in range(self.cosigned[size])
        ]


def a_source(service: str, rows: Sequence[LedgerEvent], cosigned: Mapping[int, int]) -> Source:
    ledger: Any = Ledger(rows)
    log: Any = Log(cosigned)
    return Source(service, "main", ledger, log)


@st.composite
def histories(draw: st.DrawFn) -> list[Source]:
    """Services that have recorded because of each other, and heads cosigned here and there."""
    order = draw(recordings())
    sources = []
    for service in DECIDERS:
        causes = [cause for name, cause in order if name == service]
        rows = [row(service, position, cause) for position, cause in enumerate(causes, 1)]
        cosigned = draw(st.dictionaries(st.integers(1, len(rows) or 1), st.integers(1, 2)))
        within = {size: names for size, names in cosigned.items() if size <= len(rows)}
        sources.append(a_source(service, rows, within))
    return sources


def is_consistent(sources: Sequence[Source], sizes: Mapping[str, int]) -> bool:
    return not any(
        cause[1] > sizes[cause[0]]
        for source in sources
        for each in source.ledger.events_after(0, sizes[source.name])
        if (cause := cause_of(each))
    )


def possible(source: Source, quorum: int) -> Iterator[int]:
    """Where this log may end: at a cosigned head or, below all of them, anywhere."""
    log: Any = source.log
    enough = [size for size, names in log.cosigned.items() if names >= quorum]
    end = source.ledger.head().position
    yield from enough
    yield from range(min(enough, default=end + 1))


def largest_by_trying(sources: Sequence[Source], quorum: int) -> list[int]:
    ends = product(*(possible(each, quorum) for each in sources))
    names = [each.name for each in sources]
    consistent = [e for e in ends if is_consistent(sources, dict(zip(names, e, strict=True)))]
    return [max(each[place] for each in consistent) for place in range(len(names))]


def cut(sources: Sequence[Source], quorum: int = 1) -> CosignedCut:
    return cosigned_cut(sources, quorum, (), lambda events: None)


@settings(deadline=None)
@given(histories(), st.integers(1, 2))
def test_every_cause_lies_within_and_every_log_ends_at_a_cosigned_head_or_says_why(
    sources: list[Source], quorum: int
) -> None:
    found = cut(sources, quorum)

    assert is_consistent(sources, found.sizes)
    for source in sources:
        log: Any = source.log
        is_cosigned = log.cosigned.get(found.sizes[source.name], 0) >= quorum
        is_empty = source.ledger.head().position == 0
        assert is_cosigned or is_empty or source.name in found.tails
        assert not (is_cosigned and source.name in found.tails)


@settings(deadline=None)
@given(histories(), st.integers(1, 2))
def test_no_larger_cut_would_do(sources: list[Source], quorum: int) -> None:
    found = cut(sources, quorum)
    assume(prod(len(list(possible(each, quorum))) for each in sources) <= 2_000)

    assert [found.sizes[each.name] for each in sources] == largest_by_trying(sources, quorum)


def test_a_head_is_lowered_to_the_cosigned_one_before_the_event_that_reaches_too_far() -> None:
    intake = [row("intake", n, "") for n in range(1, 601)]
    follows = [row("eligibility", n, f"intake/main/{n}") for n in range(1, 601)]
    sources = [
        a_source("eligibility", follows, {300: 1, 599: 1}),
        a_source("intake", intake, {550: 1}),
    ]

    found = cut(sources)

    assert found.sizes == {"eligibility/main": 300, "intake/main": 550}
    assert found.tails == {}


def test_a_log_without_a_head_that_fits_keeps_a_tail_and_says_why() -> None:
    follows = [row("eligibility", n, f"intake/main/{n}") for n in range(1, 11)]
    intake = [row("intake", n, "") for n in range(1, 11)]
    sources = [a_source("eligibility", follows, {9: 1}), a_source("intake", intake, {5: 1})]

    found = cut(sources)

    assert found.sizes == {"eligibility/main": 5, "intake/main": 5}
    assert found.tails == {
        "eligibility/main": "every cosigned head of eligibility/main holds events that follow from"
        " above those of other logs"
    }
    [reason] = cut([a_source("intake", intake, {5: 1})], quorum=2).tails.values()
    assert reason == "intake/main has no head that enough witnesses (2) have cosigned"


def test_a_cause_that_was_lost_lowers_nothing_so_that_the_verifier_sees_it() -> None:
    """Intake was brought back from a backup with three events; eligibility knows of five."""
    follows = [row("eligibility", n, f"intake/main/{n}") for n in range(1, 6)]
    intake = [row("intake", n, "") for n in range(1, 4)]
    sources = [a_source("eligibility", follows, {5: 1}), a_source("intake", intake, {3: 1})]

    assert cut(sources).sizes == {"eligibility/main": 5, "intake/main": 3}


def test_only_the_witnesses_of_the_policy_count() -> None:
    intake = [row("intake", n, "") for n in range(1, 11)]
    source = a_source("intake", intake, {4: 2, 9: 1})  # The second witness signed 4 only.

    found = cosigned_cut([source], 1, ["witness.example/w1"], lambda events: None)

    assert found.sizes == {"intake/main": 4}
