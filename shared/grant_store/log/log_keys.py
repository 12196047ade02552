"""Private keys of logs and witnesses: how they sign a checkpoint, and the files that hold them.

A file of private keys has one key a line, `PRIVATE+KEY+NAME+ID+KEY` as Go's note package writes it,
and may be read by its owner only. Beside it lies a file of the public keys, `NAME+ID+KEY`, which
whoever verifies must get by another way. Several keys of one kind are a rotation under way: all of
them sign, until the old ones are taken out.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from grant_store.log.checkpoint import Checkpoint
from grant_store.log.cosignature import message, timed
from grant_store.log.note import (
    COSIGNATURE_V1,
    ED25519,
    ML_DSA_44,
    Note,
    SignatureLine,
    VerifierKey,
    check_key_name,
    from_base64,
    to_base64,
)
from grant_store.log.write_once import SECRET, Differs, write_once
from grant_values.invalid import Invalid

KINDS_OF_LOG = (ED25519, ML_DSA_44)
KINDS_OF_WITNESS = (COSIGNATURE_V1, ML_DSA_44)
PRIVATE_SUFFIX, PUBLIC_SUFFIX = ".private", ".vkey"
_SEED_BYTES = 32
_PRIVATE = "PRIVATE+KEY+"


@dataclass(frozen=True)
class SigningKey:
    """A private key with its owner's name. Its seed is never shown but in `text`."""

    name: str
    kind: int
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str, kind: int) -> Self:
        check_key_name(name)
        return cls(name, kind, secrets.token_bytes(_SEED_BYTES))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Of one line of a file of private keys. The error never repeats the line."""
        name, _, rest = text.removeprefix(_PRIVATE).partition("+")
        key_id, _, encoded = rest.partition("+")
        typed = from_base64(encoded, "private key")
        is_known = typed[0] in {*KINDS_OF_LOG, *KINDS_OF_WITNESS} and len(typed) == 1 + _SEED_BYTES
        if not text.startswith(_PRIVATE) or not is_known:
            raise Invalid("private key", "expected a line PRIVATE+KEY+NAME+ID+KEY")
        key = cls(name, typed[0], typed[1:])
        if key.verifier.key_id.hex() != key_id:
            raise Invalid("private key", "expected the id of the key in its line")
        return key

    @property
    def text(self) -> str:
        """The line that a file of private keys has for it. Secret."""
        encoded = to_base64(bytes([self.kind]) + self.seed)
        return f"{_PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{encoded}"

    @cached_property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, self.kind, self._private.public_key().public_bytes_raw())

    def line(self, checkpoint: Checkpoint, at: datetime) -> SignatureLine:
        """This key's signature under a checkpoint, with the time where its kind has one."""
        seconds = 0 if self.kind == ED25519 else int(at.timestamp())
        signature = self._private.sign(message(self.kind, self.name, checkpoint, seconds))
        blob = signature if self.kind == ED25519 else timed(seconds, signature)
        return SignatureLine(self.name, self.verifier.key_id, blob)

    @cached_property
    def _private(self) -> Ed25519PrivateKey | MLDSA44PrivateKey:
        if self.kind == ML_DSA_44:
            return MLDSA44PrivateKey.from_seed_bytes(self.seed)
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def signed_note(checkpoint: Checkpoint, keys: Sequence[SigningKey], at: datetime) -> bytes:
    """The note of a checkpoint, signed with all of a log's keys; `at` is when that was."""
    return bytes(Note(checkpoint.text, tuple(key.line(checkpoint, at) for key in keys)))


def cosignature_lines(checkpoint: Checkpoint, keys: Iterable[SigningKey], at: datetime) -> bytes:
    """The signature lines that a witness gives to the log, which adds them to its note."""
    return "".join(str(key.line(checkpoint, at)) for key in keys).encode()


def keys_of_log(folder: Path, origin: str) -> tuple[SigningKey, ...]:
    """The private keys of the log `origin` in `folder`, made there if it never had any.

    `Invalid` where there are public ones only: a log must not change its keys by itself.
    """
    path = path_of(folder, origin)
    if not path.exists():
        if path.with_suffix(PUBLIC_SUFFIX).exists():
            raise Invalid(
                "private key",
                f"expected {path}: put it back, or run `log replace-keys` if it is lost",
            )
        with suppress(Differs):  # Another process was faster: its keys are the log's.
            make_keys(path, origin, KINDS_OF_LOG)
    keys = private_keys(path)
    if {key.name for key in keys} != {origin}:
        raise Invalid("private key", f"expected keys of {origin} only in {path}")
    _publish(path, keys)
    return keys


def path_of(folder: Path, origin: str) -> Path:
    """Where the private keys of a log lie."""
    return folder / f"{origin.replace('/', '.')}{PRIVATE_SUFFIX}"


def add_keys(path: Path) -> tuple[SigningKey, ...]:
    """Begin a rotation: one new key of each kind beside the old ones. From now on all sign."""
    keys = private_keys(path)
    new = tuple(
        SigningKey.generate(keys[0].name, kind) for kind in {key.kind: None for key in keys}
    )
    _publish(path, (*keys, *new))
    _replace(path, (*keys, *new))
    return new


def replace_keys(path: Path) -> tuple[SigningKey, ...]:
    """New keys of a log alone, because the old ones are lost or stolen. Nobody can tell from a head
    that the log has given them to itself: each verifier must be handed them anew.

    The public halves of the old ones must be there, and stay: old heads are verified with them.
    """
    old = verifiers_beside(path)
    new = tuple(SigningKey.generate(old[0].name, kind) for kind in {key.kind: None for key in old})
    _publish(path, new)
    _replace(path, new)
    return new


def retire_keys(path: Path) -> tuple[SigningKey, ...]:
    """End a rotation: of each kind only the newest key signs on. The public halves of the others
    stay in their file, because old heads are verified with them."""
    keys = private_keys(path)
    newest = {key.kind: key for key in keys}
    _replace(path, tuple(newest.values()))
    return tuple(key for key in keys if key not in newest.values())


def make_keys(path: Path, name: str, kinds: Iterable[int]) -> None:
    """A new file of private keys, and its public half beside it; `Differs` where there is one."""
    keys = [SigningKey.generate(name, kind) for kind in kinds]
    write_once(path, "".join(f"{key.text}\n" for key in keys).encode(), SECRET)
    _publish(path, private_keys(path))


def private_keys(path: Path) -> tuple[SigningKey, ...]:
    """The keys in a file that nobody but its owner can read."""
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise Invalid("private key", f"expected {path} to be readable by its owner only: chmod 600")
    keys = tuple(map(SigningKey.parse, _lines(path)))
    if not keys:
        raise Invalid("private key", f"expected at least one key in {path}")
    return keys


def verifier_keys(path: Path) -> tuple[VerifierKey, ...]:
    """The public keys in a file, one a line; empty lines and what follows a # are ignored."""
    keys = tuple(dict.fromkeys(map(VerifierKey.parse, _lines(path))))
    if not keys:
        raise Invalid("key", f"expected at least one public key in {path}")
    return keys


def verifiers_beside(path: Path) -> tuple[VerifierKey, ...]:
    """The public keys beside a file of private ones, those included that sign no longer."""
    return verifier_keys(path.with_suffix(PUBLIC_SUFFIX))


def public_keys(folder: Path, origin: str) -> tuple[VerifierKey, ...]:
    """The public keys of the log `origin` in `folder`; none if there is no file of them."""
    path = path_of(folder, origin)
    return verifiers_beside(path) if path.with_suffix(PUBLIC_SUFFIX).is_file() else ()


def _replace(path: Path, keys: tuple[SigningKey, ...]) -> None:
    """Whole or not at all: a file of private keys that is half written would end a log."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    write_once(draft, "".join(f"{key.text}\n" for key in keys).encode(), SECRET)
    draft.replace(path)


def _publish(path: Path, keys: Iterable[SigningKey]) -> None:
    """Have the public halves in their file, beside what stands there, before anything is signed."""
    public = path.with_suffix(PUBLIC_SUFFIX)
    text = public.read_text(encoding="utf-8") if public.exists() else ""
    known = verifier_keys(public) if text.strip() else ()
    missing = [f"{key.verifier}\n" for key in keys if key.verifier not in known]
    if missing:
        draft = path.with_name(f".{public.name}.{secrets.token_hex(8)}")
        draft.write_text(text + "".join(missing), encoding="utf-8")
        draft.replace(public)


def _lines(path: Path) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return [line for line in lines if line]
