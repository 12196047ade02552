"""The key pairs of the border: whoever has no vault seals to the public one, and intake opens.

Private keys are kept like data keys, wrapped, in the same store. A fresh pair takes the place of
the one before, which opens what is still under way until it is retired, and then nobody opens it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from grant_store.event_ids import new_event_id
from grant_store.personal.cipher import KEY_BYTES
from grant_store.personal.envelope import disclose, public_key_of
from grant_store.personal.key_store import KeyStore, StoredKey
from grant_store.personal.wrapping import WRAP_NONCE_BYTES, Wrapping
from grant_values.personal import Holder

ENVELOPES: Final = "envelopes"
"""The purpose under which the private keys are kept."""


class NoSuchBorderKey(LookupError):
    """The border never had this key, or it was retired, or there is none at all."""


@dataclass(frozen=True)
class BorderKey:
    """One key pair: since when it is there, and whether it still opens."""

    key_id: UUID
    made_at: datetime
    is_retired: bool


class BorderKeys:
    """The key pairs in one key store. Their ids follow one another in time."""

    def __init__(self, keys: KeyStore, wrapping: Wrapping) -> None:
        self._keys = keys
        self._wrapping = wrapping

    def create(self) -> None:
        """Make a first pair. One that is there stays."""
        if not any(not each.is_retired for each in self.all()):
            self.rotate()

    def all(self) -> list[BorderKey]:
        """From the oldest to the one that is sealed to today."""
        return [
            BorderKey(key.key_id, _made_at(key.key_id), key.is_destroyed) for key in self._stored()
        ]

    def public_key(self) -> tuple[UUID, bytes]:
        """Id and public key of the newest pair that opens."""
        live = [key for key in self._stored() if not key.is_destroyed]
        if not live:
            raise NoSuchBorderKey("expected a key of the border: make one with `keys migrate`")
        return live[-1].key_id, public_key_of(self._wrapping.unwrapped(live[-1]))

    def open(self, key_id: UUID, bound: bytes, content: str) -> bytes:
        """What was enclosed. Raises `NoSuchBorderKey` or `EnvelopeBroken`."""
        found = self._keys.with_ids([key_id]).get(key_id)
        if found is None or found.holder != _holder(key_id) or found.is_destroyed:
            raise NoSuchBorderKey(f"expected a key of the border that was not retired: {key_id}")
        return disclose(self._wrapping.unwrapped(found), bound, content)

    def rotate(self) -> UUID:
        """Make a fresh pair, which is sealed to from now on. Those before it go on opening."""
        self._wrapping.refuse_another_protection()
        key_id, private_key = self._next_id(), secrets.token_bytes(KEY_BYTES)
        nonce = secrets.token_bytes(WRAP_NONCE_BYTES)
        self._keys.add(
            lambda: [self._wrapping.wrapped(key_id, _holder(key_id), private_key, nonce)]
        )
        return key_id

    def retire(self, key_id: UUID) -> None:
        """Destroy a private key for good: no envelope made to it can be opened any more."""
        if self._keys.destroy(_holder(key_id)) is None:
            raise NoSuchBorderKey(f"expected the id of a key of the border, not {key_id}")

    def retire_superseded(self, before: datetime) -> list[UUID]:
        """Retire every pair in whose place another one came before this instant."""
        retired = [
            older.key_id
            for older, newer in pairwise(self.all())
            if newer.made_at < before and not older.is_retired
        ]
        for key_id in retired:
            self.retire(key_id)
        return retired

    def _next_id(self) -> UUID:
        """One that comes after all others, within a millisecond and with a clock set back too."""
        fresh, newest = new_event_id(), max((key.key_id for key in self.all()), default=None)
        return fresh if newest is None or fresh > newest else UUID(int=newest.int + 1)

    def _stored(self) -> list[StoredKey]:
        return sorted(self._keys.of_purpose(ENVELOPES), key=lambda key: key.key_id.int)


def _holder(key_id: UUID) -> Holder:
    return Holder(key_id, ENVELOPES)


def _made_at(key_id: UUID) -> datetime:
    """The instant in an id that begins with one (UUID version 7), by the clock of its maker."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=key_id.int >> 80)
