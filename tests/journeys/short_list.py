"""A dozen rows of the published list: plain ones, a repeat, an early start."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "esf-nrw-2014-2020"
EARLY = "3461"
REPEATED, REPEAT = "925", "926"
PLAIN = ("15", "39", "48", "54", "58", "2166", "1128", "1235", "1710")
NUMBERS = frozenset((*PLAIN, REPEATED, REPEAT, EARLY))


def shorten(folder: Path, numbers: frozenset[str] = NUMBERS) -> Path:
    """The example with these rows only, as a directory of its own inside `folder`."""
    target = folder / EXAMPLE.name
    target.mkdir(parents=True)
    for name in ("programme.toml", "mapping.toml", "demonstration.toml"):
        (target / name).write_bytes((EXAMPLE / name).read_bytes())
    with gzip.open(EXAMPLE / "operations.csv.gz", "rt", encoding="utf-8", newline="") as source:
        header, *rows = csv.reader(source)
    chosen = [row for row in rows if row[0] in numbers]
    if len(chosen) != len(numbers):
        raise LookupError(f"{EXAMPLE.name}: expected the rows {', '.join(sorted(numbers))}")
    with gzip.open(target / "operations.csv.gz", "wt", encoding="utf-8", newline="") as shortened:
        csv.writer(shortened).writerows([header, *chosen])
    return target


def with_further(count: int) -> frozenset[str]:
    """The same numbers and those of the first `count` rows beside them."""
    with gzip.open(EXAMPLE / "operations.csv.gz", "rt", encoding="utf-8", newline="") as source:
        _, *rows = csv.reader(source)
    others = [row[0] for row in rows if row[0] not in NUMBERS]
    return NUMBERS | frozenset(others[:count])
