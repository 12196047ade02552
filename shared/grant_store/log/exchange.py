"""Requests to a witness and its answers as files, for those who carry them on a stick.

A request `NAME.request` is answered by `NAME.cosigned`, the whole note with the cosignatures, or by
`NAME.refused`, which says why in JSON. What the witness decides is its own matter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from grant_store.log.checkpoint import Checkpoint
from grant_store.log.note import MOST_BYTES, Note
from grant_store.log.witness import Refused, Witness
from grant_store.log.witness_request import WitnessRequest
from grant_values.invalid import Invalid

REQUEST, COSIGNED, REFUSED = ".request", ".cosigned", ".refused"
CONFLICT = "conflict"


@dataclass(frozen=True)
class Answered:
    """What became of one request. `reason` is empty where the head was cosigned; `known_size` is
    that of the last head which the witness has cosigned of this log."""

    log: str
    size: int
    reason: str
    explanation: str
    known_size: int
    lines: bytes = b""

    @property
    def outcome(self) -> str:
        return "refused" if self.reason else "cosigned"


def answer(witness: Witness, content: bytes, at: datetime) -> Answered:
    """The witness's answer to one request; a refusal is an answer."""
    head = WitnessRequest.parse(content).checkpoint
    try:
        lines = witness.cosign(content, at)
    except Refused as refused:
        said = refused.reason, refused.explanation, refused.known_size
        return Answered(head.origin, head.size, *said)
    return Answered(head.origin, head.size, "", "", head.size, lines)


def answer_file(witness: Witness, request: Path, folder: Path, at: datetime) -> Answered:
    """Answer the request in a file by a file of the same name in `folder`."""
    content = read_limited(request)
    answered = answer(witness, content, at)
    write_answer(folder, request.stem, WitnessRequest.parse(content).note, answered)
    return answered


def write_answer(folder: Path, stem: str, note: bytes, answered: Answered) -> None:
    """Write what became of the head in `note`, in place of an earlier answer of this name."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in (COSIGNED, REFUSED):
        (folder / f"{stem}{suffix}").unlink(missing_ok=True)
    if answered.reason:
        refusal = {name: value for name, value in asdict(answered).items() if name != "lines"}
        text = json.dumps(refusal, ensure_ascii=False, indent=2) + "\n"
        (folder / f"{stem}{REFUSED}").write_text(text, encoding="utf-8")
    else:
        cosigned = Note.parse(note).with_lines(answered.lines)
        (folder / f"{stem}{COSIGNED}").write_bytes(bytes(cosigned))


def files_in(paths: Iterable[Path], suffix: str) -> Iterator[Path]:
    """These files, and those with this suffix in these folders, in order of name."""
    for path in paths:
        found = sorted(path.glob(f"*{suffix}")) if path.is_dir() else [path]
        if not found:
            raise Invalid("file", f"expected files *{suffix} in {path}")
        yield from found


def read_limited(path: Path) -> bytes:
    """A file that somebody brought along; longer than any lawful one is refused unread."""
    if path.stat().st_size > MOST_BYTES:
        raise Invalid("file", f"expected at most {MOST_BYTES} bytes in {path}")
    return path.read_bytes()


def head_of(path: Path) -> tuple[Checkpoint, bytes]:
    """The head in a file with a note, and the note; nobody has looked at the signatures."""
    note = read_limited(path)
    return Checkpoint.parse(Note.parse(note).text), note
