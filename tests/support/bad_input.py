"""What a hurried, careless or dishonest sender may send, for the tests of every service."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

from grant_bus.actors import new_signing_key
from support.authority import KEY, Bureau, a_token, person

MONEY = 'expected an amount in euros as text with exactly two decimals, such as "1250.00"'
NO_MONEY: list[Any] = [1250.5, 1250, "1250.001", "1250.0", "-1250.00", "+1.00", "1e3", "1,00", None]
NO_DATE: list[Any] = ["2021-02-30", "11.01.2021", "20210111", 20210111, "2021-W01-1", None]


def changed(payload: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The payload with another value at a path such as "plan.own"."""
    copy = deepcopy(payload)
    *way, last = path.split(".")
    place: Any = copy
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[int(last) if isinstance(place, list) else last] = value
    return copy


def forged_tokens(role: str) -> Iterator[tuple[str, str]]:
    """Tokens that prove nothing, each with what is expected instead."""
    by = person(role)
    ours = "expected a token signed by the issuer of this system"
    yield a_token(by, key=new_signing_key()), ours
    yield a_token(by, key=KEY)[:-4] + "AAAA", ours
    yield "S-1201", ours
    yield a_token(by, valid_for=timedelta(0)), "expected a token that has not expired"


def assert_invalid(bureau: Bureau, role: str, command: str, payload: Any, field: str) -> str:
    """The answer names the field, and nothing was recorded. Returns what was expected."""
    head = bureau.head
    answer = bureau.ask(command, person(role), **payload)
    assert answer.kind == "invalid", answer
    assert list(answer.errors) == [field], answer.errors
    assert bureau.head == head
    [expected] = answer.errors[field]
    return expected


def assert_form_is_checked(
    bureau: Bureau, role: str, command: str, payload: dict[str, Any]
) -> None:
    """Unknown and missing fields and tokens that prove nothing: all named, nothing recorded."""
    known = [f"payload.{name}" for name in payload]
    misspelt = payload | {"refrence": "x"}
    assert_invalid(bureau, role, command, misspelt, "payload.refrence")
    head = bureau.head
    nothing = bureau.ask(command, person(role))
    assert nothing.kind == "invalid"
    assert set(nothing.errors) <= set(known) and nothing.errors
    for token, expected in forged_tokens(role):
        answer = bureau.ask(command, token, **payload)
        assert (answer.kind, answer.errors) == ("invalid", {"actor_token": [expected]})
    assert bureau.head == head
