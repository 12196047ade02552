"""Where a bundle's logs are read, with all their epochs, and who has signed what is read there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import msgspec

from grant_store.log.origins import epoch_begun_by, incident_topic
from grant_store.log.store import LedgerView, LogStore
from grant_store.rows import LedgerEvent


class Epoch(NamedTuple):
    """The log of one growth of a ledger; a recorded incident begins another."""

    number: int
    log: LogStore


@dataclass(frozen=True)
class Source:
    """Where one log is read: its ledger, the log of its newest epoch, and those of the others.

    `log_of` opens the log of one epoch. `epoch`, `incident` and `ended` are as `current` found
    them: the number of the epoch that goes on, the position of the incident that began it, and the
    epochs before it that have heads.
    """

    service: str
    lane: str
    ledger: LedgerView
    log: LogStore
    log_of: Callable[[int], LogStore] | None = None
    epoch: int = 1
    incident: int = 0
    ended: Sequence[Epoch] = ()

    @property
    def name(self) -> str:
        return f"{self.service}/{self.lane}"

    def current(self) -> Self:
        """The same bound to the epoch that goes on now: an incident that is recorded while a bundle
        is written waits for the next one. An epoch may have begun that has no head yet."""
        if self.log_of is None:
            return self
        signed = self.log.epochs()
        rows = self.ledger.events_of(incident_topic(self.service))
        begun = {_begun_by(row): row.position for row in rows}
        epoch = max([1, *signed, *begun])
        ended = tuple(Epoch(each, self.log_of(each)) for each in signed if each < epoch)
        incident = max(begun.values(), default=0)
        log = self.log_of(epoch)
        return replace(self, log=log, epoch=epoch, incident=incident, ended=ended)


def _begun_by(incident: LedgerEvent) -> int:
    try:
        return epoch_begun_by(incident)
    except (msgspec.DecodeError, ValueError):
        return 0  # Spoiled: the verifier will say so.


def signers_of(lines: Iterable[bytes]) -> set[str]:
    """The names in signature lines, "— NAME BASE64". A line that is none has no name; it goes into
    the bundle as it is kept, and the verifier will say so."""
    words = (line.decode(errors="replace").split(" ") for line in lines)
    return {each[1] for each in words if len(each) == 3 and each[1]}
