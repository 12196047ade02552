"""Where the vault is: in a folder of its own in the data directory, or where the environment says.

In production keys and what they seal are kept by different people on different machines; the
embedded run keeps them in different folders.
"""

from __future__ import annotations

from pathlib import Path

from grant_store.personal.encryption_keys import FILE_NAME
from grant_store.personal.opening import open_vault
from grant_store.personal.vault import Vault

FOLDER = "vault"


def embedded_vault(data: Path) -> Vault:
    """The vault of a data directory, made if it is missing."""
    folder = data / FOLDER
    vault = open_vault(f"sqlite:///{folder}", folder / FILE_NAME)
    vault.migrate()
    vault.border_keys.create()
    return vault
