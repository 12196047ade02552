"""The checkpointer signs every growth of a ledger, and nothing that takes something back."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from grant_store.leaf import leaf_hash, microseconds
from grant_store.log import growth
from grant_store.log.broken import KnownHead
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.checkpointer import Checkpointer
from grant_store.log.continuing import Continuation
from grant_store.log.cosignature import opened
from grant_store.log.log_keys import (
    add_keys,
    keys_of_log,
    path_of,
    private_keys,
    public_keys,
    replace_keys,
    retire_keys,
    verifier_keys,
)
from grant_store.log.reading import NotConsistent
from grant_store.log.store import LogStore
from grant_store.log.stored_tiles import tree_of
from grant_store.log.tree import (
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
)
from grant_store.opening import open_ledger_view
from grant_store.rows import Append
from grant_values.invalid import Invalid
from store.log.desk import LATER, LOG_NAME, ORIGIN, Desk, change, replace_event
from store.log.growing import grow
from store.samples import an_event

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def an_incident(epoch: int = 2) -> Append:
    state = f'{{"epoch":{epoch},"reason":"restored"}}'.encode()
    return Append(events=[an_event(topic="budgeting.IncidentRecorded", state=state)])


def sizes(log: LogStore) -> list[int]:
    return [head.size for head in log.heads()]


def test_what_was_recorded_is_signed_with_both_of_the_logs_keys(desk: Desk) -> None:
    grow(desk.store, 5)

    [head] = desk.checkpointer().sign_all()

    keys = [key.verifier for key in keys_of_log(desk.keys / "log", ORIGIN)]
    read = opened(head.note, keys)
    assert len({key.kind for key in keys}) == 2
    assert read.is_signed_by_log
    assert read.checkpoint == Checkpoint(ORIGIN, 5, desk.root(5))
    assert desk.log.heads() == [head]


def test_without_anything_new_nothing_is_signed(desk: Desk) -> None:
    checkpointer = desk.checkpointer()
    assert checkpointer.sign_next() is None
    grow(desk.store, 1)
    checkpointer.sign_all()

    assert checkpointer.sign_next() is None
    assert desk.checkpointer().sign_next() is None


@pytest.mark.parametrize("restarts", [False, True], ids=["one process", "a restart each time"])
def test_every_head_continues_the_one_before_and_proves_every_event(
    desk: Desk, restarts: bool
) -> None:
    checkpointer = desk.checkpointer()
    for count in (1, 254, 1, 1, 300, 211, 256, 7):
        grow(desk.store, count)
        checkpointer = desk.checkpointer() if restarts else checkpointer
        assert checkpointer.sign_next()

    heads, leaves = desk.log.heads(), desk.leaves()
    assert sizes(desk.log) == [1, 255, 256, 257, 557, 768, 1024, 1031]
    with closing(open_ledger_view(desk.url, "budgeting")) as ledger:
        tree = tree_of(desk.log, ledger, heads[-1].size)
        for old, new in pairwise(heads):
            proof = consistency_proof(old.size, new.size, tree)
            check_consistency(old.size, old.root, new.size, new.root, proof)
        for index in (0, 255, 256, 1030):
            inclusion = inclusion_proof(index, 1031, tree)
            check_inclusion(leaves[index], index, 1031, inclusion, heads[-1].root)


def test_very_much_is_signed_in_parts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "LONGEST_STRIDE", 300)
    grow(desk.store, 700)

    desk.checkpointer().sign_all()

    assert sizes(desk.log) == [300, 600, 700]
    assert [head.root for head in desk.log.heads()] == [desk.root(size) for size in (300, 600, 700)]


def test_signing_ends_although_others_go_on_writing(desk: Desk) -> None:
    checkpointer = desk.checkpointer()
    grow(desk.store, 3)
    desk.told_the_time = lambda: grow(desk.store, 1)  # Somebody appends during each signature.

    assert [head.size for head in checkpointer.sign_all()] == [3]
    assert [head.size for head in checkpointer.sign_all()] == [4]


def test_another_process_that_has_signed_meanwhile_is_continued(desk: Desk) -> None:
    first, second = desk.checkpointer(), desk.checkpointer()
    for checkpointer in (first, second, first, second):
        grow(desk.store, 100)
        assert checkpointer.sign_next()

    assert sizes(desk.log) == [100, 200, 300, 400]


def test_a_clock_that_was_set_back_dates_no_head_before_the_last_one(desk: Desk) -> None:
    checkpointer = desk.checkpointer()
    grow(desk.store, 1)
    checkpointer.sign_next()
    grow(desk.store, 1)
    desk.now = LATER - timedelta(days=3)

    head = checkpointer.sign_next()

    assert head and head.signed_at == LATER


def test_no_head_is_dated_before_an_event_that_it_covers(desk: Desk) -> None:
    grow(desk.store, 1)
    [row] = desk.store.events_after(0, 1)
    desk.now = NOON

    head = desk.checkpointer().sign_next()

    assert head and head.signed_at == row.recorded_at


# What is refused.


def test_a_row_whose_bytes_are_not_those_of_its_leaf_is_not_signed(desk: Desk) -> None:
    grow(desk.store, 300)
    change(desk, "UPDATE {events} SET topic = 'budgeting.Forged' WHERE position = 270")

    refused(desk, r"position 270: the stored leaf hash is not that of the row")


def test_a_hole_between_positions_is_not_signed(desk: Desk) -> None:
    grow(desk.store, 300)
    change(desk, "DELETE FROM {events} WHERE position = 270")

    refused(desk, r"position 270: expected the next event here; the next one stands at 271")


def test_a_time_that_goes_back_is_not_signed(desk: Desk) -> None:
    grow(desk.store, 3)
    rows = desk.store.events_after(0, 3)
    earlier = rows[0].recorded_at - timedelta(seconds=1)
    leaf = leaf_hash(2, microseconds(earlier), rows[1])  # type: ignore[arg-type]
    at = str(microseconds(earlier)) if desk.url.startswith("sqlite") else f"'{earlier.isoformat()}'"
    prefix, suffix = ("x'", "'") if desk.url.startswith("sqlite") else ("'\\x", "'::bytea")
    change(
        desk,
        f"UPDATE {{events}} SET recorded_at = {at}, leaf_hash = {prefix}{leaf.hex()}{suffix}"
        " WHERE position = 2",
    )

    refused(desk, r"position 2: it is recorded earlier than the event before it")


@pytest.mark.parametrize("size", [300, 512], ids=["within a tile", "at the end of a tile"])
@pytest.mark.parametrize("restarts", [False, True], ids=["one process", "after a restart"])
def test_a_ledger_that_is_shorter_than_its_last_head_is_not_signed(
    desk: Desk, size: int, restarts: bool
) -> None:
    checkpointer = desk.checkpointer()
    grow(desk.store, size)
    checkpointer.sign_next()
    change(desk, f"DELETE FROM {{events}} WHERE position > {size - 1}")

    refused(desk, "the ledger ends before it", None if restarts else checkpointer)

    grow(desk.store, 20)  # Positions are used again, by other events.
    refused(desk, f"position {size}: ", None if restarts else checkpointer)
    assert sizes(desk.log) == [size]


def test_an_event_that_was_signed_and_is_another_now_is_noticed_at_the_next_start(
    desk: Desk,
) -> None:
    grow(desk.store, 300)
    desk.checkpointer().sign_next()
    replace_event(desk, 280)
    grow(desk.store, 1)

    refused(desk, r"position 300: the events up to it are not those of the head of 300")


def test_an_event_that_was_changed_between_two_turns_is_not_signed(desk: Desk) -> None:
    """All above the last full tile is read again at each turn, not only the last event."""
    checkpointer = desk.checkpointer()
    grow(desk.store, 300)
    checkpointer.sign_next()
    replace_event(desk, 280)
    grow(desk.store, 1)

    with pytest.raises(NotConsistent, match="position 280: another event stands here"):
        checkpointer.sign_next()
    refused(desk, r"position 300: the events up to it are not those of the head", checkpointer)


def test_a_row_that_was_changed_between_two_turns_is_not_signed(desk: Desk) -> None:
    checkpointer = desk.checkpointer()
    grow(desk.store, 300)
    checkpointer.sign_next()
    change(desk, "UPDATE {events} SET topic = 'budgeting.Forged' WHERE position = 257")
    grow(desk.store, 1)

    refused(desk, "position 257: the stored leaf hash is not that of the row", checkpointer)


def test_a_log_of_another_name_or_key_is_not_gone_on_with(desk: Desk) -> None:
    grow(desk.store, 1)
    desk.checkpointer().sign_next()
    grow(desk.store, 1)

    refused(desk, "the last head is one of grants", desk.checkpointer("other.example"))
    refused(desk, "the last head is not signed by the keys", desk.checkpointer(keys="others"))


def test_a_ledger_and_a_log_that_were_restored_together_are_not_signed(desk: Desk) -> None:
    grow(desk.store, 300)
    desk.checkpointer().sign_next()
    desk.known = [KnownHead(1, 400, b"r" * 32, ORIGIN)]

    refused(desk, f"a head of 400 events was exported from {ORIGIN}, but the ledger is shorter")

    grow(desk.store, 150)
    refused(
        desk, f"a head of 400 events was exported from {ORIGIN}, but the events up to it are others"
    )
    desk.known = [KnownHead(1, 400, desk.root(400), ORIGIN)]
    assert desk.checkpointer().sign_next()
    assert sizes(desk.log) == [300, 450]


def test_a_log_that_was_signed_anew_is_not_gone_on_with_where_a_head_has_left_it(
    desk: Desk,
) -> None:
    """Whoever has the log's keys can make ledger, tiles and heads agree."""
    for count in (300, 100):
        grow(desk.store, count)
        desk.checkpointer().sign_next()
    grow(desk.store, 1)
    for size in (300, 350, 400):  # With a head of its own in the log, and without.
        desk.known = [KnownHead(1, size, b"r" * 32, ORIGIN)]
        refused(desk, f"a head of {size} events was exported .* but the log was signed anew")

    desk.known = [KnownHead(1, 350, desk.root(350), ORIGIN)]
    assert desk.checkpointer().sign_next()


def test_where_a_log_was_signed_anew_the_exported_head_is_the_known_one(desk: Desk) -> None:
    grow(desk.store, 400)
    desk.checkpointer().sign_next()
    exported = KnownHead(1, 300, b"r" * 32, ORIGIN)

    broken = Continuation(LOG_NAME, desk.log, desk.ledger(), lambda origin: exported).broken()

    assert broken and broken.known == exported


@pytest.mark.parametrize("how", ["rotated", "replaced"])
def test_a_log_goes_on_after_its_keys_were_changed_with_no_head_in_between(
    desk: Desk, how: str
) -> None:
    grow(desk.store, 1)
    desk.checkpointer().sign_next()
    path = path_of(desk.keys / "log", ORIGIN)
    if how == "rotated":
        add_keys(path)
        retire_keys(path)
    else:
        path.unlink()
        with pytest.raises(Invalid, match="replace-keys"):
            desk.checkpointer().sign_next()
        replace_keys(path)
    grow(desk.store, 1)

    [head] = desk.checkpointer().sign_all()

    signing = [key.verifier for key in private_keys(path)]
    assert opened(head.note, signing).is_signed_by_log
    assert len(verifier_keys(path.with_suffix(".vkey"))) == 4
    assert desk.check(lambda origin: public_keys(desk.keys / "log", origin))[0].is_verified


# After an incident.


def test_after_a_recorded_incident_a_log_of_another_origin_begins_anew(desk: Desk) -> None:
    checkpointer = desk.checkpointer()
    grow(desk.store, 300)
    checkpointer.sign_next()
    change(desk, "DELETE FROM {events} WHERE position > 270")
    refused(desk, "the ledger ends before it", checkpointer)
    desk.store.append(an_incident())
    grow(desk.store, 9)

    [head] = checkpointer.sign_all()

    assert (head.epoch, head.size, head.root) == (2, 280, desk.root(280))
    assert Checkpoint(f"{ORIGIN}/2", 280, head.root).text in head.note
    assert desk.log.epochs() == [1, 2]
    grow(desk.store, 1)
    again = desk.checkpointer().sign_next()
    assert again and (again.epoch, again.size) == (2, 281)


def test_an_incident_ends_an_epoch_even_where_the_log_was_restored_too(desk: Desk) -> None:
    grow(desk.store, 300)
    desk.checkpointer().sign_next()
    desk.known = [KnownHead(1, 400, b"r" * 32, ORIGIN)]
    desk.store.append(an_incident())

    [head] = desk.checkpointer().sign_all()

    assert (head.epoch, head.size) == (2, 301)


def test_a_running_checkpointer_begins_anew_when_it_meets_an_incident(desk: Desk) -> None:
    checkpointer = desk.checkpointer()
    for epoch in (1, 2, 3):
        grow(desk.store, 300)
        head = checkpointer.sign_next()
        assert head and head.epoch == epoch
        desk.store.append(an_incident(epoch + 1))

    assert desk.log.epochs() == [1, 2, 3]


def test_a_log_that_is_lost_with_its_heads_begins_in_the_epoch_of_the_ledger(desk: Desk) -> None:
    grow(desk.store, 10)
    desk.store.append(an_incident())

    [head] = desk.checkpointer().sign_all()

    assert (head.epoch, head.size) == (2, 11)


def test_epochs_go_on_counting_where_an_incident_was_lost_with_a_second_restore(desk: Desk) -> None:
    grow(desk.store, 300)
    desk.store.append(an_incident(2))
    desk.checkpointer().sign_next()
    change(desk, "DELETE FROM {events} WHERE position > 100")
    refused(desk, "the ledger ends before it")
    desk.store.append(an_incident(2))
    refused(desk, "the ledger ends before it")

    desk.store.append(an_incident(3))

    head = desk.checkpointer().sign_next()
    assert head and (head.epoch, head.size) == (3, 102)


def test_an_exported_epoch_whose_incident_is_not_on_record_is_not_gone_behind(desk: Desk) -> None:
    grow(desk.store, 300)
    desk.checkpointer().sign_next()
    desk.known = [KnownHead(2, 200, b"r" * 32, f"{ORIGIN}/2")]

    refused(desk, "the incident before it is not on record")


def refused(desk: Desk, why: str, checkpointer: Checkpointer | None = None) -> None:
    """It says why, signs nothing, and goes on refusing."""
    before = desk.log.heads()
    signing = checkpointer or desk.checkpointer()
    for _ in range(2):
        with pytest.raises(NotConsistent, match=why):
            signing.sign_next()
    assert desk.log.heads() == before
