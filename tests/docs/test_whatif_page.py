"""docs/whatif.md says what the program does: its reasons, its changes, its example."""

from __future__ import annotations

import re
from pathlib import Path

from pruefpfad.whatif.rules import NewRules
from pruefpfad.whatif.wording import known_codes

PAGE = (Path(__file__).parents[2] / "docs" / "whatif.md").read_text(encoding="utf-8")


def test_every_reason_in_its_table_is_one_that_is_said() -> None:
    reasons = re.findall(r"^\| `(\w+)` \|", PAGE, re.M)

    assert len(reasons) == 14
    assert set(reasons) <= known_codes()


def test_its_example_of_other_rules_can_be_read() -> None:
    [example] = re.findall(r"```toml\n(.*?)```", PAGE, re.S)

    assert NewRules.read(example).programme is None
