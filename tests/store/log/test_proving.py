"""What a log hands out verifies by outside keys alone, and nothing else is handed out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from grant_store.log.cosignature import opened
from grant_store.log.proof_check import NotProven, check_proof
from grant_store.log.proving import NotAsSigned
from grant_store.log.witness import Witness
from grant_values.invalid import Invalid
from store.log.signed_ledger import SignedLedger
from store.log.signers import LOG_KEYS, NOON, ORIGIN, TRUSTED, WITNESS


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SignedLedger]:
    ledger = SignedLedger(tmp_path)
    yield ledger
    ledger.close()


def the_proof(ledger: SignedLedger, position: int) -> tuple[bytes, bytes]:
    head = ledger.log.last_head()
    assert head
    [event] = ledger.ledger.events_after(position - 1, 1)
    proof, record = ledger.proving.proof(event, head)
    return bytes(proof), record


@pytest.mark.parametrize("position", [1, 256, 257, 599, 600])
def test_a_proof_holds_for_whoever_has_the_keys(ledger: SignedLedger, position: int) -> None:
    ledger.cosign(ledger.grow(600).sign())
    proof, record = the_proof(ledger, position)

    proven = check_proof(proof, record, TRUSTED, quorum=1)

    assert proven.event.position == position
    assert (proven.origin, proven.size, proven.witnesses) == (ORIGIN, 600, {WITNESS})
    [event] = ledger.ledger.events_after(position - 1, 1)
    assert proven.event == event


def test_a_proof_does_not_hold_for_anything_else(ledger: SignedLedger) -> None:
    ledger.grow(600).sign()
    proof, record = the_proof(ledger, 7)
    _, other = the_proof(ledger, 8)

    with pytest.raises(NotProven, match="position 8"):
        check_proof(proof, other, TRUSTED, quorum=0)
    with pytest.raises(NotProven, match="leaf 6"):
        check_proof(proof, record[:-1] + b"!", TRUSTED, quorum=0)
    with pytest.raises(NotProven, match="not signed"):
        check_proof(proof, record, TRUSTED[2:], quorum=0)
    with pytest.raises(NotProven, match="0 trusted witnesses"):
        check_proof(proof, record, TRUSTED, quorum=1)
    with pytest.raises(NotProven, match="wrong"):
        check_proof(proof.replace(b"\n600\n", b"\n601\n"), record, TRUSTED, quorum=0)
    with pytest.raises(Invalid):
        check_proof(proof, b"no record", TRUSTED, quorum=0)
    with pytest.raises(Invalid):
        check_proof(b"no proof", record, TRUSTED, quorum=0)


def test_a_witness_of_its_own_follows_a_log_by_its_requests(
    ledger: SignedLedger, tmp_path: Path
) -> None:
    witness = Witness.init(tmp_path / "witness", WITNESS)
    for key in LOG_KEYS:
        witness.trust(key.verifier, NOON)
    for old_size, count in ((0, 23), (23, 300), (323, 1)):
        head = ledger.grow(count).sign()
        witness.cosign(bytes(ledger.proving.request(head, old_size)), NOON)

    last = witness.last_head(ORIGIN)
    assert last is not None
    assert last.checkpoint.size == 324


def test_an_event_is_covered_by_the_first_cosigned_head_or_else_the_last(
    ledger: SignedLedger,
) -> None:
    heads = [ledger.grow(count).sign() for count in (10, 10, 10, 10)]
    ledger.cosign(heads[3])
    ledger.cosign(heads[1])
    covering = ledger.proving.covering

    assert covering(5, cosigned=True) == heads[1]
    assert covering(20, cosigned=True) == heads[1]
    assert covering(21, cosigned=True) == heads[3]
    assert covering(5, cosigned=False) == heads[3]
    assert covering(41, cosigned=True) is None
    assert covering(41, cosigned=False) is None


def test_a_full_note_bears_all_signatures(ledger: SignedLedger) -> None:
    head = ledger.grow(3).sign()
    ledger.cosign(head)

    assert opened(ledger.proving.full_note(head), TRUSTED).witnesses == {WITNESS}


def test_nothing_is_proven_of_a_ledger_that_was_changed(
    ledger: SignedLedger, tmp_path: Path
) -> None:
    ledger.grow(600).sign()
    ledger.grow(7).sign()
    with sqlite3.connect(tmp_path / "budgeting.main.sqlite3") as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE ledger_events SET state = x'7b7d' WHERE position = 7")
        connection.execute("UPDATE ledger_events SET leaf_hash = zeroblob(32) WHERE position = 605")
    connection.close()

    with pytest.raises(NotAsSigned, match="leaf 6 is not the one"):
        the_proof(ledger, 7)
    last = ledger.log.last_head()
    assert last
    with pytest.raises(NotAsSigned, match="not the beginning"):
        ledger.proving.growth(600, last)
