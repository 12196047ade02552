"""New events have ids of their own, in the order of time."""

from __future__ import annotations

import time
from uuid import RFC_4122

from grant_store.event_ids import new_event_id


def test_an_id_is_a_uuid_of_version_7_with_the_instant_in_front() -> None:
    before = time.time_ns() // 1_000_000
    found = new_event_id()
    after = time.time_ns() // 1_000_000

    assert (found.version, found.variant) == (7, RFC_4122)
    assert before <= found.int >> 80 <= after


def test_ten_thousand_ids_are_ten_thousand_and_those_of_later_milliseconds_come_later() -> None:
    ids = [new_event_id() for _ in range(10_000)]

    assert len(set(ids)) == len(ids)
    assert [each.int >> 80 for each in ids] == sorted(each.int >> 80 for each in ids)


def test_all_random_bits_vary() -> None:
    ids = [new_event_id().int for _ in range(500)]

    for bit in [*range(62), *range(64, 76)]:
        assert len({number >> bit & 1 for number in ids}) == 2, bit
