"""An audit that has followed a whole year of four cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from audit.feeds import Feeds, an_audit, follow
from audit.stories import a_whole_year
from grant_store.sqlite import SQLiteStore

Tell = Callable[[Feeds], SQLiteStore]


@pytest.fixture
def tell(tmp_path: Path) -> Iterator[Tell]:
    """Let an audit follow what is on the feeds, and look at its store."""
    with ExitStack() as audits:

        def told(feeds: Feeds) -> SQLiteStore:
            store, writer = audits.enter_context(an_audit(tmp_path))
            follow(writer, feeds.events)
            return store

        yield told


@pytest.fixture
def year(tell: Tell) -> SQLiteStore:
    feeds = Feeds()
    a_whole_year(feeds)
    return tell(feeds)
