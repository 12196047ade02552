"""Fifty fixed seeds; `make simulate` lives as many as one likes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulation.__main__ import main
from simulation.lives import Verdict
from simulation.machinery import MOMENTS
from simulation.plans import FATES, RACING, plan_of
from simulation.trials import Failure, try_seed

ROOT = Path(__file__).parents[2]
SEEDS = range(1, 51)
SHORT_OF_MONEY = 4
KINDS = {True: {"contended"}, False: {"equal", "restored"}}
BESIDE_DEATHS = {
    "a rival follows further meanwhile",
    "a rival follows while commands are answered",
    "a rival takes over",
    "a program breaks",
    "a program is mended",
    "an operator retries",
    "deliveries delayed",
    "deliveries doubled",
    "deliveries lost",
    "deliveries reordered",
    "the broker is wiped",
    "the case files are built anew",
    "the clock goes back",
    "the clock leaps",
    "two processes answer at once",
    "two processes follow the same events",
    "two processes follow two feeds at once",
}


@cache
def lived(seed: int) -> Verdict:
    """Each seed is lived once, for all the tests that ask about it."""
    tried = try_seed(seed)
    if isinstance(tried, Failure):
        pytest.fail(f"seed {seed}: {tried.trace}")
    return tried


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_befalls_the_services_what_must_hold_holds(seed: int) -> None:
    assert lived(seed).kind in KINDS[plan_of(seed).is_contended]


def test_everything_befalls_somebody_within_the_seeds_of_the_suite() -> None:
    happened = Counter[str]()
    for seed in SEEDS:
        happened.update(dict(lived(seed).happened))

    assert happened.keys() == {moment.name for moment in MOMENTS} | BESIDE_DEATHS


def test_the_plans_of_the_suite_hold_everything_that_can_befall_a_case() -> None:
    plans = [plan_of(seed) for seed in SEEDS]

    assert {case.fate for plan in plans for case in plan.cases} == {*FATES, *RACING}
    assert any(plan.twins for plan in plans)
    restored = {plan.restores for plan in plans}
    assert restored == {"", "intake", "eligibility", "budgeting", "disbursement"}


def test_a_seed_lived_again_is_the_same_to_the_last_leaf() -> None:
    assert try_seed(9) == lived(9)


def test_a_seed_is_the_same_in_another_process_with_other_hashes() -> None:
    """The order of a set of texts changes from process to process: nothing may hang on it."""
    program = f"from simulation.trials import try_seed; print(try_seed({SHORT_OF_MONEY}).leaves)"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests"), "PYTHONHASHSEED": "7"}

    said = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout

    assert said.strip() == str(lived(SHORT_OF_MONEY).leaves)


def test_a_failing_seed_is_named_with_the_command_that_lives_it_again() -> None:
    without = ["--without", "ceiling"]
    several = CliRunner().invoke(main, ["--seeds", "2", "--start", "3", "--jobs", "2", *without])

    assert several.exit_code == 1
    assert "1 of 2 seeds hold" in several.output
    failing = next(line for line in several.output.splitlines() if "fails" in line)
    assert failing.startswith(f"seed {SHORT_OF_MONEY} fails: Broken: ceilings: ")
    again = f"again: make simulate SEEDS=1 START={SHORT_OF_MONEY} WITHOUT=ceiling"
    assert again in several.output

    alone = CliRunner().invoke(main, ["--seeds", "1", "--start", str(SHORT_OF_MONEY), *without])

    assert alone.exit_code == 1
    assert failing in alone.output
    assert "Traceback" in alone.output


def test_the_command_that_is_named_lives_that_seed_alone() -> None:
    said = subprocess.run(
        ["make", "--dry-run", "simulate", "SEEDS=1", "START=4", "WITHOUT=ceiling"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert "python -m simulation --seeds 1 --start 4 --without ceiling" in said


def test_seeds_that_hold_end_well_and_say_what_happened() -> None:
    result = CliRunner().invoke(main, ["--seeds", "1", "--start", "1"])

    assert result.exit_code == 0
    assert "deliveries lost" in result.output
    assert "1 of 1 seeds hold" in result.output
