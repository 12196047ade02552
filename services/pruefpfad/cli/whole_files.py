"""Files that a command writes: asked for early, put in place whole, never found half.

Responsible for where a file may go and for how it gets there: beside its place, then renamed. One
that is there is replaced. It knows nothing of what is in them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import file_digest, sha256
from os import W_OK, access
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import click

from grant_values.invalid import Invalid

F = TypeVar("F", bound=Callable[..., Any])

READABLE, PRIVATE = 0o644, 0o600
REPLACED = "One that is there is replaced."


def in_a_folder(_: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """What an option for a file has to be, before anything is read for it or put on record."""
    if path and not (path.parent.is_dir() and access(path.parent, W_OK)):
        raise Invalid(
            option.opts[-1].lstrip("-"), f"expected a folder that exists and takes files for {path}"
        )
    return path


def file_option(*names: str, help_text: str, required: bool = False) -> Callable[[F], F]:
    """An option that names a file to be written."""
    return click.option(
        *names,
        type=click.Path(dir_okay=False, path_type=Path),
        callback=in_a_folder,
        required=required,
        help=f"{help_text} {REPLACED}",
    )


output_option = file_option(
    "-o",
    "--output",
    help_text="A file for the answer as JSON; its SHA-256 goes into FILE.sha256 beside it.",
)


def write_whole(path: Path, content: bytes, mode: int = READABLE) -> None:
    """Write a file so that under its name there is the whole of it, or what was there before.

    As with every new file, who may read it is narrowed further by the mask of whoever writes it.
    """
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}.part")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_text_whole(path: Path, text: str) -> None:
    write_whole(path, text.encode())


def write_with_checksum(path: Path, content: bytes) -> str:
    """Write a file and, beside it, its SHA-256 as `sha256sum --check` reads it. Returns the hash.

    The checksum comes last, so that it never speaks of another file.
    """
    digest = sha256(content).hexdigest()
    write_whole(path, content)
    _write_checksum(path, digest)
    return digest


def write_checksum(path: Path) -> str:
    """The same for a file that is there already, however large."""
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    _write_checksum(path, digest)
    return digest


def _write_checksum(path: Path, digest: str) -> None:
    write_text_whole(path.with_name(f"{path.name}.sha256"), f"{digest}  {path.name}\n")
