"""However services interleave: a bundle has the cause of each event that it has."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from grant_audit.bundle.cut import follows_from_beyond
from grant_store.rows import LedgerEvent
from pruefpfad.assembly import SERVICES
from pruefpfad.bundles import DOWNSTREAM_FIRST

FOLLOWS = {name: service.policies.upstreams for name, service in SERVICES.items()}
DECIDERS = tuple(name for name in DOWNSTREAM_FIRST if name != "audit")


def test_who_follows_comes_before_whom_it_follows_but_for_one_pair() -> None:
    place = {name: number for number, name in enumerate(DOWNSTREAM_FIRST)}

    late = {
        (name, upstream)
        for name, upstreams in FOLLOWS.items()
        for upstream in upstreams
        if place[upstream] < place[name]
    }

    assert sorted(DOWNSTREAM_FIRST) == sorted(SERVICES)
    assert late == {("disbursement", "budgeting")}


@st.composite
def recordings(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Who recorded in which order, and because of what."""
    written: dict[str, int] = dict.fromkeys(DECIDERS, 0)
    order = []
    for _ in range(draw(st.integers(0, 40))):
        service = draw(st.sampled_from(DECIDERS))
        known = [each for each in FOLLOWS[service] if written[each]]
        cause = ""
        if known and draw(st.booleans()):
            upstream = draw(st.sampled_from(known))
            cause = f"{upstream}/main/{draw(st.integers(1, written[upstream]))}"
        written[service] += 1
        order.append((service, cause))
    return order


def row(service: str, position: int, cause: str) -> LedgerEvent:
    metadata = b'{"causationid":"event:%s"}' % cause.encode() if cause else b"{}"
    topic, at = f"{service}.Noted", datetime(2026, 1, 1, tzinfo=UTC)
    return LedgerEvent(
        position, UUID(int=0), UUID(int=0), position, topic, 1, at, b"{}", metadata, b""
    )


def endless(name: str) -> int:
    return 1 << 62


@given(recordings(), st.lists(st.integers(0, 40), min_size=4, max_size=4))
def test_every_cause_lies_within_the_cut(order: list[tuple[str, str]], moments: list[int]) -> None:
    """Heads are read at four moments, in the order of `DOWNSTREAM_FIRST`, while services go on."""
    cuts: dict[str, int] = {}
    taken: list[LedgerEvent] = []
    for service, moment in zip(DECIDERS, sorted(moments), strict=True):
        recorded = [cause for name, cause in order[:moment] if name == service]
        rows = [row(service, position, cause) for position, cause in enumerate(recorded, 1)]
        end = next(
            (each.position - 1 for each in rows if follows_from_beyond(each, cuts, endless)),
            len(rows),
        )
        cuts[f"{service}/main"] = end
        taken += rows[:end]

    assert not [each for each in taken if follows_from_beyond(each, cuts, endless)]


def test_a_cause_that_its_own_ledger_has_lost_cuts_off_nobody() -> None:
    follower = row("disbursement", 1, "budgeting/main/9")

    assert follows_from_beyond(follower, {"budgeting/main": 6}, lambda name: 9)
    assert not follows_from_beyond(follower, {"budgeting/main": 6}, lambda name: 8)
