"""What a service records is what the contracts publish: same topic, fields, types and version."""

from __future__ import annotations

import pytest

from grant_contracts.registry import FACTS
from pruefpfad.assembly import SERVICES
from pruefpfad.published.kinds import fact_fields, in_words, published_events, shapes_in

KINDS = {kind.topic: kind for each in SERVICES.values() for kind in each.catalogue.kinds}


def test_every_recorded_event_is_published_and_nothing_else_is() -> None:
    assert set(KINDS) == set(FACTS)


@pytest.mark.parametrize("topic", sorted(KINDS))
def test_a_fact_has_the_fields_of_its_event_in_the_same_order_and_of_the_same_types(
    topic: str,
) -> None:
    published, recorded = fact_fields(FACTS[topic]), KINDS[topic].fields

    assert [(name, in_words(kind)) for name, kind in published.items()] == [
        (name, in_words(kind)) for name, kind in recorded.items()
    ]
    assert shapes_in(published.values()) == shapes_in(recorded.values())


@pytest.mark.parametrize("topic", sorted(KINDS))
def test_a_fact_has_the_version_of_its_event(topic: str) -> None:
    assert KINDS[topic].schema_version == FACTS[topic].VERSION


@pytest.mark.parametrize("topic", sorted(FACTS))
def test_a_fact_is_named_like_its_event_and_says_what_it_means(topic: str) -> None:
    fact = FACTS[topic]

    assert topic.partition(".")[2] == fact.__name__ == KINDS[topic].event_class.__name__
    assert fact.__doc__


def test_a_topic_begins_with_the_service_that_records_it() -> None:
    for event in published_events():
        assert event.topic.startswith(f"{event.service}.")
