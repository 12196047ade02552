"""Recomputing a log finds whatever was changed below a head, and says where."""

from __future__ import annotations

import re

import pytest

from grant_store.log.checked_epoch import Checked
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.cosignature import KeysOf, no_keys
from grant_store.log.log_keys import SigningKey, cosignature_lines, keys_of_log, signed_note
from grant_store.log.note import Note, VerifierKey
from grant_store.log.reading import NotConsistent
from grant_store.rows import Append
from store.log.desk import LATER, ORIGIN, Desk, change, change_log, replace_event
from store.log.growing import grow
from store.log.signers import WITNESS, WITNESS_KEYS
from store.samples import an_event


@pytest.fixture
def signed(desk: Desk) -> Desk:
    """Heads of 200, 600 and 700, and 5 events above them."""
    checkpointer = desk.checkpointer()
    for count in (200, 400, 100):
        grow(desk.store, count)
        checkpointer.sign_next()
    grow(desk.store, 5)
    return desk


def recomputed(desk: Desk, keys_of: KeysOf = no_keys) -> Checked:
    """Of a log with one epoch."""
    [found] = desk.check(keys_of)
    return found


def wrong(desk: Desk, why: str, keys_of: KeysOf = no_keys) -> None:
    with pytest.raises(NotConsistent, match=re.escape(why)):
        desk.check(keys_of)


def test_a_log_that_nobody_has_touched_is_what_its_ledger_is(signed: Desk) -> None:
    assert recomputed(signed) == Checked(ORIGIN, 705, heads=3, tiles=2, unsigned=5)


def test_a_ledger_without_heads_is_all_unsigned(desk: Desk) -> None:
    grow(desk.store, 3)

    assert recomputed(desk) == Checked(ORIGIN, 3, heads=0, tiles=0, unsigned=3)


def test_progress_is_told(signed: Desk) -> None:
    told: list[int] = []

    signed.check(progress=told.append)

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


def test_a_tile_that_is_gone_is_found(signed: Desk) -> None:
    change_log(signed, "tiles", "level = 7")

    wrong(signed, "position 256: the stored tile tile/0/000 is not that of the ledger")


def test_a_head_whose_note_is_another_heads_is_found(signed: Desk) -> None:
    change_log(signed, "heads", "note = (SELECT note FROM {heads} ORDER BY size LIMIT 1)")

    wrong(signed, f"a head of 600 events was signed, but its note is not one of {ORIGIN}")


# Signatures.


def public_keys(desk: Desk, folder: str = "log", *more: SigningKey) -> KeysOf:
    def keys_of(origin: str) -> list[VerifierKey]:
        return [key.verifier for key in (*keys_of_log(desk.keys / folder, origin), *more)]

    return keys_of


def cosign(desk: Desk, size: int) -> None:
    head = desk.log.head(size)
    assert head
    checkpoint = Checkpoint.parse(Note.parse(head.note).text)
    desk.log.cosign(size, WITNESS, cosignature_lines(checkpoint, WITNESS_KEYS, LATER))


def test_every_head_is_signed_by_its_log_and_cosignatures_are_verified_with_a_key(
    signed: Desk,
) -> None:
    cosign(signed, 600)

    ours = recomputed(signed, public_keys(signed))
    with_witness = recomputed(signed, public_keys(signed, "log", *WITNESS_KEYS))

    assert (ours.is_verified, ours.cosignatures, ours.verified) == (True, 2, 0)
    assert (with_witness.cosignatures, with_witness.verified) == (2, 2)


def test_without_keys_it_is_said_that_signatures_were_not_verified(signed: Desk) -> None:
    assert not recomputed(signed).is_verified


def test_a_head_that_the_log_has_not_signed_is_found(signed: Desk) -> None:
    (signed.keys / "others").mkdir()

    wrong(
        signed,
        "position 200: a head of 200 events was signed, but it is not signed with the keys",
        public_keys(signed, "others"),
    )


def test_a_signature_of_another_head_is_found(signed: Desk) -> None:
    """The note says what it should, and bears the lines of another one."""
    heads = signed.log.heads()
    text, lines = Note.parse(heads[1].note).text, Note.parse(heads[0].note).lines
    change_log(signed, "heads", hexed(signed, bytes(Note(text, lines)), size=600))

    assert recomputed(signed).heads == 3
    wrong(signed, "position 600: a head of 600 events was signed", public_keys(signed))


def test_a_head_that_is_kept_with_another_time_than_it_was_signed_at_is_found(
    signed: Desk,
) -> None:
    later = "signed_at + interval '50 years'"
    if signed.url.startswith("sqlite"):
        later = f"signed_at + {50 * 365 * 24 * 3600 * 1_000_000}"
    change_log(signed, "heads", f"signed_at = {later}")

    wrong(signed, "a head of 200 events was signed, but it is kept as of", public_keys(signed))


def test_a_cosignature_of_another_head_is_found(signed: Desk) -> None:
    cosign(signed, 600)
    other = Checkpoint(ORIGIN, 599, signed.root(599))
    signed.log.cosign(700, WITNESS, cosignature_lines(other, WITNESS_KEYS, LATER))

    assert recomputed(signed, public_keys(signed)).cosignatures == 4
    wrong(signed, f"the signature of {WITNESS}", public_keys(signed, "log", *WITNESS_KEYS))


# Epochs.


def an_incident(known_size: int = 700, epoch: int = 2) -> Append:
    state = (
        f'{{"epoch":{epoch},"known_origin":"{ORIGIN}","known_size":{known_size},'
        '"known_root":"","reason":"restored"}'
    )
    return Append(events=[an_event(topic="budgeting.IncidentRecorded", state=state.encode())])


@pytest.fixture
def begun_anew(signed: Desk) -> Desk:
    """Restored as of 650 events, and signed again after the incident, which is event 651."""
    change(signed, "DELETE FROM {events} WHERE position > 650")
    signed.store.append(an_incident())
    grow(signed.store, 149)
    signed.checkpointer().sign_all()
    return signed


def test_every_epoch_is_recomputed_and_lost_heads_are_counted(begun_anew: Desk) -> None:
    first, second = begun_anew.check(public_keys(begun_anew))

    assert (first.origin, first.heads, first.lost, first.tiles) == (ORIGIN, 3, 1, 2)
    assert (second.origin, second.heads, second.lost, second.tiles) == (f"{ORIGIN}/2", 1, 0, 3)
    assert first.is_verified and second.is_verified
    assert (first.unsigned, second.unsigned) == (0, 0)


def test_an_incident_above_all_heads_begins_an_epoch_without_heads(signed: Desk) -> None:
    change(signed, "DELETE FROM {events} WHERE position > 650")
    signed.store.append(an_incident())

    first, second = signed.check()

    assert (first.lost, second.heads, second.unsigned) == (1, 0, 651)


def test_a_head_that_no_incident_says_to_be_lost_is_found(signed: Desk) -> None:
    change(signed, "DELETE FROM {events} WHERE position > 650")
    signed.store.append(an_incident(known_size=690))

    wrong(signed, "position 700: a head of 700 events was signed, but the ledger ends before it")


def test_a_head_of_an_ended_epoch_that_was_exchanged_is_found(begun_anew: Desk) -> None:
    """It is rightly signed and leads nowhere, but a later head of its epoch still holds."""
    exchange_head(begun_anew, Checkpoint(ORIGIN, 200, bytes(32)))

    wrong(begun_anew, "position 600: a head of 600 events was signed, but an earlier head")


def test_a_tile_of_an_ended_epoch_that_was_changed_is_found(begun_anew: Desk) -> None:
    setting = "root = CASE WHEN epoch = 1 THEN (SELECT root FROM {heads} LIMIT 1) ELSE root END"
    change_log(begun_anew, "tiles", setting)

    wrong(begun_anew, "position 256: the stored tile tile/0/000 is not that of the ledger")


def test_an_ended_epoch_has_no_head_that_reaches_beyond_its_incident(begun_anew: Desk) -> None:
    exchange_head(begun_anew, Checkpoint(ORIGIN, 700, begun_anew.root(700)))

    wrong(begun_anew, "its epoch had been ended by an incident before")


def exchange_head(desk: Desk, head: Checkpoint) -> None:
    """Another head of this size, signed with the log's keys."""
    note = signed_note(head, keys_of_log(desk.keys / "log", ORIGIN), LATER)
    change_log(
        desk,
        "heads",
        f"{hexed(desk, note, head.size)}, {hexed(desk, head.root, head.size, 'root')}",
    )


def hexed(desk: Desk, value: bytes, size: int, column: str = "note") -> str:
    """Sets this column of one head."""
    literal = f"x'{value.hex()}'" if desk.url.startswith("sqlite") else f"'\\x{value.hex()}'::bytea"
    return f"{column} = CASE WHEN size = {size} THEN {literal} ELSE {column} END"


def test_an_incident_that_says_nothing_readable_is_found(begun_anew: Desk) -> None:
    value = "x'7b7d'" if begun_anew.url.startswith("sqlite") else "'\\x7b7d'::bytea"
    change(begun_anew, f"UPDATE {{events}} SET state = {value} WHERE position = 651")

    wrong(begun_anew, "position 651: what the incident says cannot be read")
