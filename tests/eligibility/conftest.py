"""An eligibility office on the embedded store that has heard of the example programme."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.authority import PROGRAMME, Bureau, a_bureau, the_programme


@pytest.fixture
def eligibility(tmp_path: Path) -> Iterator[Bureau]:
    with a_bureau("eligibility", tmp_path) as bureau:
        bureau.hear("intake.ProgrammeRegistered", PROGRAMME, **the_programme())
        yield bureau
