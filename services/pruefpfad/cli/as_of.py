"""Options of a command that shows what the case file says: as of a day, an instant, a position.

`--effective` asks what was true on a day, `--recorded` what was known at an instant; `docs/time.md`
says what both mean. Without them, the audit's own pages are read, as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from grant_audit import as_of as pages_as_of
from grant_audit import queries
from grant_audit.as_of import AsOf
from grant_audit.asked_axes import read_instant
from grant_audit.own_ledger import AUDIT
from grant_audit.pages import SECTIONS, CaseFiles
from grant_audit.rebuilding import Progress as Told
from grant_audit.sentences import Language, word
from grant_store.rows import Tracked
from grant_store.store import Store
from grant_values.places import read_place
from pruefpfad.cli.installation import Installation, case_of, reads, wrapped
from pruefpfad.cli.looking import on_record

F = TypeVar("F", bound=Callable[..., Any])
ALL = (*SECTIONS, AUDIT)
EVERY_CASE = ""
NO_CASE = "-"


def shows_case_files(function: F) -> F:
    """Options that say where the stores are, as of when, and who looks. The command gets an
    `Installation` and an `AsOf` first."""
    return _shows(function, required_on_servers=False)


def answers_auditors(function: F) -> F:
    """The same for a question that only auditors ask: on servers they say who they are."""
    return _shows(function, required_on_servers=True)


def _shows(function: F, *, required_on_servers: bool) -> F:
    @click.option(
        "--effective",
        type=click.DateTime(["%Y-%m-%d"]),
        metavar="DAY",
        help="What was true on this day, by the days on which entries take effect.",
    )
    @click.option(
        "--recorded",
        metavar="INSTANT",
        help="What was on record at this instant, such as 2026-01-31T12:00:00+01:00.",
    )
    @click.option(
        "--position",
        "positions",
        multiple=True,
        metavar="SERVICE/N",
        help="What was on record when a service recorded position N; again for each service."
        " SERVICE/LANE/N, as events are printed, is the same.",
    )
    @reads
    @on_record(required_on_servers=required_on_servers)
    def command(
        installation: Installation,
        effective: datetime | None,
        recorded: str | None,
        positions: tuple[str, ...],
        **options: Any,
    ) -> Any:
        as_of = AsOf(
            effective.date() if effective else None,
            read_instant("recorded", recorded) if recorded else None,
            dict(read_place("position", text, installation.lane, ALL) for text in positions),
        )
        return function(installation, as_of, **options)

    return wrapped(command, function)


@contextmanager
def case_files(
    installation: Installation, as_of: AsOf, reference: str = EVERY_CASE, *, history: bool = False
) -> Iterator[CaseFiles]:
    """The pages as of what is asked for: of all cases, of the case with this reference, or, with
    `NO_CASE`, of what is on none. All cases have a `history` only where it is asked for."""
    if as_of.is_now:
        with _as_they_stand(installation) as pages:
            yield pages
        return
    with installation.stores() as stores:
        if reference == EVERY_CASE:
            with progress_bars() as progress:
                pages = pages_as_of.rebuilt(stores, as_of, progress, with_history=history)
        elif reference == NO_CASE:
            pages = pages_as_of.rebuilt_without_cases(stores, stores["audit"], as_of)
        else:
            case_id = case_of(reference)
            pages = pages_as_of.rebuilt_case(stores, stores["audit"], case_id, as_of)
        yield pages


@contextmanager
def _as_they_stand(installation: Installation) -> Iterator[CaseFiles]:
    """The audit's store; on a data directory, once everything recorded has reached it."""
    if installation.database_url:
        with installation.stores() as stores, _as_it_stood(stores["audit"]) as pages:
            yield pages
    else:
        with installation.embedded() as system:
            yield system.stores["audit"]


class _AsItStood:
    """Audit's store, with the positions that it had reached before anything was read of it."""

    def __init__(self, store: Store) -> None:
        self.lane, self.documents = store.lane, store.documents
        upstreams = [f"{service}/{store.lane}" for service in SECTIONS]
        self._tracked = {upstream: store.tracked(upstream) for upstream in upstreams}

    def tracked(self, upstream: str) -> Tracked:
        return self._tracked[upstream]


@contextmanager
def _as_it_stood(store: Store) -> Iterator[CaseFiles]:
    """Services go on while an answer is read: whoever asks is told if this one is of no moment."""
    pages = _AsItStood(store)
    yield pages
    if queries.events_followed(pages) != queries.events_followed(store):
        click.echo(
            "audit followed more while this was read: what is new may be in the answer already;"
            " with --position it is that of the positions",
            err=True,
        )


@contextmanager
def progress_bars() -> Iterator[Told]:
    """A bar for each service whose events are read, on standard error; gone when all are. None
    where that is no terminal."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description:18}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
        refresh_per_second=2,
    ) as bars:
        tasks: dict[str, Any] = {}

        def told(service: str, done: int, total: int) -> None:
            if service not in tasks:
                tasks[service] = bars.add_task(service, total=total)
            bars.update(tasks[service], completed=done, total=total)

        yield told


@dataclass(frozen=True)
class Origin:
    """What an answer was computed from: given again, it makes the same answer. Programs find it in
    front of what they asked for, and people below."""

    positions: Mapping[str, int]
    effective: date | None = None

    def plain(self, **found: Any) -> dict[str, Any]:
        """An answer for programs, with what was `found`."""
        day = {"effective": self.effective.isoformat()} if self.effective else {}
        return {"positions": dict(self.positions), **day, **found}

    def with_audit(self, position: int) -> Origin:
        """The same of an answer that holds what audit has recorded itself, up to a position."""
        return replace(self, positions={**self.positions, AUDIT: position})

    def line(self, lang: Language) -> str:
        """The same for people, in one line."""
        positions = " ".join(f"{service}/{at}" for service, at in self.positions.items())
        day = self.effective
        on_day = f" · {word('effective', 'heading', lang)}: {_in_words(day, lang)}" if day else ""
        return f"{word('computed_from', 'heading', lang)}: {positions}{on_day}"


def origin_of(pages: CaseFiles, as_of: AsOf) -> Origin:
    """Of which positions these pages are, and as of which day."""
    return Origin(queries.events_followed(pages), as_of.effective)


def _in_words(day: date, lang: Language) -> str:
    return f"{day:%d.%m.%Y}" if lang == "de" else day.isoformat()
