"""The vault: seals personal data, opens them, and destroys the key that opens them.

A destroyed key is no error: whoever opens what it sealed gets `DESTROYED`, and history, proofs and
sums go on. It must not know what a record says.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from uuid import UUID

import msgspec

from grant_store.personal.border_keys import BorderKeys
from grant_store.personal.cipher import KEY_BYTES, seal, unseal
from grant_store.personal.encryption_keys import EncryptionKeys, EncryptionKeysUnfit
from grant_store.personal.key_store import FIRST, KeyStore, StoredKey
from grant_store.personal.wrapping import WRAP_NONCE_BYTES, KeyDestroyed, Wrapping
from grant_values.personal import Holder, Place, Sealed

KEYS_AT_ONCE = 1_000

Content = dict[str, Any]


class Destroyed(Enum):
    """What is left of a record whose key was destroyed."""

    DESTROYED = "[gelöscht]"


DESTROYED: Final = Destroyed.DESTROYED


@dataclass(frozen=True)
class Rewrapped:
    """How many keys are wrapped anew, and which could not be read."""

    count: int
    unreadable: tuple[StoredKey, ...]


class NotInVault(LookupError):
    """The vault has never had this key: the record was sealed with another vault's."""


class Vault:
    """Seals and opens with the keys of one key store."""

    def __init__(
        self,
        keys: KeyStore,
        protection: EncryptionKeys,
        draw: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """`draw` gives so many bytes that nobody can foresee; only a simulation may give others."""
        self.keys = keys
        self._protection = protection
        self._draw = draw
        self._wrapping = Wrapping(keys, protection)
        self.border_keys = BorderKeys(keys, self._wrapping)
        self._encode = msgspec.json.Encoder().encode

    def migrate(self) -> None:
        """Create what is missing: the key store, and a first key encryption key.

        `EncryptionKeysUnfit` where keys are there and the file that protects them is not: a fresh
        one would open none of them.
        """
        self.keys.migrate()
        if not self._protection.exist and self.keys.wrapped_otherwise("", 1):
            raise EncryptionKeysUnfit("vault: expected the file that protects its keys back.")
        self._protection.create()

    def seal_all(self, records: Sequence[tuple[Place, Content]]) -> list[Sealed]:
        """Seal many records at the cost of one transaction for all keys that are new.

        Raises `KeyDestroyed` where a key was destroyed, and seals nothing then.
        """
        holders = list(dict.fromkeys(place.holder for place, _ in records))
        keys = self._data_keys(holders)
        return [
            Sealed(
                subject=place.subject,
                record=place.record,
                purpose=place.purpose,
                kind=place.kind,
                key=keys[place.holder][0],
                sealed=seal(
                    keys[place.holder][1], keys[place.holder][0], place, self._encode(content)
                ),
            )
            for place, content in records
        ]

    def open_all(self, seals: Sequence[Sealed]) -> list[Content | Destroyed]:
        """What was sealed, each in its place. Raises `NotInVault` or `SealBroken`."""
        found = self.keys.with_ids({each.key for each in seals}) if seals else {}
        return [self._open(each, found.get(each.key)) for each in seals]

    def open(self, sealed: Sealed) -> Content | Destroyed:
        [content] = self.open_all([sealed])
        return content

    def has_key(self, holder: Holder) -> bool:
        """Whether something sealed for this subject and purpose can still be opened."""
        found = self.keys.of_holders([holder]).get(holder)
        return found is not None and not found.is_destroyed

    def destroy(self, holder: Holder) -> UUID | None:
        """Destroy a key for good. Its id, also if that was done before; None if there was none."""
        return self.keys.destroy(holder)

    def protection_known(self) -> frozenset[str]:
        """Ids of the key encryption keys that are in the file."""
        return self._protection.known

    def unreadable(self) -> int:
        """How many keys are wrapped under a key encryption key that the file does not have."""
        known = self.protection_known()
        return sum(count for under, count in self.keys.protections().items() if under not in known)

    def rewrap(self) -> Rewrapped:
        """Protect all keys by a fresh key encryption key, and forget the older ones: what a backup
        or a log still has of data keys cannot be opened any more.

        Interrupted, it is safe to begin again. A key that cannot be read stays as it is, and with
        it the one that it is wrapped under, if that is there: nothing that may still be mended is
        made unreadable for good.
        """
        with self._protection.alone():
            under = self._protection.rotate()
            # Whoever began to add keys before has kept them now, and whoever begins later sees the
            # file as it is: so none is left behind under what is going to be forgotten.
            self.keys.wait_for_additions()
            count, unreadable = 0, list[StoredKey]()
            for older in self._older_than(under):
                anew = {key: self._anew(key) for key in older}
                self.keys.wrap_anew([fresh for fresh in anew.values() if fresh])
                unreadable += [key for key, fresh in anew.items() if fresh is None]
                count += len(older)
            self._protection.forget_older(needed=self.keys.protections().keys())
            self.keys.sweep()
        return Rewrapped(count - len(unreadable), tuple(unreadable))

    def _older_than(self, under: str) -> Iterator[list[StoredKey]]:
        """All that is not wrapped under this key, in parts."""
        after = FIRST
        while older := self.keys.wrapped_otherwise(under, KEYS_AT_ONCE, after):
            yield older
            after = older[-1].key_id

    def close(self) -> None:
        self.keys.close()

    def _open(self, sealed: Sealed, key: StoredKey | None) -> Content | Destroyed:
        if key is None or key.holder != sealed.place.holder:
            raise NotInVault(f"The vault has no key {sealed.key} for this subject and purpose.")
        try:
            data_key = self._unwrapped_now(key)
        except KeyDestroyed:
            return DESTROYED
        clear = unseal(data_key, key.key_id, sealed.place, sealed.sealed)
        content: Content = msgspec.json.decode(clear, type=dict[str, Any])
        return content

    def _data_keys(self, holders: Sequence[Holder]) -> dict[Holder, tuple[UUID, bytes]]:
        """Id and key of each holder; those without one get one."""
        found = self.keys.of_holders(holders)
        missing = [holder for holder in holders if holder not in found]
        if missing:
            self._wrapping.refuse_another_protection()
            self.keys.add(lambda: self._fresh_keys(missing))
            # Another process may have been first: the key that is kept counts.
            found |= self.keys.of_holders(missing)
        if destroyed := [holder for holder, key in found.items() if key.is_destroyed]:
            first = min(destroyed)
            raise KeyDestroyed(f"The key of {first.subject} for {first.purpose} was destroyed.")
        return {holder: (key.key_id, self._unwrapped_now(key)) for holder, key in found.items()}

    def _fresh_keys(self, holders: Sequence[Holder]) -> list[StoredKey]:
        return [self._fresh(holder) for holder in holders]

    def _fresh(self, holder: Holder) -> StoredKey:
        key_id, data_key = UUID(bytes=self._draw(16), version=4), self._draw(KEY_BYTES)
        return self._wrapping.wrapped(key_id, holder, data_key, self._draw(WRAP_NONCE_BYTES))

    def _anew(self, key: StoredKey) -> StoredKey | None:
        """The key under today's protection; None where it cannot be read."""
        try:
            data_key = self._unwrapped(key)
        except EncryptionKeysUnfit:
            return None
        return self._wrapping.wrapped(
            key.key_id, key.holder, data_key, self._draw(WRAP_NONCE_BYTES)
        )

    def _unwrapped_now(self, key: StoredKey) -> bytes:
        """Read again where keys were wrapped anew since this one was read, however often."""
        while True:
            try:
                return self._unwrapped(key)
            except EncryptionKeysUnfit:
                now = self.keys.with_ids([key.key_id])[key.key_id]
                if now.wrapped_under == key.wrapped_under:
                    raise
                key = now

    def _unwrapped(self, key: StoredKey) -> bytes:
        return self._wrapping.unwrapped(key)
