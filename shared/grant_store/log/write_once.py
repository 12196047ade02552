"""Files that are written once: whole or not at all, flushed, and never over another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from grant_store.errors import StoreError

READ_ONLY = 0o444
SECRET = 0o600


class Differs(StoreError):
    """There is a file of this name already, with other content. It stays as it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: stands there already with other content; nothing was written.")
        self.path = path


def write_once(path: Path, content: bytes, mode: int = READ_ONLY) -> bool:
    """Write a file that is not there yet. False if it is, with this content; `Differs` otherwise.

    It and its folder are on the disk when this returns.
    """
    if not _has(path, content):
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _flush_folder(path.parent.parent)
        if _link_draft(path, content, mode):
            _flush_folder(path.parent)
            return True
        _has(path, content)  # Somebody else was faster: with the same?
    return False


def _has(path: Path, content: bytes) -> bool:
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return False
    if found != content:
        raise Differs(path)
    return True


def _link_draft(path: Path, content: bytes, mode: int) -> bool:
    """Write beside it and give it its name in one step. False if the name is taken by then.

    Where a file cannot have two names, as on many a USB stick, it is written under its own at once.
    """
    with _draft(path, content, mode) as draft:
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return False
        except OSError:
            return _write_exclusively(path, content, mode)
    return True


@contextmanager
def _draft(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    _write_exclusively(draft, content, mode)
    try:
        yield draft
    finally:
        draft.unlink()


def _write_exclusively(path: Path, content: bytes, mode: int) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return True


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":  # Elsewhere a folder cannot be opened, and needs no flushing.
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
