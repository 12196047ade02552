"""A witness cosigns consistent growth only, and keeps what it refused."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grant_store.errors import StoreError
from grant_store.log.cosignature import opened
from grant_store.log.log_keys import signed_note
from grant_store.log.note import Note
from grant_store.log.witness import Refused, Witness
from grant_store.log.witness_request import WitnessRequest
from grant_store.log.write_once import Differs
from grant_values.invalid import Invalid
from store.log.growing_log import GrowingLog
from store.log.signers import LOG_KEYS, NOON, ORIGIN, WITNESS, a_checkpoint, keys_of

LATER = NOON + timedelta(days=7)


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    witness = Witness.init(tmp_path / "witness", WITNESS)
    for key in LOG_KEYS:
        witness.trust(key.verifier, NOON)
    return witness


@pytest.fixture
def log() -> GrowingLog:
    return GrowingLog().grow(23)


def refusal_of(witness: Witness, request: bytes) -> Refused:
    with pytest.raises(Refused) as refused:
        witness.cosign(request, LATER)
    return refused.value


def test_the_first_head_of_a_log_is_cosigned_as_it_is(witness: Witness, log: GrowingLog) -> None:
    lines = witness.cosign(log.request(0), NOON)

    note = bytes(Note.parse(log.note()).with_lines(lines))
    assert opened(note, witness.verifiers).witnesses == {WITNESS}
    last = witness.last_head(ORIGIN)
    assert last is not None
    assert last.checkpoint == log.checkpoint()
    assert opened(last.note, witness.verifiers).witnesses == {WITNESS}


def test_a_head_that_grew_out_of_the_last_one_is_cosigned(
    witness: Witness, log: GrowingLog
) -> None:
    witness.cosign(log.request(0), NOON)
    lines = witness.cosign(log.grow(200).request(23), LATER)

    note = bytes(Note.parse(log.note()).with_lines(lines))
    assert opened(note, witness.verifiers).signed_at(WITNESS) == LATER
    assert [head.checkpoint.size for head in witness.heads()] == [223]


def test_the_same_head_gets_the_same_cosignature_again(witness: Witness, log: GrowingLog) -> None:
    """An answer that got lost can be asked for again, and a log at rest gathers no lines."""
    lines = witness.cosign(log.request(0), NOON)

    assert witness.cosign(log.request(23), LATER) == lines


@pytest.mark.parametrize("size", [23, 24, 223])
def test_another_history_is_refused_and_both_heads_are_kept(
    witness: Witness, log: GrowingLog, size: int
) -> None:
    witness.cosign(log.request(0), NOON)
    forked = GrowingLog().grow(7).grow(size - 7, "rewritten")

    refused = refusal_of(witness, forked.request(23))

    assert refused.reason == ("forked" if size == 23 else "inconsistent")
    assert refused.status == (409 if size == 23 else 422)
    [kept] = witness.refusals()
    assert kept.reason == refused.reason
    assert WitnessRequest.parse(kept.request).checkpoint == forked.checkpoint()
    assert kept.last_note is not None
    assert opened(kept.last_note, [key.verifier for key in LOG_KEYS]).checkpoint == log.checkpoint()
    assert opened(WitnessRequest.parse(kept.request).note, [LOG_KEYS[0].verifier]).is_signed_by_log
    last = witness.last_head(ORIGIN)
    assert last is not None
    assert last.checkpoint == log.checkpoint()


def test_lines_of_nobody_do_not_end_a_witness(witness: Witness, log: GrowingLog) -> None:
    """A note may have a hundred lines; with ours added, it must still be one."""
    junk = "".join(f"— nobody.example/{each} AAAAAAAA\n" for each in range(98)).encode()
    full = bytes(Note.parse(log.note()).with_lines(junk))
    witness.cosign(bytes(WitnessRequest(0, (), full)), NOON)

    kept = witness.last_head(ORIGIN)

    assert kept is not None
    names = [line.name for line in Note.parse(kept.note).lines]
    assert names == [ORIGIN, ORIGIN, WITNESS, WITNESS]
    assert witness.cosign(log.grow(9).request(23), LATER)


def test_a_log_that_shrank_is_refused(witness: Witness, log: GrowingLog) -> None:
    witness.cosign(log.request(0), NOON)

    refused = refusal_of(witness, log.request(0, size=20))

    assert (refused.reason, refused.status, refused.known_size) == ("shrunk", 409, 23)


def test_a_proof_from_another_size_is_answered_with_the_size_that_is_known(
    witness: Witness, log: GrowingLog
) -> None:
    witness.cosign(log.request(0), NOON)

    refused = refusal_of(witness, log.grow(9).request(7))

    assert (refused.reason, refused.status, refused.known_size) == ("conflict", 409, 23)
    witness.cosign(log.request(refused.known_size), LATER)


@pytest.mark.parametrize(
    "how", ["a hash less", "a hash more", "another hash", "a proof from nothing"]
)
def test_a_proof_that_does_not_hold_is_refused(witness: Witness, log: GrowingLog, how: str) -> None:
    old_size = 0 if how == "a proof from nothing" else 23
    if old_size:
        witness.cosign(log.request(0), NOON)
    request = WitnessRequest.parse(log.grow(9).request(old_size))
    proof = {
        "a hash less": request.proof[1:],
        "a hash more": (*request.proof, bytes(32)),
        "another hash": (bytes(32), *request.proof[1:]),
        "a proof from nothing": (bytes(32),),
    }[how]

    refused = refusal_of(witness, bytes(WitnessRequest(old_size, proof, request.note)))

    assert (refused.reason, refused.status) == ("inconsistent", 422)


def test_a_log_nobody_handed_over_a_key_of_is_refused(witness: Witness) -> None:
    stranger = GrowingLog("another/log", keys_of("another/log", (1, 6))).grow(3)

    refused = refusal_of(witness, stranger.request(0))

    assert (refused.reason, refused.status) == ("unknown_log", 404)


def test_a_head_that_a_stranger_signed_is_refused(witness: Witness) -> None:
    strangers = tuple(type(key)(ORIGIN, key.kind, bytes(range(32))) for key in LOG_KEYS)

    refused = refusal_of(witness, GrowingLog(keys=strangers).grow(3).request(0))

    assert (refused.reason, refused.status) == ("unsigned", 403)


def test_a_head_with_one_of_two_signatures_is_refused(witness: Witness) -> None:
    refused = refusal_of(witness, GrowingLog(keys=LOG_KEYS[:1]).grow(3).request(0))

    assert (refused.reason, refused.status) == ("unsigned", 403)


def test_a_forged_signature_is_refused(witness: Witness, log: GrowingLog) -> None:
    lines = Note.parse(signed_note(a_checkpoint(99), LOG_KEYS, NOON)).lines
    forged = bytes(Note(log.checkpoint().text, lines))

    refused = refusal_of(witness, bytes(WitnessRequest(0, (), forged)))

    assert (refused.reason, refused.status) == ("wrong_signature", 403)


def test_a_key_that_is_no_longer_believed_signs_nothing(witness: Witness, log: GrowingLog) -> None:
    witness.distrust(LOG_KEYS[0].verifier, NOON)
    witness.distrust(LOG_KEYS[1].verifier, NOON)

    assert refusal_of(witness, log.request(0)).reason == "unknown_log"
    assert witness.trust(LOG_KEYS[0].verifier, LATER)
    assert not witness.trust(LOG_KEYS[0].verifier, LATER)
    assert witness.trusted() == [LOG_KEYS[0].verifier]


def test_a_clock_that_went_back_is_an_error_and_nothing_is_kept(
    witness: Witness, log: GrowingLog
) -> None:
    witness.cosign(log.request(0), LATER)

    with pytest.raises(Invalid, match="clock"):
        witness.cosign(log.grow(9).request(23), NOON)
    assert witness.refusals() == []
    assert [head.checkpoint.size for head in witness.heads()] == [23]


def test_a_clock_that_is_years_ahead_does_not_keep_a_witness_from_cosigning(
    witness: Witness, log: GrowingLog
) -> None:
    with pytest.raises(Invalid, match="clock: expected a time within a year"):
        witness.cosign(log.request(0), NOON + timedelta(days=3650))

    assert witness.cosign(log.request(0), LATER)


@pytest.mark.parametrize(
    "request_bytes",
    [b"", b"old 0\n\n", b"old 00\n\nx\n", b"new 0\n\nx\n", b"old 7\nAAAA\n\nx\n"],
)
def test_what_is_no_request_is_invalid(witness: Witness, request_bytes: bytes) -> None:
    with pytest.raises(Invalid):
        witness.cosign(request_bytes, NOON)


@settings(deadline=None)
@given(st.data())
def test_a_request_is_read_as_it_was_written_or_refused(data: st.DataObject) -> None:
    request = GrowingLog().grow(30).request(23)
    at = data.draw(st.integers(0, len(request) - 1))
    changed = request[:at] + bytes([data.draw(st.integers(0, 255))]) + request[at + 1 :]
    try:
        read = WitnessRequest.parse(changed)
    except Invalid:
        return
    assert bytes(read) == changed


def test_an_old_size_beyond_the_head_is_invalid(witness: Witness, log: GrowingLog) -> None:
    request = log.request(0).replace(b"old 0\n", b"old 24\n")

    with pytest.raises(Invalid, match="old size"):
        witness.cosign(request, NOON)


def test_the_head_is_on_disk_before_its_cosignature_is_released(
    witness: Witness, log: GrowingLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it cannot be kept, nothing is released."""
    with sqlite3.connect(tmp_path / "witness" / "witness.sqlite3") as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON heads BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    with pytest.raises(Exception, match="full"):
        witness.cosign(log.request(0), NOON)
    assert witness.heads() == []


def test_what_a_witness_has_kept_cannot_be_changed(
    witness: Witness, log: GrowingLog, tmp_path: Path
) -> None:
    witness.cosign(log.request(0), NOON)
    refusal_of(witness, log.request(0, size=20))
    connection = sqlite3.connect(tmp_path / "witness" / "witness.sqlite3")
    for table in ("keys", "heads", "refusals"):
        for statement in (
            f"DELETE FROM {table}",
            f"UPDATE {table} SET origin = 'x'",
            f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="forgets nothing"):
                connection.execute(statement)
    connection.close()


def test_two_runs_at_once_never_cosign_a_fork(tmp_path: Path) -> None:
    """Whichever comes first, the other story is refused: there is one head of each size."""
    Witness.init(tmp_path / "witness", WITNESS)
    for key in LOG_KEYS:
        Witness(tmp_path / "witness").trust(key.verifier, NOON)
    stories = [GrowingLog().grow(5 + n, story) for story in ("true", "false") for n in range(4)]

    def ask(story: GrowingLog) -> int:
        try:
            Witness(tmp_path / "witness").cosign(story.request(0), NOON)
        except Refused:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        cosigned = sum(pool.map(ask, stories))

    assert cosigned == 1
    assert len(Witness(tmp_path / "witness").refusals()) == len(stories) - 1


def test_a_witness_is_made_once_and_not_out_of_nothing(tmp_path: Path) -> None:
    Witness.init(tmp_path / "witness", WITNESS)

    with pytest.raises(Differs):
        Witness.init(tmp_path / "witness", WITNESS)
    with pytest.raises(Invalid, match="witness init"):
        Witness(tmp_path / "elsewhere")


def test_a_witness_that_has_lost_its_store_cosigns_nothing(tmp_path: Path) -> None:
    witness = Witness.init(tmp_path / "witness", WITNESS)
    (tmp_path / "witness" / "witness.sqlite3").unlink()

    for key in LOG_KEYS:
        with pytest.raises(StoreError, match="restore it from its backup"):
            witness.trust(key.verifier, NOON)
    with pytest.raises(StoreError, match="restore it from its backup"):
        witness.cosign(GrowingLog().grow(3).request(0), NOON)
    assert not (tmp_path / "witness" / "witness.sqlite3").exists()


def test_a_witness_believes_no_log_under_its_own_name(witness: Witness) -> None:
    with pytest.raises(Invalid, match="the witness's own"):
        witness.trust(witness.verifiers[0], NOON)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=8))
def test_cosigned_heads_are_always_one_history(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, bool]]
) -> None:
    """However the true log and a forged one are asked about, one in the other's place never is."""
    witness = Witness.init(tmp_path_factory.mktemp("w") / "witness", WITNESS)
    for key in LOG_KEYS:
        witness.trust(key.verifier, NOON)
    true, false = GrowingLog().grow(41, "true"), GrowingLog().grow(3, "true").grow(38, "false")
    cosigned = []
    for size, is_true in steps:
        last = witness.last_head(ORIGIN)
        known = last.checkpoint.size if last else 0
        if known > size:
            continue
        story = true if is_true else false
        try:
            witness.cosign(story.request(known, size), NOON)
        except Refused:
            continue
        cosigned.append(story.checkpoint(size))
    assert all(each == true.checkpoint(each.size) for each in cosigned) or all(
        each == false.checkpoint(each.size) for each in cosigned
    )
