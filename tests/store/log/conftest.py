"""The desk of a log for every test of this folder that takes it, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from store.log.desk import Desk


@pytest.fixture
def desk(store_url: str, tmp_path: Path) -> Iterator[Desk]:
    with ExitStack() as opened:
        yield Desk(store_url, tmp_path, opened)
