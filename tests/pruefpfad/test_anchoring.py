"""A checkpointer anchors the last head at an interval, and only where that is worth it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from grant_contracts.answers import Answer
from grant_store.log.proving import ProvingLog
from grant_store.opening import open_ledger_view, open_log
from grant_store.rows import Append
from grant_store.sqlite import utc_now
from grant_values.shapes import Actor
from pruefpfad.anchoring import LOOK_AGAIN_SECONDS, Anchoring, NotGiven
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.keys import token_for
from store.samples import an_event
from support.signing import sign_all

DAY = 86_400


@dataclass
class Turns:
    """Turns of the checkpointer of audit on a data directory whose clock the test sets."""

    system: EmbeddedSystem
    proving: ProvingLog
    role: str = "operator"
    is_away: bool = False
    now: datetime = field(default_factory=utc_now)
    given: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.anchoring = self.another()

    def another(self) -> Anchoring:
        """A process that begins now."""
        actor = Actor("S-1801", self.role)
        token = token_for(self.system.key, actor, date(2020, 1, 1), date.max)
        return Anchoring(self.proving, self._ask, token, DAY, lambda: self.now)

    def turn(self, after: int = 0) -> str:
        """What the service answered at the turn so many seconds later; empty without a command."""
        self.now += timedelta(seconds=after)
        answer = self.anchoring.anchor_if_due()
        return answer.kind if answer else ""

    def record(self) -> None:
        """Something else than an anchor, and a head over it."""
        self.system.stores["audit"].append(Append(events=[an_event(topic="audit.Noted")]))
        self.sign()

    def sign(self) -> None:
        sign_all(self.system.folder)

    def _ask(self, message: dict[str, Any]) -> Answer:
        if self.is_away:
            raise NotGiven("no broker")
        self.given.append(message["command"])
        return self.system.ask(message)


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    with (
        EmbeddedSystem(tmp_path) as system,
        closing(open_log(f"sqlite:///{tmp_path}", "audit")) as log,
        closing(open_ledger_view(f"sqlite:///{tmp_path}", "audit")) as ledger,
    ):
        log.migrate()
        yield Turns(system, ProvingLog(log, ledger))


def test_the_last_head_is_anchored_once_in_the_interval(turns: Turns) -> None:
    turns.record()

    assert [turns.turn(), turns.turn(1), turns.turn(DAY - 2)] == ["recorded", "", ""]
    assert turns.given == ["audit.anchor_head"]


def test_without_anything_else_on_record_nothing_is_anchored(turns: Turns) -> None:
    assert turns.turn() == ""
    turns.record()
    assert turns.turn(LOOK_AGAIN_SECONDS) == "recorded"
    turns.sign()

    assert [turns.turn(DAY), turns.turn(DAY)] == ["", ""]


def test_the_interval_counts_from_the_last_anchor_whoever_gave_it(turns: Turns) -> None:
    turns.record()
    turns.turn()
    turns.record()

    turns.anchoring = turns.another()

    assert [turns.turn(DAY - 60), turns.turn(120)] == ["", "recorded"]


def test_what_could_not_be_given_is_given_again_later(turns: Turns) -> None:
    turns.record()
    turns.is_away = True
    assert turns.turn() == ""
    turns.is_away = False

    assert [turns.turn(1), turns.turn(LOOK_AGAIN_SECONDS)] == ["", "recorded"]


def test_a_token_that_is_no_operators_is_tried_again_each_minute_and_not_each_turn(
    turns: Turns,
) -> None:
    turns.role = "applicant"
    turns.anchoring = turns.another()
    turns.record()

    kinds = [turns.turn(), turns.turn(1), turns.turn(LOOK_AGAIN_SECONDS)]

    assert kinds[1] == "" and "recorded" not in kinds
    assert len(turns.given) == 2
