"""What a side of the journey must offer: processes on a database and a broker of its own.

Everything that differs between ours and the other way is behind this; the driver knows neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import psycopg
from joserfc.jwk import OKPKey
from psycopg import sql

from benchmarks.journey.wire import Binding
from pruefpfad.scripted.script import Message

SERVICES = ("intake", "eligibility", "budgeting", "disbursement")


class Side(Protocol):
    """A system that is running."""

    database_url: str
    amqp_url: str
    key: OKPKey

    @property
    def pids(self) -> Mapping[str, int]:
        """Of every process of ours that is part of it, by name."""

    def where_is(self, fact: str) -> Binding:
        """Where the fact "budgeting.FundsSpent" is published."""

    def at_the_border(self, messages: Sequence[Message]) -> list[Message]:
        """The messages as they may go over the wire."""

    def recorded(self) -> Counter[str]:
        """How many events of each name all its stores hold."""


OpenSide = AbstractContextManager[Side]


def count_topics(database_url: str, tables: Iterable[tuple[str, str]]) -> Counter[str]:
    """The events in these tables, by the last part of their topics."""
    found: Counter[str] = Counter()
    with psycopg.connect(database_url) as connection:
        for table in tables:
            query = sql.SQL("SELECT topic, count(*) FROM {} GROUP BY topic")
            rows = connection.execute(query.format(sql.Identifier(*table)))
            for topic, count in rows:
                found[str(topic).rpartition(".")[2]] += count
    return found
