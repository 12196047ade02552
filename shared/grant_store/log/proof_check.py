"""Whether a proof file proves a record, for whoever has received both: nothing else is needed.

It knows files, keys and hashes. No store is opened and no operator is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from grant_store.leaf import row_of
from grant_store.log.cosignature import NotVerified, opened
from grant_store.log.note import VerifierKey
from grant_store.log.proof_file import TlogProof
from grant_store.log.tree import ProofFails, check_inclusion
from grant_store.rows import LedgerEvent


class NotProven(Exception):
    """The record is not proven by this file and these keys. The message says what fails."""


@dataclass(frozen=True)
class Proven:
    """An event that stood in its log when the head was signed, and who has seen that head."""

    event: LedgerEvent
    origin: str
    size: int
    signed_at: datetime | None
    witnesses: frozenset[str]


def check_proof(
    proof_file: bytes, record: bytes, trusted: Sequence[VerifierKey], quorum: int
) -> Proven:
    """The event that the record is, or `NotProven`; `Invalid` where a file is none of its kind.

    `trusted` are public keys that came by another way; at least `quorum` witnesses among them must
    have cosigned the head.
    """
    proof, event = TlogProof.parse(proof_file), row_of(record)
    if event.position != proof.index + 1:
        raise NotProven(
            f"the record is that of position {event.position}, the proof that of {proof.index + 1}"
        )
    try:
        head = opened(proof.note, trusted)
        tree = head.checkpoint
        check_inclusion(sha256(record).digest(), proof.index, tree.size, proof.hashes, tree.root)
    except (NotVerified, ProofFails) as error:
        raise NotProven(str(error)) from error
    if not head.is_signed_by_log:
        raise NotProven(f"the head is not signed by a trusted key of {tree.origin}")
    if len(head.witnesses) < quorum:
        raise NotProven(f"{len(head.witnesses)} trusted witnesses cosigned the head, not {quorum}")
    return Proven(event, tree.origin, tree.size, head.signed_at(tree.origin), head.witnesses)
