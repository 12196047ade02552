"""Reads another authority's published list of operations into applications, through a mapping.

Streams: a list may be larger than memory. What is wrong with the whole file (encoding, a missing
column) is refused before the first row; what is wrong with one row is reported with its number and
costs no other row. Must not know any programme's rules, nor record anything.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from pruefpfad.sources.list_mapping import ListMapping
from pruefpfad.sources.list_row import CellError, Row, payload_of

_GZIP_MAGIC = b"\x1f\x8b"
# A longer line is no row of a list; without a limit a file of one line would fill the memory.
_LONGEST_LINE_BYTES = 1_000_000


@dataclass(frozen=True)
class ListedOperation:
    """One row as an application: `payload` is the command `submit_application` as JSON values."""

    number: int
    line: int
    reference: str
    payload: dict[str, Any]
    fingerprint: str


@dataclass(frozen=True)
class BrokenRow:
    """A row that cannot be read. `number` is None where not even that could be; `line` always."""

    number: int | None
    line: int
    field: str
    expected: str


def read_list(
    path: Path,
    mapping: ListMapping,
    *,
    programme: str,
    call: str,
    leave_out: Sequence[str] = (),
) -> Iterator[ListedOperation | BrokenRow]:
    """The rows of a list, but those whose funding line begins with one of `leave_out`.

    ValidationError before the first row where the file is not in the mapping's encoding, is cut
    off, or lacks a column.
    """
    _check_bytes(path, mapping.form.encoding)
    header = _header(path, mapping)
    reader = _ListReader(mapping, header, programme, call, tuple(leave_out))
    return reader.rows(path)


@dataclass
class _ListReader:
    mapping: ListMapping
    header: list[str]
    programme: str
    call: str
    leave_out: tuple[str, ...]
    lines_by_number: dict[int, int] = field(default_factory=dict)

    def rows(self, path: Path) -> Iterator[ListedOperation | BrokenRow]:
        for line, text in _lines(path, self.mapping.form.encoding):
            if line == 1 or not text.strip():
                continue
            row = self._read(line, text)
            if row is not None:
                yield row

    def _read(self, line: int, text: str) -> ListedOperation | BrokenRow | None:
        number = None
        try:
            row = Row(self._cells(text), self.mapping)
            if self.leave_out and row.funding_line.startswith(self.leave_out):
                return None
            number = row.number
            self._claim(number, line)
            return self._operation(row, line)
        except CellError as error:
            return BrokenRow(number, line, error.field, error.expected)

    def _cells(self, text: str) -> dict[str, str]:
        cells = _split(text, self.mapping)
        if len(cells) != len(self.header):
            raise CellError("row", f"expected {len(self.header)} cells, not {len(cells)}")
        return dict(zip(self.header, cells, strict=True))

    def _claim(self, number: int, line: int) -> None:
        """Two rows of one number would be one reference: the second is broken, not the first."""
        first = self.lines_by_number.setdefault(number, line)
        if first != line:
            raise CellError(
                self.mapping.columns.number,
                f"expected a number of its own: {number} stands on line {first} already",
            )

    def _operation(self, row: Row, line: int) -> ListedOperation:
        fingerprint = _fingerprint(row.cells, self.mapping.fingerprint)
        reference = f"{self.mapping.prefix}-{row.number:0{self.mapping.digits}d}"
        payload = {
            "reference": reference,
            "programme": self.programme,
            "call": self.call,
            **payload_of(row),
            "fingerprint": fingerprint,
        }
        return ListedOperation(row.number, line, reference, payload, fingerprint)


def _fingerprint(cells: dict[str, str], columns: Sequence[str]) -> str:
    # JSON keeps the cells apart: "a" and "bc" are not "ab" and "c".
    text = json.dumps([cells[column] for column in columns], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _header(path: Path, mapping: ListMapping) -> list[str]:
    _, first = next(_lines(path, mapping.form.encoding), (1, ""))
    try:
        found = [name.strip() for name in _split(first, mapping)]
    except CellError as error:
        raise ValidationError({"header": [error.expected]}) from error
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise ValidationError({name: ["expected this column once"] for name in twice})
    missing = [name for name in mapping.needed_columns() if name not in found]
    if missing:
        expected = f"expected this column; found {', '.join(found) or 'none'}"
        raise ValidationError({name: [expected] for name in missing})
    return found


def _split(line: str, mapping: ListMapping) -> list[str]:
    reader = csv.reader([line], delimiter=mapping.form.delimiter, strict=True)
    try:
        return next(reader, [])
    except csv.Error as error:
        raise CellError("row", f"expected cells as CSV on one line: {error}") from error


def _check_bytes(path: Path, encoding: str) -> None:
    """Read the file once as a whole, so that no row is taken from a file that breaks off later."""
    for _ in _lines(path, encoding):
        pass


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Each line with its number, from 1, without its line end."""
    with ExitStack() as stack:
        raw = _open(path, stack)
        number, offset = 0, 0
        while line := _next_line(raw, number + 1):
            number += 1
            yield number, _decoded(line, encoding, number, offset).rstrip("\r\n")
            offset += len(line)


def _open(path: Path, stack: ExitStack) -> BufferedReader | gzip.GzipFile:
    raw = stack.enter_context(path.open("rb"))
    is_packed = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    raw.seek(0)
    return stack.enter_context(gzip.GzipFile(fileobj=raw)) if is_packed else raw


def _next_line(raw: BufferedReader | gzip.GzipFile, number: int) -> bytes:
    try:
        line = raw.readline(_LONGEST_LINE_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        expected = f"expected a whole gzip file: it breaks off in line {number} ({error})"
        raise ValidationError({"file": [expected]}) from error
    if len(line) > _LONGEST_LINE_BYTES:
        expected = f"expected at most {_LONGEST_LINE_BYTES} bytes in a line: line {number} has more"
        raise ValidationError({"file": [expected]})
    return line


def _decoded(line: bytes, encoding: str, number: int, offset: int) -> str:
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError as error:
        at = offset + error.start + 1
        place = f"line {number}, byte {at} of the file (0x{line[error.start]:02x})"
        raise ValidationError({"file": [f"expected {encoding}: {place} is not"]}) from error
    # A byte order mark is no part of the first column's name.
    return text.removeprefix("\ufeff") if number == 1 else text
