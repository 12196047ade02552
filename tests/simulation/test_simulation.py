"""A short fixed set of seeds; `make simulate` lives as many as one likes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from grant_budgeting.domain import BudgetLine
from grant_bus import follower
from simulation.__main__ import main
from simulation.lives import live
from simulation.plans import plan_of

SEEDS = range(1, 17)
SHORT_OF_MONEY = 4
KINDS = {True: {"contended"}, False: {"equal", "restored"}}


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_befalls_the_services_what_must_hold_holds(seed: int, tmp_path: Path) -> None:
    verdict = live(seed, tmp_path)

    assert verdict.kind in KINDS[plan_of(seed).is_contended]
    assert verdict.deaths > 0


def test_a_seed_lived_again_is_the_same_to_the_last_leaf(tmp_path: Path) -> None:
    assert live(9, tmp_path / "once") == live(9, tmp_path / "again")


def test_the_plans_of_many_seeds_hold_everything_that_can_befall_a_case() -> None:
    plans = [plan_of(seed) for seed in range(1, 100)]

    assert len({case.fate for plan in plans for case in plan.cases}) == 12
    assert any(plan.twins for plan in plans)
    restored = {plan.restores for plan in plans}
    assert restored == {"", "intake", "eligibility", "budgeting", "disbursement"}


def forget_the_ceiling(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(BudgetLine, "can_carry", lambda line, amount_cents: True)


def skip_what_is_missing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(follower, "_without_gap", lambda events, position: [*events.values()])


@pytest.mark.parametrize("mistake", [forget_the_ceiling, skip_what_is_missing])
def test_a_mistake_is_noticed_and_the_command_that_lives_it_again_is_printed(
    mistake: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake(monkeypatch)

    result = CliRunner().invoke(main, ["--seeds", "1", "--start", str(SHORT_OF_MONEY)])

    assert result.exit_code == 1
    again = f"PYTHONPATH=tests python -m simulation --seeds 1 --start {SHORT_OF_MONEY}"
    assert again in result.output
