"""What a log asks of a witness: a newer head, and proof that it only grew (c2sp.org/tlog-witness).

Only the form, which is the same in a file, on a stick and over HTTP. What a witness makes of it
stands in `witness`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from grant_store.log.checkpoint import Checkpoint, decimal
from grant_store.log.note import MOST_BYTES, Note
from grant_store.log.proof_file import check_hashes, hash_lines, read_hashes
from grant_values.invalid import Invalid


@dataclass(frozen=True)
class WitnessRequest:
    """The witness has cosigned `old_size` leaves, 0 if none; `note` is to be cosigned next."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes

    def __post_init__(self) -> None:
        check_hashes(self.proof)
        if self.old_size > self.checkpoint.size:
            raise Invalid("old size", f"expected at most the {self.checkpoint.size} of the head")

    @property
    def checkpoint(self) -> Checkpoint:
        """The head as the request states it; nobody has looked at its signatures yet."""
        return Checkpoint.parse(Note.parse(self.note).text)

    def __bytes__(self) -> bytes:
        return f"old {self.old_size}\n{hash_lines(self.proof)}\n".encode() + self.note

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """The request in these bytes, or `Invalid`: there is one way only to write each."""
        if len(content) > MOST_BYTES:
            raise Invalid("request", f"expected at most {MOST_BYTES} bytes")
        head, empty_line, note = content.partition(b"\n\n")
        if not empty_line or not head.isascii():
            raise Invalid("request", "expected ASCII lines and an empty one before the checkpoint")
        old, *lines = head.decode("ascii").split("\n")
        if not old.startswith("old "):
            raise Invalid("old size", 'expected a first line "old SIZE"')
        return cls(decimal(old.removeprefix("old "), "old size"), read_hashes(lines), note)
