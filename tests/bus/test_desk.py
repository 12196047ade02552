"""What the desk makes of messages: an order, or an answer that names the field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields

from bus.till import (
    CASHIER,
    CASHIERS,
    CATALOGUE,
    COMMANDS,
    GUEST,
    KEY,
    NOW,
    SECOND,
    STANDING,
    AddCoins,
    a_desk,
    a_token,
    adding,
    answer,
    closing,
    in_memory,
    opening,
    the_till,
    told,
)
from grant_bus.actors import TokenCheck
from grant_bus.desk import Command, Desk, Order
from grant_bus.policies import FactPolicies
from grant_bus.writer import Writer
from grant_contracts.answers import Answer
from grant_contracts.commands import MOST_CHARACTERS, MOST_VALUES
from grant_store.store import Store
from grant_store.work import UnitOfWork
from grant_values.shapes import Actor


class Dated(AddCoins):
    effective_on = fields.Date(required=True)


def seconded(work: UnitOfWork, by: Actor, seconded_by: Actor | None, **payload: object) -> None:
    work.write_document("seconded", "by", seconded_by.id if seconded_by else None)


def dated(work: UnitOfWork, by: Actor, **payload: object) -> None:
    work.write_document("dated", "by", by.id)


ALL = {
    **COMMANDS,
    "second_coins": Command(AddCoins, seconded, CASHIERS, takes_second=True),
    "date_coins": Command(Dated, dated, CASHIERS),
}
DESK = Desk("till", ALL, STANDING, TokenCheck(KEY, lambda: NOW), lambda: NOW)


def wrong(message: object) -> dict[str, list[str]]:
    """The errors of the answer to a message that is invalid."""
    read = DESK.read(message)
    assert isinstance(read, Answer)
    assert read.kind == "invalid"
    msgspec.json.encode(read)
    return read.errors


def order(message: object) -> Order:
    read = DESK.read(message)
    assert isinstance(read, Order), read
    return read


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"payload": {"note": [[[]] * 20_001]}}, "too_large"),
        ({"payload": {"note": "a\0b"}}, "not_readable"),
        ({"command": "till.add_coin"}, "no_such_command"),
        ({"actor_token": "a.b.c"}, "token_refused"),
        ({"payload": {"owner": "ada", "coins": "5"}}, "wrong_field"),
        ({"key": ""}, "wrong_field"),
        ({"deadline": "tomorrow"}, "wrong_field"),
    ],
)
def test_an_invalid_message_has_a_code_beside_its_texts(change: dict[str, Any], code: str) -> None:
    read = DESK.read({**adding(1), **change})

    assert isinstance(read, Answer)
    assert (read.kind, read.code) == ("invalid", code)


@pytest.mark.parametrize("message", [None, 17, "text", [], ["a"], b"{}", 1.5, True])
def test_what_is_no_object_is_invalid(message: object) -> None:
    assert wrong(message) == {"message": ["expected a JSON object"]}


def test_every_missing_field_is_named() -> None:
    assert set(wrong({})) == {"command", "key", "actor_token", "payload"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("command", "add_coins"),
        ("command", "intake.add_coins"),
        ("command", "till.add_coin"),
        ("command", "till.__class__"),
        ("command", 5),
        ("key", ""),
        ("key", "k" * 201),
        ("key", 7),
        ("key", None),
        ("actor_token", ""),
        ("actor_token", None),
        ("actor_token", "x" * 100_000),
        ("actor_token", "a.b.c"),
        ("second_actor_token", "a.b.c"),
        ("correlation_id", "c" * 201),
        ("payload", []),
        ("payload", None),
        ("payload", "{}"),
        ("priority", 1),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    assert list(wrong({**adding(1), field: value})) == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [("coins", "5"), ("coins", 5.5), ("coins", None), ("coins", math.nan), ("purse", "x")],
)
def test_a_wrong_field_of_the_payload_is_named_with_its_path(field: str, value: object) -> None:
    message = adding(1)
    message["payload"][field] = value

    assert list(wrong(message)) == [f"payload.{field}"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\0b", "expected text without NUL and without half characters"),
        ("\ud800", "expected text without NUL and without half characters"),
        (10**400, "expected a number of at most 64 bits"),
        (math.inf, "expected a number"),
        (b"bytes", "expected a value of JSON, not bytes"),
        (date(2024, 1, 1), "expected a value of JSON, not date"),
    ],
)
def test_what_no_store_could_keep_is_refused_at_the_door(value: object, expected: str) -> None:
    message = adding(1)
    message["payload"]["note"] = [{"text": value}]

    assert wrong(message) == {"payload.note.0.text": [expected]}


@pytest.mark.parametrize("key", ["\0", "\udfff"])
def test_a_key_that_no_store_could_keep_is_refused_and_the_answer_can_be_sent(key: str) -> None:
    assert list(wrong({**adding(1), "key": key})) == ["key"]


def test_a_deeply_nested_message_is_refused() -> None:
    nested: Any = "x"
    for _ in range(100_000):
        nested = [nested]

    assert wrong({**adding(1), "payload": {"note": nested}}) == {
        "payload.note.0": ["expected at most 32 levels"]
    }
    assert wrong(adding(1) | {"command": nested, "key": nested})


@pytest.mark.parametrize(
    "huge",
    [["x"] * (MOST_VALUES + 1), "x" * (MOST_CHARACTERS + 1), {"n": "y" * (MOST_CHARACTERS + 1)}],
    ids=["values", "text", "nested"],
)
def test_a_huge_message_is_refused(huge: object) -> None:
    message = adding(1)
    message["payload"]["note"] = huge

    expected = f"expected at most {MOST_VALUES} values and {MOST_CHARACTERS} characters"
    assert wrong(message) == {"message": [expected]}


@pytest.mark.parametrize("name", ["n" * 201, 5, "\ud800", ""])
def test_a_strange_field_name_is_refused(name: object) -> None:
    message = adding(1)
    message["payload"][name] = 1

    assert wrong(message)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*adding(1), "x", "second_actor_token"]), json_values))
def test_any_message_is_answered(changes: Mapping[str, object]) -> None:
    read = a_desk().read({**adding(1), **changes})

    assert isinstance(read, Answer | Order)


def test_the_same_body_has_the_same_hash_under_another_token() -> None:
    message = adding(5)
    later = {**message, "actor_token": a_token(valid_for=NOW - NOW.replace(hour=0))}

    assert later["actor_token"] != message["actor_token"]
    assert order(later).body_hash == order(message).body_hash


def test_the_order_of_the_fields_does_not_matter_to_the_hash() -> None:
    message = adding(5)
    turned = {**message, "payload": dict(reversed(message["payload"].items()))}

    assert order(turned).body_hash == order(message).body_hash


def test_another_value_or_command_or_second_actor_has_another_hash() -> None:
    message = adding(5)
    token = a_token(SECOND)
    payload = message["payload"]
    others = [
        {**message, "payload": {**payload, "coins": 6}},
        {**message, "payload": {**payload, "note": "5"}},
        {**message, "command": "till.second_coins"},
        {**message, "second_actor_token": token},
    ]

    hashes = {order(each).body_hash for each in [message, *others]}

    assert len(hashes) == 5


def test_the_key_correlates_where_nothing_else_is_said() -> None:
    assert order(adding(1, key="k-1")).context.correlation_id == "k-1"


class TestAuthority:
    """Who may not give a command gets a refusal, and it stands in the access stream."""

    def test_another_role_is_refused_on_record(self) -> None:
        store, refused = _asked({**adding(1, key="k"), "actor_token": a_token(GUEST)})

        assert (refused.kind, refused.reason, refused.position) == (
            "refused",
            "role_not_entitled",
            1,
        )
        assert told(store) == [
            (
                "till.AccessRefused",
                b'{"command":"till.add_coins","actor_id":"S-3","role":"guest",'
                b'"reason":"role_not_entitled","key":"k"}',
            )
        ]

    @pytest.mark.parametrize(
        ("now", "reason"),
        [
            (datetime(2024, 4, 30, 21, 59, 59, tzinfo=UTC), "mandate_not_in_force"),
            (datetime(2024, 4, 30, 22, 0, tzinfo=UTC), ""),
            (datetime(2024, 5, 2, 21, 59, 59, tzinfo=UTC), ""),
            (datetime(2024, 5, 2, 22, 0, tzinfo=UTC), "mandate_not_in_force"),
        ],
    )
    def test_a_mandate_holds_from_its_first_to_its_last_day_in_berlin(
        self, now: datetime, reason: str
    ) -> None:
        token = a_token(starts_on=date(2024, 5, 1), ends_on=date(2024, 5, 2), issued_at=now)

        _, found = _asked({**opening(), "actor_token": token}, now)

        assert found.reason == reason

    @pytest.mark.parametrize(
        ("effective_on", "reason"),
        [("2023-12-31", "mandate_not_in_force"), ("2024-01-01", ""), ("2024-12-31", "")],
    )
    def test_a_mandate_is_looked_at_on_the_day_from_which_the_command_is_effective(
        self, effective_on: str, reason: str
    ) -> None:
        message = {**adding(1), "command": "till.date_coins"}
        message["payload"]["effective_on"] = effective_on

        assert _asked(message)[1].reason == reason

    @pytest.mark.parametrize(
        ("command", "second", "reason"),
        [
            ("second_coins", None, ""),
            ("second_coins", SECOND, ""),
            ("second_coins", GUEST, "second_actor_not_entitled"),
            ("add_coins", SECOND, "second_actor_not_entitled"),
        ],
    )
    def test_a_second_actor_needs_the_role_and_a_command_that_takes_one(
        self, command: str, second: Actor | None, reason: str
    ) -> None:
        token = {"second_actor_token": a_token(second)} if second else {}
        message = {**adding(1), "command": f"till.{command}", **token}

        store, found = _asked(message)

        assert found.reason == reason
        if not reason:
            expected = b'"S-2"' if second else None
            assert store.document("seconded", "by") == expected

    def test_a_second_actor_whose_mandate_has_ended_is_refused(self) -> None:
        ended = a_token(SECOND, ends_on=date(2024, 5, 5))
        message = {**adding(1), "command": "till.second_coins", "second_actor_token": ended}

        assert _asked(message)[1].reason == "mandate_not_in_force"

    def test_a_refused_command_sent_again_is_refused_once(self) -> None:
        message = {**adding(1, key="k"), "actor_token": a_token(GUEST)}
        store, first = _asked(message)

        assert answer(the_till(store), message) == first
        assert store.head().position == 1


class TestDeadline:
    """What its sender does not want any more is not carried out; what was done is told."""

    def test_a_command_after_its_deadline_is_not_carried_out(self) -> None:
        store, found = _asked({**opening(), "deadline": "2024-05-06T10:00:00Z"})

        assert (found.kind, found.code, list(found.errors)) == ("invalid", "expired", ["deadline"])
        assert store.head().position == 0

    def test_a_command_before_its_deadline_is_carried_out(self) -> None:
        _, found = _asked({**opening(), "deadline": "2024-05-06T12:00:01+02:00"})

        assert found.kind == "recorded"

    def test_the_clock_is_looked_at_when_it_is_decided(self) -> None:
        instants = [NOW, NOW, NOW.replace(minute=1)]
        tokens = TokenCheck(KEY, lambda: NOW)
        desk = Desk("till", ALL, STANDING, tokens, lambda: instants.pop(0))
        store = in_memory("till")
        writer = Writer(store, CATALOGUE, desk, FactPolicies({}))
        late = {**opening("bea"), "deadline": "2024-05-06T10:00:30Z"}

        first, second = writer.answer([opening("ada"), late])

        assert isinstance(first, Answer) and isinstance(second, Answer)
        assert (first.kind, second.code) == ("recorded", "expired")

    def test_a_command_that_was_carried_out_in_time_gets_its_outcome_after_the_deadline(
        self,
    ) -> None:
        message = {**opening(key="k"), "deadline": "2024-05-06T10:00:30Z"}
        store, first = _asked(message)
        later = NOW.replace(minute=1)
        desk = Desk("till", ALL, STANDING, TokenCheck(KEY, lambda: later), lambda: later)

        again = answer(Writer(store, CATALOGUE, desk, FactPolicies({})), message)

        assert again == first

    def test_another_deadline_is_no_other_command(self) -> None:
        message = adding(5)

        assert order({**message, "deadline": "2099-01-01T00:00:00Z"}).body_hash == (
            order(message).body_hash
        )


def test_one_key_of_two_senders_is_two_commands() -> None:
    store = in_memory("till")
    with closing(store):
        till = the_till(store)
        first = answer(till, opening("ada", key="k"))
        second = answer(till, {**opening("bea", key="k"), "actor_token": a_token(SECOND)})

        assert [first.position, second.position] == [1, 2]


def _asked(message: dict[str, Any], now: datetime = NOW) -> tuple[Store, Answer]:
    """A store in which nothing stood, after this command, and the answer to it."""
    store = in_memory("till")
    desk = Desk("till", ALL, STANDING, TokenCheck(KEY, lambda: now), lambda: now)
    return store, answer(Writer(store, CATALOGUE, desk, FactPolicies({})), message)


def test_the_actor_of_an_order_is_the_one_of_the_token() -> None:
    assert order(adding(1)).context.actor == CASHIER
    assert order(adding(1)).sender == "S-1"
