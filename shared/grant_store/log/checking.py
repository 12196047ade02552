"""Recomputes the log of a ledger, with all its epochs, from the ledger: every leaf, every head with
its signatures, every stored tile.

It takes nothing from the log for granted but what it compares. What one epoch must hold stands in
`checked_epoch`.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from grant_store.lifted import lifted_state
from grant_store.log.checked_epoch import Checked, EpochUnderCheck, Incident
from grant_store.log.cosignature import KeysOf, no_keys
from grant_store.log.origins import incident_topic, origin_line
from grant_store.log.reading import NotConsistent, checked_rows
from grant_store.log.store import LedgerView, LogStore
from grant_store.log.tiles import TileBuilder
from grant_store.rows import LedgerEvent

_PROGRESS_EVERY = 4096


def check(
    log_name: str,
    log_of: Callable[[int | None], LogStore],
    ledger: LedgerView,
    keys_of: KeysOf = no_keys,
    progress: Callable[[int], None] = lambda size: None,
) -> list[Checked]:
    """Read the ledger once from its beginning, for all epochs. `NotConsistent` at the first thing
    that is wrong.

    `log_of` gives the log of one epoch, or of the newest for None.
    """
    incidents = _incidents(ledger)
    newest = max((each.epoch for each in incidents), default=1)
    epochs = [
        EpochUnderCheck(
            origin_line(log_name, ledger.service, ledger.lane, number),
            log_of(number),
            ledger,
            _ending(incidents, number),
            keys_of,
        )
        for number in sorted({newest, *log_of(None).epochs()})
    ]
    builder = TileBuilder()
    for row in checked_rows(ledger):
        full = builder.append(row.leaf_hash)
        for epoch in epochs:
            epoch.grow(builder, full)
        if builder.size % _PROGRESS_EVERY == 0:
            progress(builder.size)
    progress(builder.size)
    return [epoch.end(builder.size) for epoch in epochs]


def _incidents(ledger: LedgerView) -> list[Incident]:
    """Those on record, in order of the epochs that they begin."""
    rows = ledger.events_of(incident_topic(ledger.service))
    return sorted((_incident(ledger, row) for row in rows), key=lambda each: each.epoch)


def _incident(ledger: LedgerView, row: LedgerEvent) -> Incident:
    try:
        return replace(lifted_state(row, Incident), position=row.position)
    except ValueError as error:
        why = f"what the incident says cannot be read: {error}"
        raise NotConsistent(ledger.service, ledger.lane, row.position, why) from error


def _ending(incidents: list[Incident], number: int) -> Incident | None:
    """The incident that ended an epoch, if one did."""
    return next((each for each in incidents if each.epoch > number), None)
