"""Heads in a folder that is only ever added to, for a medium out of the operator's reach.

One folder for each log, named as its origin. In it, all read-only, and sizes in twelve digits:

- `SIZE.note`: the head, as the log signed it;
- `SIZE.HASH.cosignature`: signature lines of others; `cat SIZE.note SIZE.*.cosignature` is the
  whole note. They come later than the head, so they cannot stand in its file;
- `OLD-SIZE.request`: the proof that the head grew out of the one exported before it, in the form
  in which a witness is asked;
- `SIZE.AUTHORITY.HASH.tsr`: RFC 3161 timestamps.

A file that is there with other content, and a log that has become shorter than what was exported,
are errors: somebody has changed the history, or restored a backup.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from grant_store.errors import StoreError
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.note import Note
from grant_store.log.origins import origin_line
from grant_store.log.proving import ProvingLog, origin_of
from grant_store.log.store import SignedHead
from grant_store.log.witness_request import WitnessRequest
from grant_store.log.write_once import write_once
from grant_values.invalid import Invalid

NOTE = ".note"
_DIGITS = 12


class HistoryChanged(StoreError):
    """What was exported is no longer what the log says. Nothing was written."""


@dataclass(frozen=True)
class Exported:
    """What one run has added for one log."""

    origin: str
    size: int
    files: int


def folder_of(root: Path, origin: str) -> Path:
    """Where the heads of this log lie below the folder of all."""
    parts = origin.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\\" in origin:
        raise Invalid("origin", f"expected names between slashes, not {origin!r}")
    return root.joinpath(*parts)


def newest_exported(root: Path, origin: str) -> Path | None:
    """The note of the longest head that was exported, or None; nobody has checked who signed it."""
    return max(folder_of(root, origin).glob(f"{'[0-9]' * _DIGITS}{NOTE}"), default=None)


def export(proving: ProvingLog, root: Path, log_name: str = "") -> Exported | None:
    """Add what the folder lacks; None if the log has no head yet.

    The newest head goes out, and every one that was cosigned or stamped. All is compared with what
    lies there before anything is written. A log that has no head any more cannot say its name, so
    that the installation's `log_name` is needed to miss it.
    """
    last = proving.log.last_head()
    if last is None:
        _refuse_lost(proving, root, log_name)
        return None
    origin = origin_of(last)
    before = _exported_before(proving, root, last)
    sizes = {last.size, *proving.log.cosigned_sizes(), *proving.log.stamped_sizes()}
    files = 0
    for head in _heads(proving, sorted(sizes)):
        for name, content in _files(proving, head, before):
            files += write_once(folder_of(root, origin) / name, content)
        before = max(before, head, key=lambda each: each.size) if before else head
    return Exported(origin, last.size, files)


def export_newest(proving: ProvingLog, root: Path) -> None:
    """Add the newest head, before it is shown to anybody: what a witness has seen is then out of
    the reach of a restored backup. `HistoryChanged` as of `export`."""
    if last := proving.log.last_head():
        before = _exported_before(proving, root, last)
        for name, content in _files(proving, last, before):
            write_once(folder_of(root, origin_of(last)) / name, content)


def _refuse_lost(proving: ProvingLog, root: Path, log_name: str) -> None:
    origin = origin_line(log_name, proving.ledger.service, proving.ledger.lane)
    if log_name and (path := newest_exported(root, origin)):
        raise HistoryChanged(
            f"{origin}: {int(path.stem)} leaves were exported, and the log has no head."
        )


def _exported_before(proving: ProvingLog, root: Path, last: SignedHead) -> SignedHead | None:
    """The head of ours that was exported last; `HistoryChanged` if it is none of ours."""
    path = newest_exported(root, origin_of(last))
    if path is None:
        return None
    known = Checkpoint.parse(Note.parse(path.read_bytes()).text)
    head = proving.log.head(known.size)
    if last.size < known.size:
        raise HistoryChanged(
            f"{known.origin}: {known.size} leaves were exported, and the log has only {last.size}."
        )
    if head is None or head.root != known.root:
        raise HistoryChanged(f"{known.origin}: the exported head of {known.size} is not the log's.")
    proving.growth(head.size, last)
    return head


def _heads(proving: ProvingLog, sizes: list[int]) -> Iterator[SignedHead]:
    for size in sizes:
        head = proving.log.head(size)
        if head:
            yield head


def _files(
    proving: ProvingLog, head: SignedHead, before: SignedHead | None
) -> Iterator[tuple[str, bytes]]:
    size = f"{head.size:0{_DIGITS}}"
    yield f"{size}{NOTE}", head.note
    for line in proving.log.cosignatures(head.size):
        yield f"{size}.{_short_hash(line)}.cosignature", line
    for stamp in proving.log.timestamps(head.size):
        yield f"{size}.{stamp.authority}.{_short_hash(stamp.response)}.tsr", stamp.response
    if before and before.size < head.size:
        old = f"{before.size:0{_DIGITS}}"
        proof = proving.growth(before.size, head)
        yield f"{old}-{size}.request", bytes(WitnessRequest(before.size, proof, head.note))


def _short_hash(content: bytes) -> str:
    return sha256(content).hexdigest()[:8]
