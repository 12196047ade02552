"""What can befall an embedded vault: each is done to its real files, and undone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from grant_store.personal.encryption_keys import FILE_NAME, EncryptionKeys
from grant_store.personal.opening import KEYS_FILE


@contextmanager
def _away(path: Path) -> Iterator[None]:
    kept = path.with_name(f"{path.name}.away")
    path.rename(kept)
    try:
        yield
    finally:
        kept.replace(path)


@contextmanager
def the_keys_are_gone(vault: Path) -> Iterator[None]:
    with _away(vault / KEYS_FILE):
        yield


@contextmanager
def the_keys_are_no_database(vault: Path) -> Iterator[None]:
    with _away(vault / KEYS_FILE):
        (vault / KEYS_FILE).write_bytes(b"no database at all" * 100)
        yield


@contextmanager
def the_keys_are_locked(vault: Path) -> Iterator[None]:
    with closing(sqlite3.connect(vault / KEYS_FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def what_protects_them_is_gone(vault: Path) -> Iterator[None]:
    with _away(vault / FILE_NAME):
        yield


@contextmanager
def what_protects_them_is_another_vaults(vault: Path) -> Iterator[None]:
    with _away(vault / FILE_NAME):
        EncryptionKeys(vault / FILE_NAME).create()
        yield


@contextmanager
def what_protects_them_is_unreadable(vault: Path) -> Iterator[None]:
    with _away(vault / FILE_NAME):
        (vault / FILE_NAME).write_text("{", encoding="utf-8")
        yield


Fault = Callable[[Path], AbstractContextManager[None]]

OF_THE_KEYS: Mapping[str, Fault] = {
    each.__name__: each
    for each in (the_keys_are_gone, the_keys_are_no_database, the_keys_are_locked)
}
OF_WHAT_PROTECTS_THEM: Mapping[str, Fault] = {
    each.__name__: each
    for each in (
        what_protects_them_is_gone,
        what_protects_them_is_another_vaults,
        what_protects_them_is_unreadable,
    )
}
ALL: Mapping[str, Fault] = {**OF_THE_KEYS, **OF_WHAT_PROTECTS_THEM}
