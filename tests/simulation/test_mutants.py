"""Each guard that is taken out is noticed: a few here, all with `make simulate-mutants`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from grant_bus.relay import Relay
from simulation.hunt import hunt, main
from simulation.mutants import MUTANTS, taken_out
from simulation.mutation import Change, Mutant, mutant
from simulation.trials import Failure, try_seed

SEEDS = range(4, 16)
"""The first of them is short of money."""
# One of each part of the program, and what is bound to notice that its guard is gone.
KNOWN = {
    "relay-position": "every event is told",
    "instants": "positions without a hole, instants in order",
    "ceiling": "ceilings",
    "body-hash": "answers",
    "sent-twice": "nothing is sent twice",
    "withdrawal-remembered": "withdrawn cases",
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_guard_that_is_taken_out_is_noticed(name: str) -> None:
    caught = hunt(SEEDS, name)

    assert caught is not None
    assert caught.noticed_by == KNOWN[name]


@pytest.mark.parametrize("known", MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_changes_what_there_is_and_puts_it_back(known: Mutant) -> None:
    before = [change.target for change in known.changes]

    with taken_out(known.name):
        assert not {change.target for change in known.changes} & set(before)

    assert [change.target for change in known.changes] == before
    assert known.says.endswith(".")


def test_a_mutant_that_is_badly_written_is_not_noticed_by_its_own_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clumsy = mutant("clumsy", "The relay takes no arguments.", Change(Relay, "pump", of_nothing))
    monkeypatch.setattr("simulation.mutants.MUTANTS", {"clumsy": clumsy})

    tried = try_seed(4, "clumsy")

    assert isinstance(tried, Failure)
    assert tried.says.startswith("TypeError")
    assert hunt([4], "clumsy") is None


def of_nothing(original: Any) -> Callable[[], int]:
    return lambda: 0


def test_a_hunt_says_what_noticed_which_guard_is_gone() -> None:
    result = CliRunner().invoke(main, ["--seeds", "1", "--only", "role"])

    assert result.exit_code == 0
    assert "Anybody may give any command." in result.output
    assert "1 of 1 mutants are noticed" in result.output


def test_a_mutant_that_nobody_notices_ends_the_hunt_badly() -> None:
    """In the first seed money is ample: nothing shows that a line promises without end."""
    result = CliRunner().invoke(main, ["--seeds", "1", "--only", "ceiling"])

    assert result.exit_code == 1
    assert "after 1 seeds these survive: ceiling" in result.output
