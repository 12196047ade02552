"""The versioned view of a ledger, and proofs that are read from it and from stored tiles."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from grant_store.errors import NotMigrated
from grant_store.leaf import leaf_encoding, microseconds
from grant_store.log.store import LedgerView, SignedHead
from grant_store.log.stored_tiles import tree_of
from grant_store.log.tiles import TileBuilder
from grant_store.log.tree import CompactRange, check_inclusion, inclusion_proof
from grant_store.opening import open_ledger_view, open_log, open_store
from grant_store.store import Store
from store.log.growing import grow

COLUMNS = [
    *("position", "event_id", "originator_id", "originator_version", "topic", "schema_version"),
    *("recorded_at", "recorded_at_microseconds", "state", "metadata", "leaf_hash"),
]


@pytest.fixture
def view(store: Store, store_url: str) -> Iterator[LedgerView]:
    with closing(open_ledger_view(store_url, "budgeting")) as view:
        yield view


def test_it_gives_the_rows_of_the_ledger(store: Store, view: LedgerView) -> None:
    grow(store, 5)

    assert view.head() == store.head()
    assert view.events_after(0, 10) == store.events_after(0, 10)
    assert view.events_after(2, 2) == store.events_after(2, 2)
    assert view.leaves(1, 2) == [row.leaf_hash for row in store.events_after(1, 2)]


def test_it_gives_the_stream_of_one_aggregate(store: Store, view: LedgerView) -> None:
    grow(store, 5)
    [first, *_] = store.events_after(0, 1)

    assert view.stream(first.originator_id) == store.stream(first.originator_id) != []
    assert view.stream(uuid4()) == []


def test_while_it_is_held_still_nothing_is_appended(
    store: Store, view: LedgerView, store_url: str
) -> None:
    """What is read inside is still so when it ends. Embedded, one process does all in turn."""
    grow(store, 1)
    if store_url.startswith("sqlite"):
        with view.still():
            assert view.head().position == 1
        return

    def append() -> int:
        with closing(open_store(store_url, "budgeting")) as writer:
            grow(writer, 1)
            return writer.head().position

    with ThreadPoolExecutor(1) as other:
        with view.still():
            waiting = other.submit(append)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=1)
            assert view.head().position == 1
        assert waiting.result(timeout=30) == 2


def test_an_empty_ledger_has_no_head_in_it(view: LedgerView) -> None:
    assert (view.head().position, view.events_after(0, 1), view.leaves(0, 1)) == (0, [], [])


def test_the_encoding_of_a_row_is_what_its_leaf_is_the_hash_of(
    store: Store, view: LedgerView
) -> None:
    grow(store, 3)

    for row in view.events_after(0, 3):
        assert sha256(leaf_encoding(row)).digest() == row.leaf_hash


def test_its_columns_stay_and_its_instants_are_whole_microseconds(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    grow(store, 1)
    [row] = store.events_after(0, 1)

    columns, stored = _first_row(store_url)

    assert columns == COLUMNS
    assert stored["recorded_at_microseconds"] == microseconds(row.recorded_at)
    recorded_at = stored["recorded_at"]
    if isinstance(recorded_at, str):
        recorded_at = datetime.strptime(recorded_at, "%Y-%m-%dT%H:%M:%S.%f%z")
    assert recorded_at.astimezone(UTC) == row.recorded_at


def test_a_view_of_a_ledger_that_is_not_there_names_the_command(store_url: str) -> None:
    with (
        closing(open_ledger_view(store_url, "intake")) as view,
        pytest.raises(NotMigrated, match="pruefpfad store migrate"),
    ):
        view.head()


@pytest.mark.parametrize("size", [1, 255, 256, 600])
def test_a_proof_is_read_from_stored_tiles_and_the_leaves_above_them(
    store: Store, view: LedgerView, store_url: str, size: int
) -> None:
    grow(store, size)
    leaves = [row.leaf_hash for row in store.events_after(0, size)]
    builder, grown = TileBuilder(), CompactRange()
    full = [tile for leaf in leaves for tile in builder.append(leaf)]
    grown.extend(leaves)
    with closing(open_log(store_url, "budgeting")) as log:
        log.migrate()
        log.add_head(SignedHead(size, grown.root(), b"note", datetime.now(UTC)), full)
        grow(store, 300)  # What comes later does not change a proof for this size.

        for index in {0, size // 2, size - 1}:
            proof = inclusion_proof(index, size, tree_of(log, view, size))
            check_inclusion(leaves[index], index, size, proof, grown.root())


def _first_row(store_url: str) -> tuple[list[str], dict[str, Any]]:
    query = "SELECT * FROM {}ledger_v1"
    if store_url.startswith("sqlite"):
        import sqlite3

        path = Path(store_url.removeprefix("sqlite:///")) / "budgeting.main.sqlite3"
        with closing(sqlite3.connect(path)) as connection:
            cursor: Any = connection.execute(query.format(""))
            row = cursor.fetchone()
            columns = [each[0] for each in cursor.description]
    else:
        with psycopg.connect(store_url) as session:
            cursor = session.execute(query.format("budgeting."))
            row = cursor.fetchone()
            columns = [each.name for each in cursor.description]
    return columns, dict(zip(columns, row, strict=True))
