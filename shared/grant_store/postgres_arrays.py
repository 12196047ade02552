"""Columns of rows as PostgreSQL's binary arrays, ready to be sent. Knows no table and no event.

The driver looks at every element of every list to find a type that is known beforehand here: for
an append of one event that took longer than everything else on this side of the line.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

# Dimensions, flags, type of the elements, number of elements, index of the first.
_HEAD = struct.Struct(">iiIii")
_NO_ELEMENTS = struct.Struct(">iiI")
_LENGTH = struct.Struct(">i")
_NULL = _LENGTH.pack(-1)
_UUID_LENGTH = _LENGTH.pack(16)
_BIGINT_LENGTH = _LENGTH.pack(8)


class _Array:
    """An array as it is sent. One class per type, because the driver goes by the class."""

    __slots__ = ("encoded",)

    def __init__(self, encoded: bytes) -> None:
        self.encoded = encoded


class _Uuids(_Array):
    pass


class _Bigints(_Array):
    pass


class _Texts(_Array):
    pass


class _Byteas(_Array):
    pass


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Array) -> bytes:
        return obj.encoded


class _Kind(NamedTuple):
    """How the column of one SQL type becomes an array."""

    array: type[_Array]
    element_oid: int
    elements: Callable[[Sequence[Any]], Iterable[bytes]]


def columns(rows: Sequence[tuple[Any, ...]], types: Sequence[str]) -> list[_Array]:
    """The rows turned into one array per column, each of its SQL type; empty without rows."""
    if not rows:
        return [_EMPTY[of] for of in types]
    return [
        _encoded(_KINDS[of], column)
        for of, column in zip(types, zip(*rows, strict=True), strict=True)
    ]


def register(connection: psycopg.Connection[Any]) -> None:
    """Teach a connection to send what `columns` returns."""
    for of, kind in _KINDS.items():
        oid = psycopg.adapters.types[of].array_oid
        dumper = type(f"{kind.array.__name__}Dumper", (_ArrayDumper,), {"oid": oid})
        connection.adapters.register_dumper(kind.array, dumper)


def _encoded(kind: _Kind, column: Sequence[Any]) -> _Array:
    head = _HEAD.pack(1, 0, kind.element_oid, len(column), 1)
    return kind.array(head + b"".join(kind.elements(column)))


def _uuids(column: Sequence[UUID]) -> Iterable[bytes]:
    return (_UUID_LENGTH + each.bytes for each in column)


def _bigints(column: Sequence[int]) -> Iterable[bytes]:
    return (_BIGINT_LENGTH + each.to_bytes(8, "big", signed=True) for each in column)


def _texts(column: Sequence[str]) -> Iterable[bytes]:
    return _byteas([each.encode() for each in column])


def _byteas(column: Sequence[bytes | None]) -> Iterable[bytes]:
    return (_NULL if each is None else _LENGTH.pack(len(each)) + each for each in column)


def _kind(of: str, array: type[_Array], elements: Callable[[Any], Iterable[bytes]]) -> _Kind:
    return _Kind(array, psycopg.adapters.types[of].oid, elements)


_KINDS = {
    "uuid": _kind("uuid", _Uuids, _uuids),
    "bigint": _kind("bigint", _Bigints, _bigints),
    "text": _kind("text", _Texts, _texts),
    "bytea": _kind("bytea", _Byteas, _byteas),
}
_EMPTY = {of: kind.array(_NO_ELEMENTS.pack(0, 0, kind.element_oid)) for of, kind in _KINDS.items()}
