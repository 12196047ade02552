"""Arbitrary values of every published fact, made from its declaration. No assertions here."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from types import NoneType
from typing import Any, get_args, get_origin
from uuid import UUID

from hypothesis import strategies as st

from grant_contracts.envelope import Fact
from grant_contracts.reasons import codes_of
from pruefpfad.published.kinds import fact_fields, shape_fields

TEXTS = st.text(max_size=12)
INSTANTS = st.integers(0, 2_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
JSON = st.dictionaries(TEXTS, TEXTS | st.integers(0, 10**9) | st.booleans(), max_size=2)
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: st.integers(0, 10**12),
    bool: st.booleans(),
    date: st.dates(date(2014, 1, 1), date(2030, 1, 1)),
    datetime: INSTANTS,
    UUID: st.uuids(),
    NoneType: st.none(),
}


def facts_of(fact: type[Fact]) -> st.SearchStrategy[Fact]:
    fields = {name: values_of(kind) for name, kind in fact_fields(fact).items()}
    for name, codes in codes_of(fact.TOPIC).items():
        fields[name] = st.sampled_from(list(codes))
    return st.builds(fact, **fields)


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    if kind in SIMPLE:
        return SIMPLE[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is dict:
        return JSON
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        inner = shape_fields(kind).items()
        return st.builds(kind, **{name: values_of(each) for name, each in inner})
    return st.one_of(*map(values_of, arguments))
