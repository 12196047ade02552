"""A batch reads ahead: how often a store is asked does not grow with the number of cases."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from grant_store.sqlite import SQLiteStore
from journeys.published_list import play, purpose_of
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.scripted.records import StoredRecords

FURTHER = 5
"""Batches of one part read as they go: a repeated row is handed in after the others."""
SINGLE_READS = ("stream", "document", "outcome")


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[tuple[str, str]]]:
    """How often each store is asked for one thing, instead of for all of a batch."""
    asked: Counter[tuple[str, str]] = Counter()

    def counting(name: str) -> Any:
        read = getattr(SQLiteStore, name)

        def count(store: SQLiteStore, *given: Any, **named: Any) -> Any:
            asked[store.service, name] += 1
            return read(store, *given, **named)

        return count

    with monkeypatch.context() as patched:
        for name in SINGLE_READS:
            patched.setattr(SQLiteStore, name, counting(name))
        yield asked


@pytest.fixture
def three_rows(short_example: Path, tmp_path: Path) -> Path:
    """The short example with the first few of its rows."""
    folder = tmp_path / short_example.name
    folder.mkdir()
    for file in short_example.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with gzip.open(folder / "operations.csv.gz", "rt", encoding="utf-8", newline="") as source:
        lines = source.readlines()
    with gzip.open(folder / "operations.csv.gz", "wt", encoding="utf-8", newline="") as target:
        target.writelines(lines[:4])
    return folder


def test_four_times_as_many_cases_are_not_asked_for_one_by_one(
    monkeypatch: pytest.MonkeyPatch, short_example: Path, three_rows: Path, tmp_path: Path
) -> None:
    asked = {}
    for rows, example in ((3, three_rows), (12, short_example)):
        with EmbeddedSystem(tmp_path / str(uuid4())) as system, counted(monkeypatch) as counts:
            system.declare_demonstration(purpose_of(example))
            play(example, system, StoredRecords(system.stores["audit"]), system.key)
        asked[rows] = counts
    for question, count in asked[12].items():
        assert count <= 2 * asked[3][question] + FURTHER, question
