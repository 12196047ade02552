"""The file that proves an entry of a log offline (c2sp.org/tlog-proof): only its form.

Whether the proof holds is `tree`'s matter, and who signed the checkpoint `cosignature`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from grant_store.log.checkpoint import HASH_BYTES, LARGEST_SIZE, decimal
from grant_store.log.note import MOST_BYTES, Note, from_base64, to_base64
from grant_values.invalid import Invalid

SUFFIX = ".tlog-proof"
MOST_HASHES = 63
_FIRST_LINE = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class TlogProof:
    """The leaf number `index` (position − 1) is in the tree of the checkpoint in `note`.

    `hashes` go from the leaf's sibling up; `extra` is nobody's word and proves nothing.
    """

    index: int
    hashes: tuple[bytes, ...]
    note: bytes
    extra: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.index <= LARGEST_SIZE:
            raise Invalid("index", f"expected a number from 0 to {LARGEST_SIZE}, not {self.index}")
        check_hashes(self.hashes)
        Note.parse(self.note)

    def __bytes__(self) -> bytes:
        extra = f"extra {to_base64(self.extra)}\n" if self.extra else ""
        head = f"{_FIRST_LINE}\n{extra}index {self.index}\n{hash_lines(self.hashes)}\n"
        return head.encode() + self.note

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """The proof in a file, or `Invalid`: there is one way only to write each proof."""
        if len(content) > MOST_BYTES:
            raise Invalid("proof", f"expected at most {MOST_BYTES} bytes")
        head, empty_line, note = content.partition(b"\n\n")
        if not empty_line:
            raise Invalid("proof", "expected an empty line before the checkpoint")
        first, *lines = _ascii_lines(head)
        if first != _FIRST_LINE:
            raise Invalid("proof", f"expected {_FIRST_LINE} in the first line")
        extra = _taken(lines, "extra")
        index = _taken(lines, "index")
        if index is None:
            raise Invalid("proof", "expected a line with the index")
        return cls(
            decimal(index, "index"),
            read_hashes(lines),
            note,
            b"" if extra is None else from_base64(extra, "extra"),
        )


def hash_lines(hashes: tuple[bytes, ...]) -> str:
    """Each hash in a line of its own, in base64."""
    return "".join(f"{to_base64(each)}\n" for each in hashes)


def read_hashes(lines: list[str]) -> tuple[bytes, ...]:
    hashes = tuple(from_base64(line, "proof") for line in lines)
    check_hashes(hashes)
    return hashes


def check_hashes(hashes: tuple[bytes, ...]) -> None:
    if len(hashes) > MOST_HASHES or any(len(each) != HASH_BYTES for each in hashes):
        raise Invalid("proof", f"expected at most {MOST_HASHES} hashes of {HASH_BYTES} bytes")


def _taken(lines: list[str], word: str) -> str | None:
    """What follows `word` in the first line, which is taken away; None if it begins otherwise."""
    if lines and lines[0].startswith(f"{word} "):
        return lines.pop(0).removeprefix(f"{word} ")
    return None


def _ascii_lines(head: bytes) -> list[str]:
    try:
        return head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Invalid("proof", "expected ASCII before the checkpoint") from error
