"""The case file reads events of an older version, and its history keeps them as recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit import stories
from audit.feeds import Feeds, an_audit, follow
from grant_audit import queries
from grant_audit.sentences import sentence
from grant_contracts.intake import ApplicationWithdrawn
from grant_contracts.upcasters import STEPS
from grant_contracts.upcasting import State

TOPIC = ApplicationWithdrawn.TOPIC


def a_year_later(state: State) -> State:
    return {**state, "effective_on": "2020-05-01"}


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today's program knows version 2 of a withdrawal; what is recorded is of version 1."""
    monkeypatch.setattr(ApplicationWithdrawn, "VERSION", 2)
    monkeypatch.setitem(STEPS, (TOPIC, 1), a_year_later)


@pytest.mark.usefixtures("raised")
def test_pages_and_sentences_read_the_lifted_fact_and_the_history_keeps_the_bytes(
    tmp_path: Path,
) -> None:
    feeds = Feeds()
    stories.a_programme(feeds)
    stories.received(feeds, "ZIQ-1")
    stories.withdrawn(feeds, "ZIQ-1")

    with an_audit(tmp_path) as (store, writer):
        follow(writer, feeds.events)
        page = queries.case(store, "ZIQ-1").intake
        [entry] = [each for each in queries.history(store, "ZIQ-1") if each["type"] == TOPIC]

    assert page["withdrawal"]["effective_on"] == "2020-05-01"
    assert (entry["schema_version"], entry["data"]["effective_on"]) == (1, "2019-05-01")
    assert "1 May 2020" in sentence(entry, "en")
