"""Every published fact is found by its topic."""

from __future__ import annotations

import msgspec
import pytest

from grant_contracts import budgeting, disbursement, eligibility, intake
from grant_contracts.envelope import Fact
from grant_contracts.registry import FACTS, _by_topic
from grant_contracts.standing import SERVICES, STANDING, AccessRefused


def test_a_topic_names_the_service_that_publishes_it_and_the_class_of_the_fact() -> None:
    for topic, fact in FACTS.items():
        service, name = topic.split(".")
        assert service in SERVICES
        assert name == fact.__name__
        assert topic == fact.TOPIC


def test_every_fact_of_the_four_services_is_in_the_registry() -> None:
    standing = {fact.__name__ for fact in STANDING}
    for module in (intake, eligibility, budgeting, disbursement):
        service = module.__name__.rpartition(".")[2]
        own = {
            name
            for name, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, Fact) and value is not Fact
        }
        registered = {topic.partition(".")[2] for topic in FACTS if topic.startswith(service)}
        assert registered == own | standing


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_publishes_refused_access_under_its_own_name(service: str) -> None:
    fact = FACTS[f"{service}.AccessRefused"]
    refused = {"command": "x.y", "actor_id": "s-1", "role": "expert", "reason": "r", "key": "k"}
    read = msgspec.convert(refused, fact)
    assert isinstance(read, AccessRefused)
    assert read.actor_id == "s-1"


def test_one_topic_cannot_stand_on_two_facts() -> None:
    with pytest.raises(ValueError, match=r"intake\.CallClosed stands on two"):
        _by_topic([intake.CallClosed, intake.CallClosed])
