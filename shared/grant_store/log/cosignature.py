"""What a signature under a checkpoint covers, and whether it is right.

Three kinds of keys: a log's own Ed25519 key signs the text of the note (c2sp.org/signed-note); a
witness's Ed25519 key signs a time before it; an ML-DSA-44 key, whoever's it is, signs a time,
both names, the size and the root (c2sp.org/tlog-cosignature). Private keys stand in `log_keys`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from grant_store.errors import StoreError
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.note import (
    COSIGNATURE_V1,
    ED25519,
    ML_DSA_44,
    Note,
    SignatureLine,
    VerifierKey,
)
from grant_values.invalid import Invalid

_TIME = struct.Struct(">Q")
_LAST_SECOND = int(datetime.max.replace(tzinfo=UTC).timestamp())


KeysOf = Callable[[str], Sequence[VerifierKey]]
"""The public keys that heads of this origin are verified with; none: they are not verified."""


def no_keys(origin: str) -> Sequence[VerifierKey]:
    return ()


class NotVerified(StoreError):
    """A signature is missing or wrong. The text under it must not be believed."""


class Verified(NamedTuple):
    """A signature that is right. `signed_at` is None where the signer states no time."""

    key: VerifierKey
    signed_at: datetime | None


@dataclass(frozen=True)
class OpenedCheckpoint:
    """A checkpoint and who has verifiably signed it, by the keys that it was opened with."""

    checkpoint: Checkpoint
    verified: tuple[Verified, ...]
    _trusted: frozenset[VerifierKey]

    def is_signed_by(self, name: str) -> bool:
        """Whether that name has signed with each algorithm of which we trust a key of it.

        Else whoever breaks one algorithm could leave the line of the other out.
        """
        needed = {key.kind for key in self._trusted if key.name == name}
        found = {each.key.kind for each in self.verified if each.key.name == name}
        return bool(needed) and needed == found

    @property
    def is_signed_by_log(self) -> bool:
        return self.is_signed_by(self.checkpoint.origin)

    @property
    def witnesses(self) -> frozenset[str]:
        """The witnesses that have signed. Each counts once, whatever its keys.

        A name is that of a witness where we trust a `COSIGNATURE_V1` key of it, which no log has:
        else an operator could sign the head of one log with the trusted ML-DSA-44 key of another.
        """
        names = {key.name for key in self._trusted if key.kind == COSIGNATURE_V1}
        names.discard(self.checkpoint.origin)
        return frozenset(name for name in names if self.is_signed_by(name))

    def signed_at(self, name: str) -> datetime | None:
        """The latest time that this name states."""
        times = (each.signed_at for each in self.verified if each.key.name == name)
        return max((time for time in times if time), default=None)


def opened(note: bytes, trusted: Iterable[VerifierKey]) -> OpenedCheckpoint:
    """The checkpoint in a note. Lines of unknown keys are ignored, as the note's rules demand.

    `Invalid` if it is none; `NotVerified` if a line bears a trusted key's name and id, but its
    signature is wrong. That somebody has signed is for the caller to ask.
    """
    parsed = Note.parse(note)
    checkpoint = Checkpoint.parse(parsed.text)
    keys = frozenset(trusted)
    by_id = _by_name_and_id(keys)
    known = ((by_id.get((line.name, line.key_id)), line) for line in parsed.lines)
    verified = tuple(_verified(key, checkpoint, line) for key, line in known if key)
    return OpenedCheckpoint(checkpoint, verified, keys)


def message(kind: int, name: str, checkpoint: Checkpoint, seconds: int) -> bytes:
    """The bytes that a key of this kind and name signs. `seconds` since 1970, or 0 for no statement
    about the time; a log's own Ed25519 key never makes one."""
    if kind == ED25519:
        return checkpoint.text
    if kind == COSIGNATURE_V1:
        return b"cosignature/v1\ntime %d\n" % seconds + checkpoint.text
    return b"".join(
        (
            b"subtree/v1\n\x00",
            _short(name),
            _TIME.pack(seconds),
            _short(checkpoint.origin),
            _TIME.pack(0),  # From the first leaf on.
            _TIME.pack(checkpoint.size),
            checkpoint.root,
        )
    )


def timed(seconds: int, signature: bytes) -> bytes:
    """A signature with the time that it covers, as it stands in the line."""
    return _TIME.pack(seconds) + signature


def _verified(key: VerifierKey, checkpoint: Checkpoint, line: SignatureLine) -> Verified:
    seconds, signature = _parts(key, line)
    signed = message(key.kind, key.name, checkpoint, seconds)
    public = MLDSA44PublicKey if key.kind == ML_DSA_44 else Ed25519PublicKey
    try:
        public.from_public_bytes(key.public).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise NotVerified(
            f"{checkpoint.origin}, size {checkpoint.size}: the signature of "
            f"{key.name} (key {key.key_id.hex()}) is wrong."
        ) from error
    return Verified(key, datetime.fromtimestamp(seconds, UTC) if seconds else None)


def _parts(key: VerifierKey, line: SignatureLine) -> tuple[int, bytes]:
    """The time, 0 if there is none, and the bare signature."""
    if key.kind == ED25519:
        return 0, line.blob
    if len(line.blob) <= _TIME.size or _TIME.unpack_from(line.blob)[0] > _LAST_SECOND:
        raise NotVerified(f"The cosignature of {key.name} has no time, or one after the year 9999.")
    return _TIME.unpack_from(line.blob)[0], line.blob[_TIME.size :]


def _by_name_and_id(keys: Collection[VerifierKey]) -> dict[tuple[str, bytes], VerifierKey]:
    by_id = {(key.name, key.key_id): key for key in keys}
    if len(by_id) != len(keys):
        raise Invalid("key", "expected no two trusted keys with the same name and id")
    return by_id


def _short(name: str) -> bytes:
    encoded = name.encode()
    return bytes([len(encoded)]) + encoded
