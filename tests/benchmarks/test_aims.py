"""Numbers are judged by their aims, and the page of benchmarks states the same ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.aims import AIMS, verdicts
from benchmarks.results import Measurement
from benchmarks.suite import NAMES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Measurement("proof.ms", "ms", 20.0), "proof.ms: at most 20: met"),
        (Measurement("proof.ms", "ms", 20.1), "proof.ms: at most 20: missed"),
        (
            Measurement("checkpointer.append_ratio", "events/s", 100.0, 120.0, 0.83),
            "checkpointer.append_ratio: at least 0.9: missed",
        ),
        (
            Measurement("checkpointer.append_ratio", "events/s", 100.0),
            "checkpointer.append_ratio: at least 0.9: not measured",
        ),
    ],
)
def test_a_number_is_judged_by_its_aim(found: Measurement, said: str) -> None:
    assert verdicts([found]) == [said]


def test_what_has_no_aim_is_not_judged() -> None:
    assert verdicts([Measurement("relay.kombu", "events/s", 1.0)]) == []


def test_every_aim_is_of_something_measured_and_stands_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")

    for name, aim in AIMS.items():
        assert name in NAMES
        assert f"| `{name}` | {aim} " in page
