"""A sender who is too fast is told when to go on, and takes nothing from the others."""

from __future__ import annotations

import pytest

from bus.till import COMMANDS, GUEST, KEY, NOW, STANDING, TokenCheck, a_token, adding, opening
from grant_bus import rates
from grant_bus.desk import Desk, Order
from grant_bus.rates import SenderRates
from grant_contracts.answers import Answer


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_who_was_silent_may_send_ten_seconds_worth_at_once_and_then_the_rate(clock: Clock) -> None:
    limit = SenderRates(5, clock)

    assert [limit.pause_for("S-1") for _ in range(50)] == [0.0] * 50
    assert limit.pause_for("S-1") == pytest.approx(0.2)
    clock.seconds = 0.2
    assert limit.pause_for("S-1") == 0.0
    assert limit.pause_for("S-1") > 0.0


def test_a_refused_command_does_not_count(clock: Clock) -> None:
    limit = SenderRates(1, clock)
    for _ in range(20):
        limit.pause_for("S-1")

    clock.seconds = 1.0

    assert limit.pause_for("S-1") == 0.0


def test_silence_saves_up_no_more_than_ten_seconds(clock: Clock) -> None:
    limit = SenderRates(1, clock)
    limit.pause_for("S-1")
    clock.seconds = 3_600.0

    found = [limit.pause_for("S-1") for _ in range(11)]

    assert found[:10] == [0.0] * 10
    assert found[10] == pytest.approx(1.0)


def test_one_sender_takes_nothing_from_another(clock: Clock) -> None:
    limit = SenderRates(1, clock)
    for _ in range(11):
        limit.pause_for("S-1")

    assert limit.pause_for("S-1") > 0
    assert limit.pause_for("S-2") == 0.0


def test_only_so_many_senders_are_remembered(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_SENDERS", 2)
    limit = SenderRates(0.1, clock)
    assert limit.pause_for("S-1") == 0.0
    assert limit.pause_for("S-1") > 0

    limit.pause_for("S-2")
    limit.pause_for("S-3")

    assert limit.pause_for("S-1") == 0.0


@pytest.mark.parametrize("nothing", [0, -1])
def test_a_rate_that_would_let_nobody_in_is_refused(nothing: float) -> None:
    with pytest.raises(ValueError, match="expected a positive number"):
        SenderRates(nothing)


def test_the_desk_tells_a_sender_who_is_too_fast_when_to_send_the_same_key_again(
    clock: Clock,
) -> None:
    tokens = TokenCheck(KEY, lambda: NOW)
    desk = Desk("till", COMMANDS, STANDING, tokens, lambda: NOW, SenderRates(0.1, clock))
    assert isinstance(desk.read(opening()), Order)

    refused = desk.read(adding(1, key="k-1"))
    other = desk.read({**adding(1), "actor_token": a_token(GUEST)})

    assert isinstance(refused, Answer)
    assert (refused.kind, refused.code, refused.key) == ("not_yet", "too_many_requests", "k-1")
    assert refused.retry_after_seconds == pytest.approx(10.0)
    assert isinstance(other, Order)
