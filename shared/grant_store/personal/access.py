"""What a service does with the vault: one opens, another destroys too, and each is given just that.

Whatever is wrong with the vault is no fault of a command: it is `VaultAway`, and passes. It must
not know what a record says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, runtime_checkable
from uuid import UUID

from grant_store.errors import StoreError, VaultAway
from grant_store.personal.vault import Content, Destroyed, Vault
from grant_values.personal import Holder, Sealed


class Opener(Protocol):
    """Opens what was sealed."""

    def open_all(self, seals: Sequence[Sealed]) -> list[Content | Destroyed]:
        """What was sealed, each in its place. Raises `NotInVault` or `SealBroken`."""

    def open(self, sealed: Sealed) -> Content | Destroyed: ...


@runtime_checkable
class KeyDestroyer(Protocol):
    """Ends what can be opened."""

    def has_key(self, holder: Holder) -> bool:
        """Whether there is a key that was not destroyed."""

    def destroy(self, holder: Holder) -> UUID | None:
        """Destroy a key for good. Its id, also if that was done before; None if there was none."""


class OpeningVault:
    """The vault as a service sees it that only opens."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def open_all(self, seals: Sequence[Sealed]) -> list[Content | Destroyed]:
        with away_where_it_fails():
            return self._vault.open_all(seals)

    def open(self, sealed: Sealed) -> Content | Destroyed:
        [content] = self.open_all([sealed])
        return content


class DestroyingVault(OpeningVault):
    """The vault as the one service sees it that destroys keys too."""

    def has_key(self, holder: Holder) -> bool:
        with away_where_it_fails():
            return self._vault.has_key(holder)

    def destroy(self, holder: Holder) -> UUID | None:
        with away_where_it_fails():
            return self._vault.destroy(holder)


@contextmanager
def away_where_it_fails() -> Iterator[None]:
    """`VaultAway` instead of what is wrong with key store or key file: both can be put right, and
    until then whoever needs them waits."""
    try:
        yield
    except VaultAway:
        raise
    except StoreError as error:
        raise VaultAway(str(error)) from error
