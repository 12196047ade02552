"""What today's program makes of recorded ledgers: every aggregate, every page of the case file, and
what is exported. Nothing is compared here.
"""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from grant_audit import queries
from grant_audit.exports import operations_list
from grant_audit.pages import ALL_KINDS
from grant_audit.summary import summary
from grant_bus.actors import TokenCheck
from grant_bus.feed import EVENTS_PER_MESSAGE, pack, unpack
from grant_disbursement.run_file import recorded_file
from grant_store.leaf import instant_of
from grant_store.personal.opening import open_vault
from grant_store.rows import Append, LedgerEvent
from grant_store.sqlite import SQLiteStore, utc_now
from grant_store.store import Store
from grant_store.work import NotYet
from histories.recording import Ledgers, Results, new_event
from pruefpfad.assembly import SERVICES
from support.authority import KEY

NO_VAULT = open_vault("sqlite:///nowhere", Path("nowhere"))
Stores = dict[str, SQLiteStore]


def retold(ledgers: Ledgers, folder: Path) -> Results:
    """What the program makes of these ledgers, as plain values. Its stores go into `folder`."""
    with stores_of(ledgers, folder) as stores:
        follow_everything(stores["audit"], ledgers)
        return {
            "leaves": {name: _last_leaf(store) for name, store in stores.items()},
            "aggregates": {name: aggregates_of(name, ledgers.get(name, ())) for name in SERVICES},
            "pages": pages_of(stores["audit"]),
            "exports": _exports(stores),
        }


@contextmanager
def stores_of(ledgers: Mapping[str, Sequence[LedgerEvent]], folder: Path) -> Iterator[Stores]:
    """A store for each service with these rows, at their positions and instants."""
    stores: Stores = {}
    try:
        for name in SERVICES:
            stores[name] = _filled(folder / f"{name}.main.sqlite3", name, ledgers.get(name, ()))
        yield stores
    finally:
        for store in stores.values():
            store.close()


def _filled(path: Path, service: str, rows: Sequence[LedgerEvent]) -> SQLiteStore:
    instants = [instant_of(0)]
    store = SQLiteStore(path, service, clock=lambda: instants[-1])
    store.migrate()
    for instant, same in groupby(rows, lambda row: row.recorded_at):
        instants.append(instant)
        store.append(Append(events=[new_event(row) for row in same]))
    return store


def follow_everything(audit: Store, ledgers: Ledgers) -> None:
    """Let the auditor's side hear every upstream from the beginning, one after the other."""
    service = SERVICES["audit"]
    writer = service.writer(audit, TokenCheck(KEY, utc_now), utc_now)
    for upstream in service.policies.upstreams:
        rows, origin = ledgers.get(upstream, []), f"{upstream}/main"
        for start in range(0, len(rows), EVENTS_PER_MESSAGE):
            part = rows[start : start + EVENTS_PER_MESSAGE]
            writer.follow(origin, unpack(pack(origin, part)))


def aggregates_of(service: str, rows: Sequence[LedgerEvent]) -> dict[str, Any]:
    """Each aggregate of a ledger by its id, as its events left it."""
    catalogue = SERVICES[service].catalogue
    streams: dict[UUID, list[LedgerEvent]] = defaultdict(list)
    for row in rows:
        streams[row.originator_id].append(row)
    rebuilt = {str(id_): catalogue.rebuild(stream) for id_, stream in streams.items()}
    return {
        id_: {
            "is": type(aggregate).__name__,
            "version": aggregate.version,
            "state": own_state(aggregate),
        }
        for id_, aggregate in rebuilt.items()
        if aggregate is not None
    }


def own_state(aggregate: object) -> dict[str, Any]:
    """An aggregate's own attributes as plain values, without the library's."""
    return {
        name: plain(value) for name, value in vars(aggregate).items() if not name.startswith("_")
    }


def plain(value: Any) -> Any:
    """A value of the domain as JSON has it, the same for equal values."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {_as_key(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(inner) for inner in value), key=json.dumps)
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, date | UUID | bytes):
        return msgspec.to_builtins(value)
    if dataclasses.is_dataclass(value):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    return {name: plain(inner) for name, inner in vars(value).items()}


def pages_of(audit: Store) -> dict[str, dict[str, Any]]:
    """Every page of the case file by its kind and key."""
    return {
        kind: {
            page.key: msgspec.json.decode(page.body or b"null") for page in audit.documents(kind)
        }
        for kind in ALL_KINDS
    }


def _exports(stores: Stores) -> dict[str, Any]:
    audit = stores["audit"]
    return {
        "operations.csv": operations_list(audit, date.max),
        "summary": msgspec.to_builtins(summary(audit)),
        "cases": msgspec.to_builtins(queries.cases(audit)),
        "budget": msgspec.to_builtins(queries.budget(audit)),
        "payment files": {
            run["run"]: _file_of(stores["disbursement"], run["run"]) for run in queries.runs(audit)
        },
    }


def _file_of(disbursement: Store, run: str) -> str:
    """The file of a run, as long as accounts stood in the ledger in clear. What opens the sealed
    ones is no part of a recording."""
    try:
        return recorded_file(disbursement, NO_VAULT, run).decode()
    except NotYet:
        return "sealed"


def _last_leaf(store: Store) -> str:
    head = store.head()
    return f"{head.position} {head.leaf_hash.hex()}"


def _as_key(key: Any) -> str:
    made = plain(key)
    return made if isinstance(made, str) else json.dumps(made)
