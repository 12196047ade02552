"""The persons' rules of play, against a system that is played by the test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from benchmarks.journey.driver import Driver
from benchmarks.journey.game import Game, Pace
from benchmarks.journey.latency import fallen_behind
from benchmarks.journey.persons import ARRIVED, STEPS, Persons
from benchmarks.journey.wire import Binding, Heard
from grant_bus.actors import new_signing_key

TELLS = {
    "intake.check_completeness": "eligibility.CompletenessNoted",
    "eligibility.sign_finding": "budgeting.FundsEarmarked",
    "budgeting.waive_remedy": "disbursement.GrantAccountOpened",
    "disbursement.confirm_payment": ARRIVED,
}


class Obedient:
    """Stands for the wire and what is behind it: records every command and tells what follows."""

    is_confirmed = True

    def __init__(self, persons: Persons, *, refuses: str = "", times: int = 1) -> None:
        self.taken: list[tuple[str, str]] = []
        self._persons = persons
        self._refuses = refuses
        self._times = times
        self._to_hear: list[Heard] = []

    def encoded(self, exchange: str, routing_key: str, correlation_id: str, body: bytes) -> bytes:
        return body

    def send(self, letters: Sequence[bytes]) -> None:
        for letter in letters:
            message: dict[str, Any] = msgspec.json.decode(letter)
            command, key = message["command"], message["key"]
            self.taken.append((command, key.partition(":")[0]))
            kind = "refused" if command == self._refuses else "recorded"
            self._to_hear.append(_answer(kind, key))
            if command in TELLS:
                case = self._persons.case_id(int(key.partition(":")[0].rpartition("-")[2]))
                self._to_hear += [_fact(TELLS[command], case)] * self._times

    def hear(self, seconds: float) -> list[Heard]:
        heard, self._to_hear = self._to_hear, []
        return heard


def _answer(kind: str, key: str) -> Heard:
    return Heard("", "", msgspec.json.encode({"kind": kind, "key": key}))


def _fact(name: str, case: str) -> Heard:
    return Heard("facts", name, msgspec.json.encode({"caseid": case}))


def a_driver(**told: Any) -> tuple[Driver, Obedient]:
    persons = Persons(new_signing_key())
    system = Obedient(persons, **told)
    return Driver(system, persons, lambda fact: Binding("facts", fact)), system


def test_each_person_acts_once_and_in_order_though_facts_are_told_twice() -> None:
    driver, system = a_driver(times=2)

    played = Game(driver, Pace(3)).play()

    assert (played.grants, len(played.latencies)) == (3, 3)
    for number in (1, 2, 3):
        reference = driver.persons.reference(number)
        own = [command for command, name in system.taken if name == reference]
        assert own == [step.command for step in STEPS]


def test_the_cashier_sends_a_run_before_opening_the_next_and_pays_from_one_year() -> None:
    driver, system = a_driver()

    played = Game(driver, Pace(5, least_per_run=2)).play()

    runs = [
        (command.rpartition(".")[2], name)
        for command, name in system.taken
        if "payment_run" in command
    ]
    assert played.runs == len(runs) / 3
    for opened, written, sent in zip(runs[::3], runs[1::3], runs[2::3], strict=True):
        verbs = [verb.partition("_")[0] for verb, _ in (opened, written, sent)]
        assert verbs == ["open", "write", "transmit"]
        assert opened[1] == written[1] == sent[1]


def test_an_answer_other_than_recorded_ends_the_game() -> None:
    driver, _ = a_driver(refuses="budgeting.approve_grant")

    with pytest.raises(AssertionError, match="refused"):
        Game(driver, Pace(1)).play()


def test_open_cases_are_played_up_to_their_last_step_only() -> None:
    driver, system = a_driver()

    Game(driver, Pace(2, at_once=1, steps=8)).play()

    assert [command for command, _ in system.taken] == [step.command for step in STEPS[:8]] * 2


def test_grants_come_at_their_pace_and_not_before() -> None:
    driver, _ = a_driver()

    played = Game(driver, Pace(5, per_second=100)).play()

    assert played.seconds >= 0.04
    assert max(played.latencies) < played.seconds


def test_a_side_that_ends_later_than_grants_came_is_said_to_fall_behind() -> None:
    assert not fallen_behind("it", rates=[99.0, 98.0], per_second=100)
    assert fallen_behind("it", rates=[50.0, 98.0, 60.0], per_second=100) == (
        "it could not carry 100 grants/s, only 60.0"
    )
