"""A ZIP file that is written front to back and has the same bytes for the same members.

It knows nothing of what is in them. The file appears under its name when it is whole, or never.
"""

from __future__ import annotations

import json
import os
import zipfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp
from types import TracebackType
from typing import Any, Self

from grant_values.invalid import Invalid

MANIFEST = "manifest.json"
MANIFEST_BYTES = 64 << 20
"""The verifier reads no longer one."""
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o100644 << 16
_UNIX = 3
_LEVEL = 6


class Archive:
    """Members are added in order and listed, with their hashes, in the manifest at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hashes: dict[str, str] = {}

    def __enter__(self) -> Self:
        handle, name = mkstemp(prefix=f".{self._path.name}.", suffix=".part", dir=self._path.parent)
        self._part = Path(name)
        self._file = os.fdopen(handle, "wb")
        self._zip = zipfile.ZipFile(self._file, "w")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            with suppress(OSError, ValueError):  # Both may be closed already.
                self._zip.close()
                self._file.close()
            self._part.unlink(missing_ok=True)

    def add(self, name: str, content: bytes, *, packed: bool = True) -> None:
        """Add a member. Hashes are not worth packing."""
        if name in self._hashes or name == MANIFEST:
            raise Invalid("member", f"expected one member of the name {name}, not two")
        self._hashes[name] = sha256(content).hexdigest()
        self._write(name, content, packed=packed)

    def add_json(self, name: str, value: Any) -> None:
        self.add(name, as_json(value))

    def add_manifest(self, manifest: dict[str, Any]) -> None:
        """The last member: what the bundle is, and what else is in it."""
        content = as_json(manifest | {"members": self._hashes})
        if len(content) > MANIFEST_BYTES:
            raise Invalid(
                "bundle",
                f"expected a list of at most {MANIFEST_BYTES} bytes, which are about half a million"
                f" files, not {len(content)}: let a bundle hold fewer cases",
            )
        self._write(MANIFEST, content, packed=True)

    def _write(self, name: str, content: bytes, *, packed: bool) -> None:
        info = zipfile.ZipInfo(name, _NO_DATE)
        info.create_system = _UNIX
        info.external_attr = _READABLE
        method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        self._zip.writestr(info, content, method, _LEVEL)

    def _finish(self) -> None:
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.chmod(0o644)
        self._part.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def file_name(text: str) -> str:
    """A part of a member's name, in the signs that names of members have."""
    return "".join(
        sign if (sign.isascii() and sign.isalnum()) or sign in "-_." else "_" for sign in text
    )


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
