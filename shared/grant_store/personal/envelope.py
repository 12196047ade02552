"""The envelope of a sender without the vault: HPKE (RFC 9180) to a public key of the border.

Base mode, one message: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. It knows keys and
bytes, and neither where keys are kept nor what a record says.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

SUITE_NAMES: Final = {
    "kem": "DHKEM(X25519, HKDF-SHA256)",
    "kdf": "HKDF-SHA256",
    "aead": "AES-256-GCM",
}
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_VERSION = "pruefpfad/envelope/1"


class EnvelopeBroken(ValueError):
    """It was not made to this key for this command and place, or was changed since."""


def bound_to(command: str, reference: str, kind: str, number: int) -> bytes:
    """The `info` of an envelope: what it is for, a line each, so that it opens for nothing else.
    None of the parts may have a line break."""
    return "\n".join((_VERSION, command, reference, kind, str(number))).encode()


def enclose(public_key: bytes, bound: bytes, clear: bytes) -> str:
    """The content as base64: encapsulated key, ciphertext, tag. Each time another one."""
    key = X25519PublicKey.from_public_bytes(public_key)
    return b64encode(_SUITE.encrypt(clear, key, bound)).decode()


def disclose(private_key: bytes, bound: bytes, content: str) -> bytes:
    """What was enclosed, or `EnvelopeBroken`."""
    key = X25519PrivateKey.from_private_bytes(private_key)
    try:
        return _SUITE.decrypt(b64decode(content, validate=True), key, bound)
    except (InvalidTag, NoBase64, ValueError) as error:
        raise EnvelopeBroken("expected an envelope made to this key for this place") from error


def public_key_of(private_key: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()
