"""The heads that have left a store for a write-once folder: what it must be able to continue.

Whoever restores a store from a backup restores its log with it; both agree then, and only what is
out of their reach tells that something is missing. Nobody has checked the signatures: a head that
somebody has put there by mistake stops work until it is looked at, which is the safe side.
"""

from __future__ import annotations

from pathlib import Path

from grant_store.log.checkpoint import Checkpoint
from grant_store.log.note import Note

_NAME_OF_A_HEAD = "[0-9]" * 12 + ".note"


def newest_known(folder: Path, origin: str) -> Checkpoint | None:
    """The longest head of this log in the folder of all logs, or None if there is none."""
    notes = sorted(folder.joinpath(*origin.split("/")).glob(_NAME_OF_A_HEAD))
    return Checkpoint.parse(Note.parse(notes[-1].read_bytes()).text) if notes else None
