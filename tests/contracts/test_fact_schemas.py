"""One declaration per fact: msgspec, marshmallow and JSON Schema accept the same data."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from marshmallow import ValidationError

from contracts.examples import facts_of
from grant_contracts.envelope import Fact
from grant_contracts.registry import FACTS
from pruefpfad.published.fact_schemas import schema_of
from pruefpfad.published.kinds import published_events
from pruefpfad.published.schemas import event_schema

SCHEMAS = {event.topic: Draft202012Validator(event_schema(event)) for event in published_events()}
FEW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


def _as_json(fact: Fact) -> Any:
    data = msgspec.json.decode(msgspec.json.encode(fact))
    del data["envelope"]
    return data


@pytest.mark.parametrize("topic", sorted(FACTS))
@FEW
@given(data=st.data())
def test_all_three_forms_of_a_contract_accept_what_the_fact_can_hold(
    topic: str, data: st.DataObject
) -> None:
    fact = data.draw(facts_of(FACTS[topic]))
    plain = _as_json(fact)

    SCHEMAS[topic].validate(plain)
    loaded = schema_of(FACTS[topic])().load(plain)

    assert set(loaded) == set(plain)
    assert msgspec.json.decode(msgspec.json.encode(plain), type=FACTS[topic]) == fact


@pytest.mark.parametrize("topic", sorted(FACTS))
@FEW
@given(data=st.data())
def test_a_field_too_many_is_refused_and_named(topic: str, data: st.DataObject) -> None:
    plain = _as_json(data.draw(facts_of(FACTS[topic]))) | {"surplus": 1}

    assert not SCHEMAS[topic].is_valid(plain)
    with pytest.raises(ValidationError) as refused:
        schema_of(FACTS[topic])().load(plain)

    assert refused.value.messages == {"surplus": ["expected no field of this name"]}


@pytest.mark.parametrize(
    "topic", sorted(topic for topic in FACTS if msgspec.structs.fields(FACTS[topic])[1:])
)
@FEW
@given(data=st.data())
def test_a_missing_field_is_refused_by_all_three(topic: str, data: st.DataObject) -> None:
    plain = _as_json(data.draw(facts_of(FACTS[topic])))
    missing = data.draw(st.sampled_from(sorted(plain)))
    del plain[missing]

    assert not SCHEMAS[topic].is_valid(plain)
    with pytest.raises(ValidationError, match=missing):
        schema_of(FACTS[topic])().load(plain)
    with pytest.raises(msgspec.ValidationError, match=missing):
        msgspec.json.decode(msgspec.json.encode(plain), type=FACTS[topic])


def test_a_reason_outside_the_closed_list_is_refused_by_both_schemas() -> None:
    topic = "budgeting.ApprovalRefused"
    plain = {"reason": "moon_phase", "asked_by": "b-17", "effective_on": "2020-05-04"}

    assert not SCHEMAS[topic].is_valid(plain)
    with pytest.raises(ValidationError, match="reason"):
        schema_of(FACTS[topic])().load(plain)


def test_an_amount_that_is_a_float_is_refused_by_all_three() -> None:
    topic = "budgeting.FundsCommitted"
    plain = {"case_id": "0f6bd2a6-4a6a-4a25-8c1f-4dbf1a2c0001", "amount_cents": 12.5}

    assert not SCHEMAS[topic].is_valid(plain)
    with pytest.raises(ValidationError, match="amount_cents"):
        schema_of(FACTS[topic])().load(plain)
    with pytest.raises(msgspec.ValidationError, match="amount_cents"):
        msgspec.json.decode(msgspec.json.encode(plain), type=FACTS[topic])
