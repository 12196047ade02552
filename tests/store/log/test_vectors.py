"""Notes that other programs have signed verify here, and ours never change (`golden/README.md`)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from grant_store.log.cosignature import opened
from grant_store.log.log_keys import SigningKey
from grant_store.log.note import ED25519, ML_DSA_44, Note, VerifierKey
from grant_store.log.proof_check import check_proof
from grant_store.log.proof_file import TlogProof
from grant_store.log.tree import check_consistency
from grant_store.log.witness_request import WitnessRequest
from store.log.signers import LOG_KEYS, NOON, TRUSTED, WITNESS, WITNESS_KEYS, a_checkpoint

GOLDEN = Path(__file__).parent / "golden"
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
PETERS_OWN = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
LOG = "markovianprotocol.com/log+0302c6c8+ATkpOWo95UuEiW2EhNZAol4f0CS8hMluJfPcTSzrr03v"
NAVIGLI = (
    "witness.navigli.sunlight.geomys.org+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G"
)
ROOT_OF_SEVEN = bytes.fromhex("0f7f09afa74e53d008b3fadf59b5968cf6fd9a2d00d67d7bd71eb74b2085d23f")
TORCHWOOD_SEED = "2886adc2b0eabfce67c0472939127998bf886cf256bfee8ba76a253fce1146e0"


def note_of(name: str) -> bytes:
    return (GOLDEN / f"{name}.note").read_bytes()


def test_the_signatures_of_gos_own_note_are_right() -> None:
    note = Note.parse(note_of("peter_neumann"))

    for key, line in zip(map(VerifierKey.parse, (PETER, ENOCH)), note.lines, strict=True):
        assert (line.name, line.key_id) == (key.name, key.key_id)
        Ed25519PublicKey.from_public_bytes(key.public).verify(line.blob, note.text)


def test_a_private_key_that_go_has_written_is_read_and_written() -> None:
    key = SigningKey.parse(PETERS_OWN)

    assert str(key.verifier) == PETER
    assert key.text == PETERS_OWN
    assert "0a140" not in repr(key)


def test_a_public_log_and_a_public_witness_are_understood() -> None:
    keys = [VerifierKey.parse(LOG), VerifierKey.parse(NAVIGLI)]
    checkpoint = opened(note_of("witnessed"), keys)

    assert checkpoint.checkpoint.size == 9266
    assert checkpoint.is_signed_by_log
    assert checkpoint.witnesses == {keys[1].name}
    assert checkpoint.signed_at(keys[1].name) == datetime(2026, 10, 3, 22, 20, 2, tzinfo=UTC)


def test_an_ml_dsa_44_cosignature_of_torchwood_is_right() -> None:
    key = SigningKey("example.com/mldsa-log", ML_DSA_44, bytes.fromhex(TORCHWOOD_SEED)).verifier

    assert key.key_id.hex() == "b5df45c5"
    assert opened(note_of("torchwood_mldsa"), [key]).is_signed_by_log


def test_our_own_note_of_another_day_is_still_right() -> None:
    checkpoint = opened(note_of("ours"), TRUSTED)

    assert checkpoint.checkpoint == a_checkpoint()
    assert checkpoint.is_signed_by_log
    assert checkpoint.witnesses == {WITNESS}


def test_what_has_no_chance_in_it_is_signed_the_same_way_every_time() -> None:
    """ML-DSA-44 signatures differ each time; Ed25519 ones may not."""
    lines = [key.line(a_checkpoint(), NOON) for key in (LOG_KEYS[0], WITNESS_KEYS[0])]
    golden = Note.parse(note_of("ours")).lines

    assert LOG_KEYS[0].kind == ED25519
    assert lines == [golden[0], golden[2]]


def test_our_own_proof_of_another_day_still_proves_its_record() -> None:
    proof, record = ((GOLDEN / f"ours.{kind}").read_bytes() for kind in ("tlog-proof", "leaf"))

    proven = check_proof(proof, record, TRUSTED, quorum=1)

    assert (proven.event.position, proven.event.topic) == (17, "budgeting.GrantApproved")
    assert (proven.size, proven.witnesses) == (23, {WITNESS})
    assert bytes(TlogProof.parse(proof)) == proof


def test_our_own_request_of_another_day_is_still_one_of_growth() -> None:
    content = (GOLDEN / "ours.request").read_bytes()
    request = WitnessRequest.parse(content)
    head = opened(request.note, TRUSTED)

    check_consistency(7, ROOT_OF_SEVEN, 23, head.checkpoint.root, request.proof)
    assert head.is_signed_by_log
    assert bytes(request) == content
