"""A log and a witness of the tests' own, with keys that never change."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from grant_store.log.checkpoint import Checkpoint
from grant_store.log.log_keys import (
    KINDS_OF_LOG,
    KINDS_OF_WITNESS,
    SigningKey,
    cosignature_lines,
    signed_note,
)
from grant_store.log.note import Note, VerifierKey

ORIGIN = "pruefpfad.example/budgeting/main"
WITNESS = "pruefbehoerde.example/witness"
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def keys_of(name: str, kinds: tuple[int, ...]) -> tuple[SigningKey, ...]:
    """Keys whose seeds follow from name and kind: the same at every run."""
    return tuple(
        SigningKey(name, kind, sha256(f"{name} {kind}".encode()).digest()) for kind in kinds
    )


LOG_KEYS = keys_of(ORIGIN, KINDS_OF_LOG)
WITNESS_KEYS = keys_of(WITNESS, KINDS_OF_WITNESS)
TRUSTED: tuple[VerifierKey, ...] = tuple(key.verifier for key in (*LOG_KEYS, *WITNESS_KEYS))


def a_checkpoint(size: int = 23, origin: str = ORIGIN, salt: str = "") -> Checkpoint:
    return Checkpoint(origin, size, sha256(f"root of {size}{salt}".encode()).digest())


def a_full_note(checkpoint: Checkpoint) -> bytes:
    """Signed by the log and cosigned by the witness."""
    note = Note.parse(signed_note(checkpoint, LOG_KEYS, NOON))
    return bytes(note.with_lines(cosignature_lines(checkpoint, WITNESS_KEYS, NOON)))
