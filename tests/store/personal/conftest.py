"""Vaults on both databases, each opened as often as there are processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from grant_store.personal.encryption_keys import FILE_NAME
from grant_store.personal.opening import open_vault
from grant_store.personal.vault import Vault
from support.personal import OpensVault


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def vault_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/vault"
    url: str = request.getfixturevalue("shared_database")
    return url


@pytest.fixture
def open_one(vault_url: str, tmp_path: Path) -> Iterator[OpensVault]:
    """Each call is another process: it shares nothing but the key store and the file."""
    with ExitStack() as opened:

        def open_it() -> Vault:
            vault = open_vault(vault_url, tmp_path / "protection" / FILE_NAME)
            opened.callback(vault.close)
            return vault

        yield open_it


@pytest.fixture
def vault(open_one: OpensVault) -> Vault:
    vault = open_one()
    vault.migrate()
    return vault
