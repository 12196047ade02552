"""The pages of the case file: which working documents there are, and how one event writes them.

A case has one section per service, and only that service's facts write it. Upstreams have no common
order; so nothing here may depend on what another service's section says. It knows no fact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import msgspec

from grant_contracts.envelope import CloudEvent, Fact
from grant_store.rows import Document, Tracked

CASE = "case"  # <case id>/<service>: one section of a case
HISTORY = "history"  # <case id or ->/<instant>/<service>/<position>: one event
PROGRAMME = "programme"  # <programme>/<version>
CALL = "call"  # <programme>/<call>
CALL_NAME = "call-name"  # id of a call → its key
LINE = "line"  # <programme>/<fund>/<year>
LINE_NAME = "line-name"  # id of a budget line → its key
PARTICIPANT_COUNT = "participant-count"  # <programme>/<day>/<reference or ->: a closed count
RUN = "run"  # <payment run>
DEMONSTRATION = "demonstration"  # <service>
ALL_KINDS = (
    *(CASE, HISTORY, PROGRAMME, CALL, CALL_NAME, LINE, LINE_NAME, PARTICIPANT_COUNT, RUN),
    DEMONSTRATION,
)

SECTIONS = ("intake", "eligibility", "budgeting", "disbursement")
NO_CASE = "-"

Page = dict[str, Any]


class Shelf(Protocol):
    """Where pages are written: the audit's working data, or memory while they are rebuilt."""

    def document(self, kind: str, key: str) -> Any: ...

    def write_document(self, kind: str, key: str, body: Any) -> None: ...


class CaseFiles(Protocol):
    """What is read of the pages: the audit's store as it stands, or pages rebuilt as of a day, an
    instant or a position."""

    lane: str

    def documents(self, kind: str, prefix: str = "") -> Sequence[Document]:
        """All pages of a kind whose key begins with `prefix`, in order of key."""

    def tracked(self, upstream: str) -> Tracked:
        """Up to which position an upstream ("intake/main") is in the pages."""


@dataclass(frozen=True)
class Pages:
    """What one event may write: its line of history, the section of its case, pages beside it."""

    shelf: Shelf
    event: CloudEvent
    service: str
    case_id: UUID | None
    history: Page

    @property
    def place(self) -> str:
        """Where the event stands, such as "budgeting/main/17"."""
        return f"{self.event.origin}/{self.event.at}"

    def section(self) -> Page:
        """This service's section of the case, to be changed in place."""
        if self.case_id is None:
            raise ValueError(f"{self.event.topic} at {self.event.position} names no case.")
        key = section_key(self.case_id, self.service)
        section = self.shelf.document(CASE, key) or {}
        self.shelf.write_document(CASE, key, section)
        return section

    def page(self, kind: str, key: str) -> Page:
        """A page that an earlier event of the same service has written, to be changed in place."""
        page = self.shelf.document(kind, key)
        if page is None:
            raise LookupError(f"{self.event.topic} speaks of {kind} {key}, which is not on record.")
        self.shelf.write_document(kind, key, page)
        return page  # type: ignore[no-any-return]

    def write(self, kind: str, key: str, page: Any) -> None:
        self.shelf.write_document(kind, key, page)

    def name_of(self, kind: str) -> str:
        """The key by which people know the aggregate that the event is about."""
        name = self.shelf.document(kind, str(self.event.subject))
        if name is None:
            raise LookupError(f"{self.event.topic}: {self.event.subject} has no {kind} on record.")
        return str(name)


def section_key(case_id: UUID, service: str) -> str:
    return f"{case_id}/{service}"


Projection = Callable[[Pages, Any], None]


def only_history(pages: Pages, fact: Fact) -> None:
    """The fact stands in the history; other facts of the same decision carry what it changes."""


def placed(pages: Pages, fact: Fact, *names: str) -> Page:
    """These fields of a fact, and where its event stands: what an auditor drills down to."""
    return {**taken(fact, *names), "place": pages.place}


def taken(fact: Fact, *names: str) -> Page:
    """These fields of a fact as plain JSON values."""
    return {name: msgspec.to_builtins(getattr(fact, name)) for name in names}
