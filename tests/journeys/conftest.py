"""A short list with everything in it: plain operations, a repeat and an early start."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "esf-nrw-2014-2020"
EARLY = "3461"
REPEATED, REPEAT = "925", "926"
PLAIN = ("15", "39", "48", "54", "58", "2166", "1128", "1235", "1710")
NUMBERS = frozenset((*PLAIN, REPEATED, REPEAT, EARLY))


@pytest.fixture(scope="session")
def short_example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with a dozen rows of its list, as a directory of its own."""
    folder = tmp_path_factory.mktemp("examples") / EXAMPLE.name
    folder.mkdir()
    for name in ("programme.toml", "mapping.toml", "demonstration.toml"):
        (folder / name).write_bytes((EXAMPLE / name).read_bytes())
    with gzip.open(EXAMPLE / "operations.csv.gz", "rt", encoding="utf-8", newline="") as source:
        header, *rows = csv.reader(source)
    chosen = [row for row in rows if row[0] in NUMBERS]
    assert len(chosen) == len(NUMBERS)
    with gzip.open(folder / "operations.csv.gz", "wt", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([header, *chosen])
    return folder
