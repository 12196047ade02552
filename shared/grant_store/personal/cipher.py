"""How a record is sealed: AES-256-GCM under the key of its subject and purpose.

It knows keys as bytes, and neither where they are kept nor what a record says.

The nonce is derived from key, place and content (as in RFC 5297), so that a command that is sent
again is the same command byte for byte. Equal content shows as equal only at the same place. The
content is padded, so that its length says little.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from grant_values.personal import Place

KEY_BYTES = 32
MOST_BYTES = 8_192
"""As many as one record may have. A person's data fit many times."""
_NONCE_BYTES = 12
_TAG_BYTES = 16
_BLOCK_BYTES = 192
_VERSION = b"pruefpfad/personal/1"


class SealBroken(ValueError):
    """The ciphertext was not made with this key for this place, or was changed since."""


def seal(data_key: bytes, key_id: UUID, place: Place, clear: bytes) -> str:
    """The ciphertext of a record as base64: nonce, content, tag."""
    if len(clear) > MOST_BYTES:
        raise ValueError(f"expected a record of at most {MOST_BYTES} bytes")
    bound, padded = _bound_to(key_id, place), _padded(clear)
    nonce = hmac.digest(_derived(data_key, b"nonce"), bound + padded, "sha256")[:_NONCE_BYTES]
    content = AESGCM(_derived(data_key, b"content")).encrypt(nonce, padded, bound)
    return b64encode(nonce + content).decode()


def unseal(data_key: bytes, key_id: UUID, place: Place, sealed: str) -> bytes:
    """The record in a ciphertext, or `SealBroken`."""
    try:
        content = b64decode(sealed, validate=True)
        if len(content) < _NONCE_BYTES + _TAG_BYTES:
            raise SealBroken("expected a whole ciphertext")
        nonce, content = content[:_NONCE_BYTES], content[_NONCE_BYTES:]
        cipher = AESGCM(_derived(data_key, b"content"))
        padded = cipher.decrypt(nonce, content, _bound_to(key_id, place))
    except (InvalidTag, NoBase64) as error:
        raise SealBroken("expected a ciphertext made for this place with this key") from error
    return padded.rstrip(b"\0")[:-1]


def wrap(
    encryption_key: bytes, nonce: bytes, key_id: UUID, holder: bytes, data_key: bytes
) -> bytes:
    """A data key encrypted under the key that protects all of them, bound to whose it is."""
    return nonce + AESGCM(encryption_key).encrypt(nonce, data_key, key_id.bytes + holder)


def unwrap(encryption_key: bytes, key_id: UUID, holder: bytes, wrapped: bytes) -> bytes:
    """The data key again, or `SealBroken`."""
    nonce, content = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    try:
        return AESGCM(encryption_key).decrypt(nonce, content, key_id.bytes + holder)
    except InvalidTag as error:
        raise SealBroken(f"The key {key_id} was not wrapped under this key.") from error


def _derived(data_key: bytes, use: bytes) -> bytes:
    """A key for each use, so that none serves two."""
    return hmac.digest(data_key, _VERSION + b"/" + use, "sha256")


def _bound_to(key_id: UUID, place: Place) -> bytes:
    """What the ciphertext is bound to: fixed widths first, so that no two places read the same."""
    fixed = _VERSION + key_id.bytes + place.subject.bytes + place.record.bytes
    return fixed + f"{place.purpose}/{place.kind}".encode()


def _padded(clear: bytes) -> bytes:
    whole = clear + b"\x80"
    return whole + b"\0" * (-len(whole) % _BLOCK_BYTES)
