"""The pages of the case file rebuilt in memory, by the projections that write them in earnest.

Responsible for which events go in, up to where, and for what is read afterwards. It asks no store
for pages, and must not know what a fact means or how the pages are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import pairwise
from typing import Any

from msgspec.json import encode

from grant_audit.pages import ALL_KINDS, HISTORY
from grant_audit.projections import decoded, project
from grant_bus.feed import event_of
from grant_bus.writer import CannotApply
from grant_contracts.envelope import CloudEvent, Fact
from grant_store.rows import Document, Tracked
from grant_store.store import Store

Progress = Callable[[str, int, int], None]
"""Told which service is being read, how many of its events are done, and of how many."""

EVENTS_AT_ONCE = 1_000
Known = tuple[CloudEvent, Fact]
Wanted = Callable[[CloudEvent], bool]


def no_progress(service: str, done: int, total: int) -> None:
    """For whoever does not wait."""


def every_event(event: CloudEvent) -> bool:
    """For whoever wants all."""
    return True


class RebuiltPages:
    """Pages in memory: written as the audit's working data are, and read as the audit's store is.

    Without the history where nobody asks for it: that of a large store has no room in memory.
    """

    def __init__(self, lane: str, *, with_history: bool = True) -> None:
        self.lane = lane
        self._with_history = with_history
        self._open: dict[str, dict[str, Any]] = {kind: {} for kind in ALL_KINDS}
        self._closed: dict[str, dict[str, bytes]] = {kind: {} for kind in ALL_KINDS}
        self._positions: dict[str, int] = {}

    def document(self, kind: str, key: str) -> Any:
        return self._open[kind].get(key)

    def write_document(self, kind: str, key: str, body: Any) -> None:
        if kind != HISTORY or self._with_history:
            self._open[kind][key] = body

    def documents(self, kind: str, prefix: str = "") -> list[Document]:
        if kind == HISTORY and not self._with_history:
            raise LookupError("These pages were rebuilt without the history.")
        pages = self._closed.get(kind, {})
        return [Document(kind, key, pages[key]) for key in sorted(pages) if key.startswith(prefix)]

    def tracked(self, upstream: str) -> Tracked:
        return Tracked(upstream, self._positions.get(upstream, 0), b"")

    def document_counts(self) -> dict[str, int]:
        return {kind: len(pages) for kind, pages in self._closed.items() if pages}

    def put_away(self, kind: str) -> None:
        """Nothing more is written on the pages of this kind: they are put away as the bytes that a
        store would hold, which take far less room."""
        pages = self._open[kind]
        self._closed[kind].update({key: encode(body) for key, body in pages.items()})
        pages.clear()

    def close(self, upstream: str, position: int) -> None:
        """An upstream is in the pages up to this position, and no other one writes on its pages."""
        for kind in self._open:
            self.put_away(kind)
        self._positions[upstream] = position


def write_pages(pages: RebuiltPages, events: Iterable[Known]) -> None:
    """Raises `CannotApply` at an event that cannot be written down: pages without it would be
    wrong, and nobody would see it."""
    for event, fact in events:
        try:
            project(pages, event, fact)
        except (ValueError, LookupError, TypeError) as error:
            raise CannotApply(event, f"{type(error).__name__}: {error}") from error


def read_events(
    ledger: Store,
    last: int,
    progress: Progress = no_progress,
    first: int = 1,
    wanted: Wanted = every_event,
) -> Iterator[Known]:
    """The events of a ledger from position `first` to `last`, with the facts in them. Raises
    `CannotApply` at one of those wanted that cannot be read."""
    position = first - 1
    while position < last:
        rows = ledger.events_after(position, min(EVENTS_AT_ONCE, last - position))
        if not rows:
            return
        for row in rows:
            event = event_of(ledger.origin, row)
            if wanted(event):
                yield event, _fact_in(event)
        position = rows[-1].position
        progress(ledger.service, position, last)


def _fact_in(event: CloudEvent) -> Fact:
    try:
        return decoded(event)
    except ValueError as error:
        raise CannotApply(event, error) from error


def read_some_events(ledger: Store, positions: Collection[int]) -> Iterator[Known]:
    """Those events of a ledger that stand at these positions, in their order."""
    for first, last in _runs(sorted(positions)):
        yield from read_events(ledger, last, first=first)


def _runs(positions: list[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring positions as one question: (3, 4, 5, 9) are (3, 5) and (9, 9)."""
    if not positions:
        return
    first = positions[0]
    for position, following in pairwise(positions):
        if following > position + 1:
            yield first, position
            first = following
    yield first, positions[-1]
