"""Whose signature under a checkpoint counts, and that nothing but what was signed verifies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grant_store.log.checkpoint import Checkpoint
from grant_store.log.cosignature import NotVerified, opened
from grant_store.log.log_keys import KINDS_OF_LOG, KINDS_OF_WITNESS, cosignature_lines, signed_note
from grant_store.log.note import ED25519, ML_DSA_44, Note, SignatureLine
from grant_values.invalid import Invalid
from store.log.signers import (
    LOG_KEYS,
    NOON,
    ORIGIN,
    TRUSTED,
    WITNESS,
    WITNESS_KEYS,
    a_checkpoint,
    a_full_note,
    keys_of,
)

FULL = a_full_note(a_checkpoint())


def test_a_full_note_is_signed_by_its_log_and_its_witness() -> None:
    checkpoint = opened(FULL, TRUSTED)

    assert checkpoint.checkpoint == a_checkpoint()
    assert checkpoint.is_signed_by_log
    assert checkpoint.witnesses == {WITNESS}
    assert checkpoint.signed_at(WITNESS) == NOON
    assert checkpoint.signed_at(ORIGIN) == NOON


def test_lines_of_unknown_keys_are_ignored() -> None:
    strangers = keys_of(WITNESS.upper(), KINDS_OF_WITNESS)
    note = Note.parse(FULL).with_lines(cosignature_lines(a_checkpoint(99), strangers, NOON))

    checkpoint = opened(bytes(note), TRUSTED)

    assert checkpoint.witnesses == {WITNESS}


def test_without_trusted_keys_nobody_has_signed() -> None:
    checkpoint = opened(FULL, ())

    assert not checkpoint.is_signed_by_log
    assert checkpoint.witnesses == frozenset()


def test_a_wrong_signature_under_a_trusted_key_condemns_the_whole_note() -> None:
    other = signed_note(a_checkpoint(24), LOG_KEYS, NOON)
    forged = Note(a_checkpoint().text, Note.parse(other).lines)

    with pytest.raises(NotVerified, match="wrong"):
        opened(bytes(forged), TRUSTED)


def test_one_algorithm_alone_is_not_enough_where_two_are_trusted() -> None:
    """Whoever breaks Ed25519 one day could leave the other line out."""
    for left_out in LOG_KEYS:
        lines = [line for line in Note.parse(FULL).lines if line.key_id != left_out.verifier.key_id]
        stripped = bytes(Note(a_checkpoint().text, tuple(lines)))

        assert not opened(stripped, TRUSTED).is_signed_by_log
        trusted = [key for key in TRUSTED if key != left_out.verifier]
        assert opened(stripped, trusted).is_signed_by_log


def test_during_a_rotation_old_and_new_keys_sign_and_either_is_believed() -> None:
    new = tuple(replace(key, seed=bytes(32)) for key in LOG_KEYS)
    note = signed_note(a_checkpoint(), (*LOG_KEYS, *new), NOON)

    assert opened(note, [key.verifier for key in LOG_KEYS]).is_signed_by_log
    assert opened(note, [key.verifier for key in new]).is_signed_by_log
    assert opened(note, [key.verifier for key in (*LOG_KEYS, *new)]).is_signed_by_log
    before = signed_note(a_checkpoint(), LOG_KEYS, NOON)
    assert opened(before, [key.verifier for key in (*LOG_KEYS, *new)]).is_signed_by_log


def test_two_cosignatures_of_one_witness_count_once() -> None:
    later = cosignature_lines(a_checkpoint(), WITNESS_KEYS, NOON + timedelta(days=7))
    checkpoint = opened(bytes(Note.parse(FULL).with_lines(later)), TRUSTED)

    assert checkpoint.witnesses == {WITNESS}
    assert checkpoint.signed_at(WITNESS) == NOON + timedelta(days=7)


def test_the_keys_of_another_log_are_no_witness() -> None:
    """The operator holds the keys of all its logs, and a verifier trusts all of them."""
    other = keys_of("pruefpfad.example/intake/main", KINDS_OF_LOG)
    lines = cosignature_lines(a_checkpoint(), other, NOON)
    note = Note.parse(signed_note(a_checkpoint(), LOG_KEYS, NOON)).with_lines(lines)

    checkpoint = opened(bytes(note), [*TRUSTED, *(key.verifier for key in other)])

    assert checkpoint.is_signed_by(other[0].name)
    assert checkpoint.witnesses == frozenset()


def test_a_cosignature_does_not_move_to_another_log_or_another_name() -> None:
    """An ML-DSA-44 cosignature covers both names, an Ed25519 one that of the log."""
    lines = Note.parse(FULL).lines[2:]
    elsewhere = Note(a_checkpoint(origin="another/log").text, lines)
    with pytest.raises(NotVerified):
        opened(bytes(elsewhere), TRUSTED)

    renamed = replace(WITNESS_KEYS[1].verifier, name="another")
    line = SignatureLine("another", renamed.key_id, lines[1].blob)
    with pytest.raises(NotVerified):
        opened(bytes(Note(a_checkpoint().text, (line,))), [renamed])


@pytest.mark.parametrize("kind", KINDS_OF_WITNESS)
def test_the_time_of_a_cosignature_cannot_be_changed(kind: int) -> None:
    [key] = [key for key in WITNESS_KEYS if key.kind == kind]
    line = key.line(a_checkpoint(), NOON)
    earlier = line._replace(blob=bytes(7) + line.blob[7:])

    with pytest.raises(NotVerified):
        opened(bytes(Note(a_checkpoint().text, (earlier,))), [key.verifier])


@pytest.mark.parametrize("blob", [b"short", b"\xff" * 80], ids=["no time", "after all time"])
def test_a_cosignature_without_a_sensible_time_does_not_verify(blob: bytes) -> None:
    line = SignatureLine(WITNESS, WITNESS_KEYS[0].verifier.key_id, blob)

    with pytest.raises(NotVerified, match="time"):
        opened(bytes(Note(a_checkpoint().text, (line,))), TRUSTED)


def test_a_log_may_leave_the_time_of_its_ml_dsa_line_open() -> None:
    [key] = [key for key in LOG_KEYS if key.kind == ML_DSA_44]
    line = key.line(a_checkpoint(), NOON.fromtimestamp(0, NOON.tzinfo))
    checkpoint = opened(bytes(Note(a_checkpoint().text, (line,))), [key.verifier])

    assert checkpoint.is_signed_by_log
    assert checkpoint.signed_at(ORIGIN) is None


def test_two_trusted_keys_of_one_name_and_id_are_refused() -> None:
    class Twin(type(TRUSTED[0])):  # type: ignore[misc]
        key_id = TRUSTED[0].key_id

    twin = Twin(ORIGIN, ED25519, bytes(32))
    with pytest.raises(Invalid, match="same name and id"):
        opened(FULL, [*TRUSTED, twin])


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(FULL) - 1), st.integers(1, 255))
def test_no_changed_byte_leaves_all_four_signatures_standing(at: int, change: int) -> None:
    changed = FULL[:at] + bytes([FULL[at] ^ change]) + FULL[at + 1 :]
    try:
        checkpoint = opened(changed, TRUSTED)
    except (Invalid, NotVerified):
        return
    assert not (checkpoint.is_signed_by_log and checkpoint.witnesses == {WITNESS})


@settings(deadline=None)
@given(st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_what_is_signed_verifies(size: int, root: bytes) -> None:
    note = a_full_note(Checkpoint(ORIGIN, size, root))

    assert opened(note, TRUSTED).is_signed_by_log
    assert opened(note, TRUSTED).witnesses == {WITNESS}
