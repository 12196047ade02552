"""The heads that have left a store for a write-once folder: what it must be able to continue.

Whoever restores a store from a backup restores its log with it; both agree then, and only what is
out of their reach tells that something is missing. Nobody has checked the signatures: a head that
somebody has put there by mistake stops work until it is looked at, which is the safe side.
"""

from __future__ import annotations

from pathlib import Path

from grant_store.log.broken import KnownHead
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.export import folder_of, newest_exported
from grant_store.log.note import Note


def newest_known(folder: Path, first_origin: str) -> KnownHead | None:
    """The longest head of the newest epoch in the folder of all logs, or None if there is none.

    `first_origin` is that of the log's first epoch; those of the others begin with it.
    """
    below = folder_of(folder, first_origin).glob("[1-9]*")
    epochs = [int(path.name) for path in below if path.is_dir() and path.name.isdigit()]
    for epoch in sorted([1, *epochs], reverse=True):
        origin = first_origin if epoch == 1 else f"{first_origin}/{epoch}"
        if note := newest_exported(folder, origin):
            head = Checkpoint.parse(Note.parse(note).text)
            return KnownHead(epoch, head.size, head.root, head.origin)
    return None
