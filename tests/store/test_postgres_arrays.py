"""Columns that we encode ourselves: PostgreSQL must read in them what was given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grant_store.postgres_arrays import columns, register

pytestmark = pytest.mark.servers
TYPES = ("uuid", "bigint", "text", "bytea")
ECHO = b"SELECT %b::uuid[], %b::bigint[], %b::text[], %b::bytea[]"
ROWS = st.lists(
    st.tuples(
        st.uuids(),
        st.integers(-(2**63), 2**63 - 1),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
        st.none() | st.binary(max_size=300),
    ),
    max_size=20,
)


@pytest.fixture
def session(shared_database: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(shared_database, autocommit=True) as connection:
        register(connection)
        yield connection


@given(rows=ROWS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_column_arrives_as_it_was_given(
    session: psycopg.Connection[tuple[Any, ...]], rows: list[tuple[Any, ...]]
) -> None:
    arrived = session.execute(ECHO, columns(rows, TYPES), binary=True).fetchone()

    assert arrived is not None
    assert list(zip(*arrived, strict=True)) == rows


def test_a_number_that_no_bigint_can_hold_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(OverflowError):
        columns([(2**63,)], ["bigint"])


def test_a_row_without_one_of_its_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        columns([(1,)], ["bigint", "text"])
