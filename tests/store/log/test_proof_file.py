"""The file that proves an entry: one way to write each proof, and everything else is refused."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grant_store.log.note import MOST_BYTES
from grant_store.log.proof_file import MOST_HASHES, TlogProof
from grant_values.invalid import Invalid
from store.log.signers import a_checkpoint, a_full_note

NOTE = a_full_note(a_checkpoint())
HASHES = (sha256(b"sibling").digest(), sha256(b"uncle").digest())
PROOF = bytes(TlogProof(5, HASHES, NOTE, b"what it is about"))
HEAD = PROOF.partition(b"\n\n")[0].decode()

hashes = st.lists(st.binary(min_size=32, max_size=32), max_size=MOST_HASHES).map(tuple)


def test_a_proof_is_written_as_the_specification_says() -> None:
    lines = HEAD.split("\n")

    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1] == "extra d2hhdCBpdCBpcyBhYm91dA=="
    assert lines[2] == "index 5"
    assert len(lines) == 5
    assert PROOF.endswith(b"\n\n" + NOTE)


@settings(deadline=None)
@given(st.integers(0, 2**63 - 1), hashes, st.binary(max_size=50))
def test_every_proof_reads_back_as_it_was_written(
    index: int, siblings: tuple[bytes, ...], extra: bytes
) -> None:
    proof = TlogProof(index, siblings, NOTE, extra)

    assert TlogProof.parse(bytes(proof)) == proof


@settings(deadline=None)
@given(st.integers(0, len(PROOF) - 1), st.integers(1, 255))
def test_whatever_is_read_is_written_the_same_or_refused(at: int, change: int) -> None:
    changed = PROOF[:at] + bytes([PROOF[at] ^ change]) + PROOF[at + 1 :]
    try:
        proof = TlogProof.parse(changed)
    except Invalid:
        return
    assert bytes(proof) == changed


@pytest.mark.parametrize(
    ("about", "proof"),
    [
        ("nothing", b""),
        ("another version", PROOF.replace(b"@v1", b"@v2")),
        ("no index", PROOF.replace(b"index 5\n", b"")),
        ("a leading zero", PROOF.replace(b"index 5", b"index 05")),
        ("a negative index", PROOF.replace(b"index 5", b"index -5")),
        ("the index before the extra line", PROOF.replace(b"extra ", b"index 1\nextra ")),
        ("empty extra data", PROOF.replace(b"d2hhdCBpdCBpcyBhYm91dA==", b"")),
        ("a short hash", PROOF.replace(b"index 5\n", b"index 5\nAAAA\n")),
        ("no checkpoint", PROOF.partition(b"\n\n")[0]),
        ("a checkpoint without signatures", PROOF.rpartition(b"\n\n")[0]),
        ("more than ASCII", PROOF.replace(b"index", "índex".encode())),
        ("too long", PROOF + b"x" * MOST_BYTES),
    ],
)
def test_a_proof_that_is_not_well_formed_is_refused(about: str, proof: bytes) -> None:
    with pytest.raises(Invalid):
        TlogProof.parse(proof)


def test_a_proof_has_at_most_63_hashes() -> None:
    with pytest.raises(Invalid):
        TlogProof(0, HASHES[:1] * (MOST_HASHES + 1), NOTE)
