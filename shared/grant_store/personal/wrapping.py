"""Data keys under the key that protects all of them: wrapped for the store, and unwrapped for use.

It makes no key, and knows no record.
"""

from __future__ import annotations

from uuid import UUID

from grant_store.personal.cipher import SealBroken, unwrap, wrap
from grant_store.personal.encryption_keys import EncryptionKeys, EncryptionKeysUnfit
from grant_store.personal.key_store import KeyStore, StoredKey
from grant_values.personal import Holder

WRAP_NONCE_BYTES = 12


class KeyDestroyed(ValueError):
    """Nothing is sealed or opened any more with a key that was destroyed."""


class Wrapping:
    """The protection of one key store's keys by the keys in one file."""

    def __init__(self, keys: KeyStore, protection: EncryptionKeys) -> None:
        self._keys = keys
        self._protection = protection
        self._checked_under = ""

    def refuse_another_protection(self) -> None:
        """`EncryptionKeysUnfit` if the file is not the one of this store: what was wrapped under
        another one's key would be lost when the right one is put back."""
        under, _ = self._protection.current
        if under != self._checked_under:
            if self._keys.wrapped_otherwise(under, 1) and self._is_another_protection():
                raise EncryptionKeysUnfit(
                    "vault: expected the file of the keys that protect those of this vault."
                )
            self._checked_under = under

    def _is_another_protection(self) -> bool:
        """Whether the file has none of the keys that are needed. Looked at again where keys were
        wrapped anew meanwhile: then the one and the other are not of the same time."""
        while True:
            before = self._protection.known
            needed = self._keys.protections()
            if self._protection.known == before:
                return needed.keys().isdisjoint(before)

    def wrapped(self, key_id: UUID, holder: Holder, data_key: bytes, nonce: bytes) -> StoredKey:
        """A key as it is kept, under today's protection."""
        under, encryption_key = self._protection.current
        content = wrap(encryption_key, nonce, key_id, _bytes_of(holder), data_key)
        return StoredKey(key_id, holder, under, content)

    def unwrapped(self, key: StoredKey) -> bytes:
        """The key itself, or `KeyDestroyed`."""
        if key.wrapped is None:
            raise KeyDestroyed(f"The key {key.key_id} was destroyed.")
        encryption_key = self._protection.key(key.wrapped_under)
        try:
            return unwrap(encryption_key, key.key_id, _bytes_of(key.holder), key.wrapped)
        except SealBroken as error:
            # Not whoever sealed is at fault: the key itself cannot be opened.
            raise EncryptionKeysUnfit(str(error)) from error


def _bytes_of(holder: Holder) -> bytes:
    return holder.subject.bytes + holder.purpose.encode()
