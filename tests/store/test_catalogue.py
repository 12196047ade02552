"""What is stored is read back as it was, by today's program; what does not fit is an error."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.domain import Aggregate, event

from grant_contracts.upcasting import State, Upcasters
from grant_store.catalogue import Catalogue, UnknownTopic, UnreadableState, recorded_events
from grant_store.rows import LedgerEvent

CASE = UUID("11111111-2222-3333-4444-555555555555")
RECORDED_AT = datetime(2024, 5, 6, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Part:
    fund: str
    amount_cents: int


class Promise(Aggregate):
    """Promised money. Its second event has changed twice since it was first recorded."""

    class PromiseMade(Aggregate.Created):
        TOPIC = "till.PromiseMade"
        case_id: UUID
        due_on: date
        parts: tuple[Part, ...]
        remark: str | None

    class PromiseChanged(Aggregate.Event):
        TOPIC = "till.PromiseChanged"
        class_version = 3
        amount_cents: int
        changed_on: date

    class PromiseForgotten(Aggregate.Event):
        reason: str

    @event(PromiseMade)
    def __init__(
        self, case_id: UUID, due_on: date, parts: tuple[Part, ...], remark: str | None
    ) -> None:
        self.case_id = case_id
        self.due_on = due_on
        self.amount_cents = sum(part.amount_cents for part in parts)

    @event(PromiseChanged)
    def change(self, amount_cents: int, changed_on: date) -> None:
        self.amount_cents = amount_cents
        self.changed_on = changed_on

    @event(PromiseForgotten)
    def forget(self, reason: str) -> None:
        pass


def in_cents(state: State) -> State:
    others = {name: value for name, value in state.items() if name != "euros"}
    return {**others, "amount_cents": state["euros"] * 100}


def with_a_day(state: State) -> State:
    return {**state, "changed_on": "2020-01-01"}


UPCASTERS = Upcasters(
    {("till.PromiseChanged", 1): in_cents, ("till.PromiseChanged", 2): with_a_day}
)
CATALOGUE = Catalogue([Promise], UPCASTERS)
GOLDEN_MADE = (
    '{"case_id":"11111111-2222-3333-4444-555555555555","due_on":"2024-12-31",'
    '"parts":[{"fund":"ESF","amount_cents":5000},{"fund":"Länder","amount_cents":1}],'
    '"remark":null}'
).encode()
GOLDEN_CHANGED = b'{"amount_cents":700,"changed_on":"2024-02-29"}'


def a_promise() -> Promise:
    parts = (Part("ESF", 5_000), Part("Länder", 1))
    return Promise(case_id=CASE, due_on=date(2024, 12, 31), parts=parts, remark=None)


def a_row(topic: str, state: bytes, version: int = 1, schema_version: int = 1) -> LedgerEvent:
    return LedgerEvent(
        9, CASE, CASE, version, topic, schema_version, RECORDED_AT, state, b"{}", b"\0" * 32
    )


def made() -> LedgerEvent:
    return a_row("till.PromiseMade", GOLDEN_MADE)


def changed(state: bytes, schema_version: int) -> LedgerEvent:
    return a_row("till.PromiseChanged", state, 2, schema_version)


def rebuilt(*rows: LedgerEvent) -> Promise:
    promise = CATALOGUE.rebuild(rows)
    assert isinstance(promise, Promise)
    return promise


def test_stored_states_are_byte_for_byte_what_they_always_were() -> None:
    """Golden: the leaf of every event covers these bytes. No clock and no class path in them."""
    promise = a_promise()
    promise.change(700, date(2024, 2, 29))

    states = [CATALOGUE.kind_of(each).encode(each) for each in promise.collect_events()]

    assert states == [GOLDEN_MADE, GOLDEN_CHANGED]


def test_an_aggregate_is_rebuilt_as_its_events_left_it() -> None:
    promise = rebuilt(made(), changed(GOLDEN_CHANGED, 3))

    assert (promise.id, promise.version, promise.case_id) == (CASE, 2, CASE)
    assert (promise.amount_cents, promise.changed_on) == (700, date(2024, 2, 29))
    assert promise.due_on == date(2024, 12, 31)
    assert promise.modified_on == RECORDED_AT


def test_a_rebuilt_aggregate_goes_on_with_the_next_version() -> None:
    promise = rebuilt(made())

    promise.change(1, date(2024, 3, 1))

    [event_] = promise.collect_events()
    assert (event_.originator_id, event_.originator_version) == (CASE, 2)


def test_values_come_back_as_the_types_of_the_event() -> None:
    decoded: Any = CATALOGUE.decode(made())

    assert decoded.parts == (Part("ESF", 5_000), Part("Länder", 1))
    assert (decoded.case_id, decoded.due_on, decoded.remark) == (CASE, date(2024, 12, 31), None)


def test_nothing_was_ever_recorded_means_no_aggregate() -> None:
    assert CATALOGUE.rebuild([]) is None


@pytest.mark.parametrize(
    ("state", "schema_version", "amount_cents", "changed_on"),
    [
        (b'{"euros":7}', 1, 700, date(2020, 1, 1)),
        (b'{"amount_cents":701}', 2, 701, date(2020, 1, 1)),
        (b'{"amount_cents":702,"changed_on":"2024-02-29"}', 3, 702, date(2024, 2, 29)),
    ],
)
def test_an_older_version_is_lifted_step_by_step_to_todays(
    state: bytes, schema_version: int, amount_cents: int, changed_on: date
) -> None:
    promise = rebuilt(made(), changed(state, schema_version))

    assert (promise.amount_cents, promise.changed_on) == (amount_cents, changed_on)


@pytest.mark.parametrize("schema_version", [4, 0])
def test_a_version_that_this_program_does_not_know_is_an_error(schema_version: int) -> None:
    with pytest.raises(UnknownTopic, match=f"version {schema_version} at position 9.*knows 3"):
        CATALOGUE.decode(changed(GOLDEN_CHANGED, schema_version))


def test_a_topic_that_this_program_does_not_know_is_an_error() -> None:
    with pytest.raises(UnknownTopic, match=r"till\.PromiseKept at position 9"):
        CATALOGUE.decode(a_row("till.PromiseKept", b"{}"))


@pytest.mark.parametrize(
    ("state", "schema_version"),
    [
        (b'{"amount_cents":1,"changed_on":"2024-02-29","extra":1}', 3),
        (b'{"amount_cents":1,"extra":1}', 2),
        (b'{"euros":1,"extra":1}', 1),
        (b'{"amount_cents":1}', 3),
        (b"{}", 1),
        (b'{"amount_cents":"1","changed_on":"2024-02-29"}', 3),
        (b'{"amount_cents":1.5,"changed_on":"2024-02-29"}', 3),
        (b'{"amount_cents":1,"changed_on":"2024-02-30"}', 3),
        (b"[]", 3),
        (b"", 3),
        (b"\xff", 3),
        (b'{"amount_cents":', 2),
    ],
)
def test_a_state_with_other_fields_than_its_version_is_an_error(
    state: bytes, schema_version: int
) -> None:
    with pytest.raises(UnreadableState, match=r"till\.PromiseChanged at position 9"):
        CATALOGUE.decode(changed(state, schema_version))


def test_a_version_without_its_upcaster_is_noticed_at_the_start() -> None:
    class Hasty(Aggregate):
        class HastyChanged(Aggregate.Event):
            TOPIC = "till.HastyChanged"
            class_version = 3

    with pytest.raises(ValueError, match=r"till\.HastyChanged has version 3.*from version 2 in"):
        Catalogue([Hasty], Upcasters({("till.HastyChanged", 1): dict}))


def test_a_topic_cannot_stand_on_two_events() -> None:
    class Twin(Aggregate):
        class TwinMade(Aggregate.Created):
            TOPIC = "till.PromiseMade"

    with pytest.raises(ValueError, match=r"till\.PromiseMade stands on two events"):
        Catalogue([Promise, Twin], UPCASTERS)


def test_an_event_without_a_topic_cannot_be_recorded() -> None:
    promise = a_promise()
    promise.forget("a mistake")

    with pytest.raises(ValueError, match="PromiseForgotten has no TOPIC"):
        CATALOGUE.kind_of(promise.collect_events()[-1])


def test_an_event_of_another_services_aggregate_cannot_be_recorded() -> None:
    [made_] = a_promise().collect_events()

    with pytest.raises(ValueError, match="not in the catalogue"):
        Catalogue([]).kind_of(made_)


def test_a_catalogue_lists_its_kinds_with_their_own_fields_in_order() -> None:
    kinds = {kind.topic: (kind.schema_version, list(kind.fields)) for kind in CATALOGUE.kinds}

    assert kinds == {
        "till.PromiseMade": (1, ["case_id", "due_on", "parts", "remark"]),
        "till.PromiseChanged": (3, ["amount_cents", "changed_on"]),
    }
    assert recorded_events(Promise) == [Promise.PromiseMade, Promise.PromiseChanged]
