"""What one event says, without what two runs of the same input may differ in.

Ids that a run has drawn, positions and recorded times are left out; who acted, what was decided and
of what, amounts and reasons stay. Ids that are made of a meaning (UUID version 5: this case,
that budget line) are the same in every run. It must not know which services there are, or how
differences are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from grant_bus.feed import event_of
from grant_contracts.envelope import CloudEvent, Fact
from grant_contracts.fact_reader import FactReader
from grant_contracts.registry import FACTS
from grant_store.rows import LedgerEvent
from grant_values.cases import case_id_of

NO_CASE = "-"

# What stands in a run's data and says nothing of what was decided, by name of the event.
OF_THE_RUN: Mapping[str, frozenset[str]] = {
    "ParkedEventDiscarded": frozenset({"position"}),
    "PersonalDataRecorded": frozenset({"sealed"}),  # Each run has keys of its own.
}
# How a run was looked after: what its own log signed, which hashes its ids and its times, and where
# a backup had to be put back.
EVENTS_OF_THE_RUN = frozenset({"HeadAnchored", "IncidentRecorded"})

NAMED_BY = (
    *("programme", "programme_version", "call", "fund", "year", "reference"),
    *("document", "number", "run", "kind", "purpose"),
)
"""What people know the things by that events are about, in the first event of each."""

NAME_OF_MEANING = 5
"""The version of UUIDs that are made of a name, RFC 9562 § 5.5."""

_encoder = msgspec.json.Encoder(order="sorted")


class Thing(NamedTuple):
    """What events are about, such as a budget line: by its id where that is made of its meaning,
    else by what its first event says. `name` is for people."""

    key: str
    name: str


class Entry(NamedTuple):
    """One event as it is compared. `case` is the case's id, or `NO_CASE`.

    `source` is the service whose event was followed, or empty after a command: the order is the
    same in every run among events of one thing and one source, and only there.
    """

    case: str
    topic: str
    said: dict[str, Any]
    of: Thing
    source: str

    @property
    def text(self) -> bytes:
        """The same bytes for entries that say the same of the same thing."""
        return _encoder.encode((self.topic, self.of.key, self.said))

    @property
    def digest(self) -> bytes:
        return sha256(self.text).digest()


def is_of_the_run(row: LedgerEvent) -> bool:
    """Whether the whole event is about this run, and says nothing of what was decided."""
    return row.topic.partition(".")[2] in EVENTS_OF_THE_RUN


def entry_of(origin: str, row: LedgerEvent, known: dict[UUID, Thing]) -> Entry:
    """What a row says. Raises `ValueError` where this program cannot read it.

    `known` are the things that earlier rows of this ledger were about; new ones are added.
    """
    event = event_of(origin, row)
    fact = _reader(event.topic).read(event)
    said = {
        "by": event.actorid,
        "in the role of": event.actorrole,
        "with": event.secondactorid,
        **_said_by(fact),
    }
    if row.originator_id not in known:
        known[row.originator_id] = _thing_of(row, fact, said)
    cause = event.causationid.partition("event:")[2]
    source = cause.partition("/")[0]
    return Entry(_case_of(event, fact), event.topic, said, known[row.originator_id], source)


def reference_in(entry: Entry) -> str:
    """What people call the case, if the entry says it."""
    return str(entry.said.get("reference") or "")


@cache
def _reader(topic: str) -> FactReader[Fact]:
    if topic not in FACTS:
        raise ValueError(f"{topic} is not in the registry of facts.")
    return FactReader(FACTS[topic])


def _thing_of(row: LedgerEvent, fact: Fact, said: Mapping[str, Any]) -> Thing:
    """The thing whose first event this is."""
    name = " ".join(str(said[each]) for each in NAMED_BY if said.get(each) not in (None, ""))
    subject = getattr(fact, "subject", None)
    is_meant = not _is_drawn(row.originator_id) and not _is_drawn(subject)
    key = str(row.originator_id) if is_meant else _encoder.encode((row.topic, said)).decode()
    return Thing(key, name)


def _is_drawn(value: Any) -> bool:
    """Whether this is an id that another run has drawn otherwise."""
    return isinstance(value, UUID) and value.version != NAME_OF_MEANING


def _said_by(fact: Fact) -> dict[str, Any]:
    left_out = OF_THE_RUN.get(type(fact).__name__, frozenset()) | {"envelope"}
    fields = (name for name in fact.__struct_fields__ if name not in left_out)
    values = ((name, getattr(fact, name)) for name in fields)
    return {name: _plain(value) for name, value in values if not _is_drawn(value)}


def _plain(value: Any) -> Any:
    """As JSON has it, without ids that were drawn."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value if not _is_drawn(each)]
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items() if not _is_drawn(inner)}
    if hasattr(value, "__dataclass_fields__"):
        return _plain({name: getattr(value, name) for name in value.__dataclass_fields__})
    return msgspec.to_builtins(value)


def _case_of(event: CloudEvent, fact: Fact) -> str:
    if event.caseid is not None:
        return str(event.caseid)
    reference = getattr(fact, "reference", None)
    return str(case_id_of(reference)) if reference else NO_CASE
