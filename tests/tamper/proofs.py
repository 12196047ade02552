"""Forging what a log hands out: the proof of one event, and the growth that a witness is shown."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from random import Random

from rfc3161_client import decode_timestamp_response

from grant_store.errors import StoreError
from grant_store.leaf import leaf_encoding
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.log_keys import verifier_keys
from grant_store.log.note import Note, VerifierKey
from grant_store.log.proof_check import NotProven, check_proof
from grant_store.log.proof_file import TlogProof
from grant_store.log.proving import ProvingLog
from grant_store.log.store import LogStore, SignedHead
from grant_store.log.witness import Refused, Witness
from grant_store.log.witness_request import WitnessRequest
from grant_values.invalid import Invalid
from pruefpfad.bundles import sources_of
from tamper.changes import other_bytes
from tamper.efforts import note_of
from tamper.scene import Scene, origin_of

REFUSED = (NotProven, Refused, Invalid, StoreError, subprocess.CalledProcessError)

Attempt = tuple[str, str, Callable[[], object]]
"""Kind, place, and what must raise one of `REFUSED`."""


def attempts(scene: Scene, random: Random, samples: int) -> Iterator[Attempt]:
    trusted = verifier_keys(scene.outside.trust)
    with sources_of(scene.stores.url, "main") as sources:
        for source in sources:
            covered = scene.covered.get(source.service, 0)
            if covered < 2:
                continue
            proving = ProvingLog(source.log, source.ledger)
            for _ in range(samples):
                position = random.randint(1, covered)
                [event] = source.ledger.events_after(position - 1, 1)
                [other] = source.ledger.events_after(position % covered, 1)
                head = proving.covering(position, cosigned=True)
                if head is None:
                    raise LookupError(f"{source.service}/{position} has no cosigned head.")
                file, record = proving.proof(event, head)
                wrong = leaf_encoding(other)
                what = f"{source.service}/main/{position}"
                yield from _of_proof(what, bytes(file), record, wrong, trusted, random)
            yield from _of_stamps(scene, source.service, source.log, random, samples)
            last = source.log.head(covered)
            if last is not None:
                yield from _of_growth(scene, source.service, proving, last, random)


def _of_proof(
    what: str,
    file: bytes,
    record: bytes,
    wrong: bytes,
    trusted: Sequence[VerifierKey],
    random: Random,
) -> Iterator[Attempt]:
    check_proof(file, record, trusted, 1)  # The genuine one holds.

    def check(content: bytes, of: bytes) -> Callable[[], object]:
        return lambda: check_proof(content, of, trusted, 1)

    yield "forge a proof: flip a bit", what, check(other_bytes(file, random), record)
    yield "forge a proof: of another event", what, check(file, wrong)
    yield "forge a proof: another content", what, check(file, other_bytes(record, random))
    proof = TlogProof.parse(file)
    moved = TlogProof(proof.index + 1, proof.hashes, proof.note)
    yield "forge a proof: another position", what, check(bytes(moved), record)
    if proof.hashes:
        cut = TlogProof(proof.index, proof.hashes[:-1], proof.note)
        yield "forge a proof: a hash less", what, check(bytes(cut), record)


def _of_stamps(
    scene: Scene, service: str, log: LogStore, random: Random, samples: int
) -> Iterator[Attempt]:
    """Who has signed a stamp is for the command that the verifier prints."""
    for size in log.stamped_sizes():
        [stamp], head = log.timestamps(size), log.head(size)
        if head is None:
            raise LookupError(f"{service} has a stamp of a head that is not there: {size}")
        digest, what = (
            sha256(Note.parse(head.note).text).hexdigest(),
            f"{service}/main, head {size}",
        )
        told = _verify_stamp(scene, stamp.response, digest)  # The genuine one holds.
        for _ in range(samples):
            flipped = other_bytes(stamp.response, random)
            attempt = partial(_forge_stamp, scene, flipped, digest, told)
            yield "forge a time stamp: flip a bit", what, attempt


class SaysTheSame(Exception):
    """The bit was in a part that nobody signs and nobody reads: nothing was forged."""


def _forge_stamp(scene: Scene, response: bytes, digest: str, told: datetime) -> None:
    if _verify_stamp(scene, response, digest) == told:
        raise SaysTheSame


def _verify_stamp(scene: Scene, response: bytes, digest: str) -> datetime:
    """When this hash was stamped. `CalledProcessError` where openssl does not believe that."""
    file = scene.folder / "stamp.tsr"
    file.write_bytes(response)
    root = str(scene.outside.root_certificate)
    words = ["openssl", "ts", "-verify", "-digest", digest, "-in", str(file), "-CAfile", root]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    return decode_timestamp_response(response).tst_info.gen_time


def _of_growth(
    scene: Scene, service: str, proving: ProvingLog, last: SignedHead, random: Random
) -> Iterator[Attempt]:
    """The witness has cosigned the last head. It is shown others, signed by the log's own keys."""
    witness, at = Witness(scene.folder / "witness"), last.signed_at + timedelta(days=1)
    what, origin = f"{service}/main, head {last.size}", origin_of(service)

    def ask(old_size: int, proof: tuple[bytes, ...], head: Checkpoint) -> Callable[[], object]:
        note = note_of(scene.stores.keys, head, at)
        return lambda: witness.cosign(bytes(WitnessRequest(old_size, proof, note)), at)

    fork = Checkpoint(origin, last.size, random.randbytes(32))
    yield "show a witness another root", what, ask(last.size, (), fork)
    shorter = Checkpoint(origin, last.size - 1, random.randbytes(32))
    yield "show a witness a shorter log", what, ask(0, (), shorter)
    longer = Checkpoint(origin, last.size + 1, random.randbytes(32))
    forged = tuple(random.randbytes(32) for _ in range(3))
    yield "show a witness a forged growth", what, ask(last.size, forged, longer)


def is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (*REFUSED, SaysTheSame):
        return True
    return False
