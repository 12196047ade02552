"""Recomputing a log finds whatever was changed below a head, and says where."""

from __future__ import annotations

import re

import pytest

from grant_store.log.checking import Checked, check
from grant_store.log.reading import NotConsistent
from store.log.desk import LOG_NAME, ORIGIN, Desk, change, change_log, replace_event
from store.log.growing import grow


@pytest.fixture
def signed(desk: Desk) -> Desk:
    """Heads of 200, 600 and 700, and 5 events above them."""
    checkpointer = desk.checkpointer()
    for count in (200, 400, 100):
        grow(desk.store, count)
        checkpointer.sign_next()
    grow(desk.store, 5)
    return desk


def recomputed(desk: Desk) -> Checked:
    return check(LOG_NAME, desk.log, desk.ledger())


def wrong(desk: Desk, why: str) -> None:
    with pytest.raises(NotConsistent, match=re.escape(why)):
        recomputed(desk)


def test_a_log_that_nobody_has_touched_is_what_its_ledger_is(signed: Desk) -> None:
    assert recomputed(signed) == Checked(ORIGIN, 705, heads=3, tiles=2, unsigned=5)


def test_a_ledger_without_heads_is_all_unsigned(desk: Desk) -> None:
    grow(desk.store, 3)

    assert recomputed(desk) == Checked(ORIGIN, 3, heads=0, tiles=0, unsigned=3)


def test_progress_is_told(signed: Desk) -> None:
    told: list[int] = []

    check(LOG_NAME, signed.log, signed.ledger(), told.append)

    assert told == [705]


@pytest.mark.parametrize("field", ["topic", "schema_version", "state", "metadata"])
def test_a_field_that_was_changed_is_found_at_its_place(signed: Desk, field: str) -> None:
    other = {"topic": "'x'", "schema_version": "7"}.get(field, "leaf_hash")
    change(signed, f"UPDATE {{events}} SET {field} = {other} WHERE position = 123")

    wrong(signed, "position 123: the stored leaf hash is not that of the row")


def test_a_ledger_that_was_written_anew_from_some_event_on_is_found_at_the_next_head(
    signed: Desk,
) -> None:
    replace_event(signed, 300)

    wrong(signed, "position 512: the stored tile tile/0/001 is not that of the ledger")


def test_a_ledger_that_was_written_anew_between_tiles_is_found_by_its_head(signed: Desk) -> None:
    replace_event(signed, 580)

    wrong(signed, "position 600: a head of 600 events was signed, but the events up to it do not")


def test_a_ledger_that_was_cut_off_is_found(signed: Desk) -> None:
    change(signed, "DELETE FROM {events} WHERE position > 650")

    wrong(signed, "position 700: a head of 700 events was signed, but the ledger ends before it")


def test_a_tile_that_was_changed_is_found(signed: Desk) -> None:
    change_log(signed, "tiles", "root = (SELECT root FROM {heads} LIMIT 1)")

    wrong(signed, "position 256: the stored tile tile/0/000 is not that of the ledger")


def test_a_head_whose_note_is_another_heads_is_found(signed: Desk) -> None:
    change_log(signed, "heads", "note = (SELECT note FROM {heads} ORDER BY size LIMIT 1)")

    wrong(signed, f"a head of 600 events was signed, but its note is not one of {ORIGIN}")
