"""Each recorded play, told again by today's program once for all tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from histories.recording import Play, Results
from histories.retelling import retold


@pytest.fixture(scope="session")
def retellings(tmp_path_factory: pytest.TempPathFactory) -> Retellings:
    return Retellings(tmp_path_factory.mktemp("retold"))


class Retellings:
    """What today's program makes of each play."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.of = cache(self._retold)

    def _retold(self, play: Play) -> Results:
        return retold(play.ledgers, self._folder / play.folder.name / play.name)
