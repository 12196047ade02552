"""The keys that protect the data keys (key encryption keys), in a file only its owner can read.

The file names the one that new keys are wrapped under, and keeps those that older keys are still
wrapped under until all are wrapped anew. It knows no data key.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import stat
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from grant_store.errors import StoreError
from grant_store.personal.cipher import KEY_BYTES

FILE_NAME = "encryption-keys.json"


class EncryptionKeysUnfit(StoreError):
    """The file of the key encryption keys is missing, unreadable, or lacks a key that is needed."""


class ReplacedElsewhere(StoreError):
    """Another process replaces the file at this moment."""


class EncryptionKeys:
    """The key encryption keys in one file. It is read again when it is another one than was read:
    a key that was forgotten must not be wrapped under again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._current = ""
        self._keys: dict[str, bytes] = {}
        self._as_read: tuple[int, int, int] | None = None

    def create(self) -> None:
        """Make the file with a fresh key. One that is there stays."""
        if not self._path.exists():
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            first = _new_id()
            self._write(first, {first: secrets.token_bytes(KEY_BYTES)}, only_new=True)

    @property
    def exist(self) -> bool:
        return self._path.exists()

    @property
    def current(self) -> tuple[str, bytes]:
        """Id and key that data keys are wrapped under today."""
        self._refresh()
        return self._current, self._keys[self._current]

    def key(self, key_id: str) -> bytes:
        """The key with this id, or `EncryptionKeysUnfit`."""
        self._refresh()
        if key_id not in self._keys:
            raise EncryptionKeysUnfit(
                f"{self._path}: expected the key {key_id!r}, which is not there."
            )
        return self._keys[key_id]

    @property
    def known(self) -> frozenset[str]:
        """Ids of all keys that are there."""
        self._refresh()
        return frozenset(self._keys)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For whoever replaces the file: two at once would drop each other's keys for good.
        `ReplacedElsewhere` if another process is about it."""
        with self._folder() as folder:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ReplacedElsewhere(f"{self._path}: keys are wrapped anew already.") from error
            yield

    def rotate(self) -> str:
        """Add a fresh key and wrap under it from now on. Returns its id. To be called `alone`."""
        self._read()
        fresh = _new_id()
        self._write(fresh, {**self._keys, fresh: secrets.token_bytes(KEY_BYTES)})
        self._read()
        return fresh

    def forget_older(self, needed: Collection[str] = ()) -> int:
        """Drop all but the current key and those `needed`: what something is still wrapped under.
        Returns how many were dropped. To be called `alone`."""
        self._read()
        kept = {
            name: key for name, key in self._keys.items() if name == self._current or name in needed
        }
        dropped = len(self._keys) - len(kept)
        if dropped:
            self._write(self._current, kept)
            self._read()
        return dropped

    def _refresh(self) -> None:
        if self._as_read != self._stands():
            self._read()

    def _stands(self) -> tuple[int, int, int]:
        """What tells one file at this path from another one that takes its place."""
        try:
            stat = self._path.stat()
        except OSError as error:
            raise EncryptionKeysUnfit(f"{self._path}: {error.strerror}.") from error
        return stat.st_dev, stat.st_ino, stat.st_mtime_ns

    def _read(self) -> None:
        stands = self._stands()
        try:
            read = json.loads(self._path.read_text(encoding="utf-8"))
            keys = {name: b64decode(text, validate=True) for name, text in read["keys"].items()}
            current = read["current"]
        except OSError as error:
            raise EncryptionKeysUnfit(f"{self._path}: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # Not the error itself: it may show a part of the file.
            raise EncryptionKeysUnfit(f"{self._path}: expected key encryption keys.") from error
        if current not in keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise EncryptionKeysUnfit(f"{self._path}: expected keys of {KEY_BYTES} bytes.")
        self._current, self._keys, self._as_read = current, keys, stands

    def _write(self, current: str, keys: dict[str, bytes], *, only_new: bool = False) -> None:
        """Whole or not at all. A new file is never put over one that another process has made."""
        text = json.dumps(
            {
                "current": current,
                "keys": {name: b64encode(key).decode() for name, key in keys.items()},
            }
        )
        draft = self._path.with_name(f".{self._path.name}.{uuid4().hex}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                if not only_new:
                    self._give_to_owner(descriptor)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if only_new:
                with suppress(FileExistsError):
                    self._path.hardlink_to(draft)
            else:
                self._put_in_place(draft)
            self._keep_name()
        finally:
            draft.unlink(missing_ok=True)

    def _put_in_place(self, draft: Path) -> None:
        try:
            draft.replace(self._path)
        except OSError as error:
            expected = "expected a file that can be replaced; mount its folder, not the file"
            raise EncryptionKeysUnfit(f"{self._path}: {expected}: {error.strerror}.") from error

    def _keep_name(self) -> None:
        """That this file has this name survives a loss of power, before any key is wrapped under
        what is in it."""
        with self._folder() as folder:
            os.fsync(folder)

    @contextmanager
    def _folder(self) -> Iterator[int]:
        try:
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise EncryptionKeysUnfit(f"{self._path.parent}: {error.strerror}.") from error
        try:
            yield folder
        finally:
            os.close(folder)

    def _give_to_owner(self, descriptor: int) -> None:
        """Whoever may read the file that is replaced may read the one in its place: services are
        mostly another user than whoever wraps keys anew."""
        before = self._path.stat()
        try:
            os.fchown(descriptor, before.st_uid, before.st_gid)
        except PermissionError as error:
            expected = f"expected to be replaced by its owner (user {before.st_uid}) or by root"
            raise EncryptionKeysUnfit(f"{self._path}: {expected}.") from error
        os.fchmod(descriptor, stat.S_IMODE(before.st_mode))


def _new_id() -> str:
    return secrets.token_hex(8)
