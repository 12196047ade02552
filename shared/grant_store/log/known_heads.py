"""The heads that have left a store for a write-once folder: what it must be able to continue.

Whoever restores a store from a backup restores its log with it; both agree then, and only what is
out of their reach tells that something is missing. A head that the log has not signed is none that
must be continued, and none that an incident may be recorded about; but the folder that has it was
tampered with, and what was there before may be what matters. So it stops all work.
"""

from __future__ import annotations

from pathlib import Path

from grant_store.errors import StoreError
from grant_store.log.broken import KnownHead
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.cosignature import KeysOf, NotVerified, no_keys, opened
from grant_store.log.export import folder_of, newest_exported
from grant_store.log.origins import epoch_origin


class TamperedFolder(StoreError):
    """The newest head in the folder is not one that the log has signed."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} is not a head of ours: {why}. The folder of exported heads was tampered with,"
            " or it is that of others. Nothing is written until somebody has looked into it; there"
            " is no incident to record."
        )


def newest_known(folder: Path, first_origin: str, keys_of: KeysOf = no_keys) -> KnownHead | None:
    """The longest head of the newest epoch in the folder of all logs, or None if there is none.

    `first_origin` is that of the log's first epoch; those of the others begin with it. The head is
    verified where the log's public keys are at hand: `TamperedFolder` if it is not signed by it.
    """
    below = folder_of(folder, first_origin).glob("[1-9]*")
    epochs = [int(path.name) for path in below if path.is_dir() and path.name.isdecimal()]
    for epoch in sorted([1, *epochs], reverse=True):
        origin = epoch_origin(first_origin, epoch)
        if path := newest_exported(folder, origin):
            head = _verified(path, origin, first_origin, keys_of)
            return KnownHead(epoch, head.size, head.root, head.origin)
    return None


def _verified(path: Path, origin: str, first_origin: str, keys_of: KeysOf) -> Checkpoint:
    keys = keys_of(origin)
    if not keys and keys_of(first_origin):
        raise TamperedFolder(path, f"expected public keys of {origin} beside those of its log")
    try:
        read = opened(path.read_bytes(), keys)
    except (NotVerified, ValueError) as error:
        raise TamperedFolder(path, str(error)) from error
    head = read.checkpoint
    if (head.origin, f"{head.size:012}") != (origin, path.stem):
        raise TamperedFolder(path, f"it is of {head.origin}, size {head.size}")
    if keys and not read.is_signed_by_log:
        raise TamperedFolder(path, f"it is not signed by {origin}")
    return head
