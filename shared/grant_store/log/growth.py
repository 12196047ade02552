"""A ledger's tree between two heads: taken up where the last head left it, and read on from there.

It knows which epoch it is in, and signs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from grant_store.log.origins import epoch_begun_by, incident_topic
from grant_store.log.reading import NotConsistent, checked_rows
from grant_store.log.store import LedgerView, LogStore, SignedHead
from grant_store.log.tiles import HEIGHT, WIDTH, Tile, TileBuilder
from grant_store.rows import LedgerEvent

LONGEST_SIZE = 2**63 - 1
LONGEST_STRIDE = 256 * WIDTH
"""So many leaves at most are read between two heads, which limits what is held in memory."""


class EpochEnds(Exception):
    """An incident is recorded here that this epoch does not know: its log must not grow over it."""


@dataclass
class Growth:
    """The tree of one epoch, which may only grow over incidents that it began after."""

    epoch: int
    builder: TileBuilder
    head: SignedHead | None = None
    last: LedgerEvent | None = None
    full: list[Tile] = field(default_factory=list)

    @property
    def size(self) -> int:
        return self.builder.size

    @property
    def signed_size(self) -> int:
        return self.head.size if self.head else 0

    def read_on(self, ledger: LedgerView, upto: int | None = None) -> None:
        """Take in what was recorded since, one stride at most, and not beyond size `upto`.

        What was read before and is not yet in a full tile is read again: it must be the same.
        """
        begun_at, stop = self.size, min(self.size + LONGEST_STRIDE, upto or LONGEST_SIZE)
        known = self._known_leaves()
        first, known_to = begun_at - len(known) + 1, 0
        for row in checked_rows(ledger, first - 1, stop):
            if row.position <= begun_at:
                self._check_known(ledger, row, known[row.position - first])
                known_to = row.position
            else:
                self._take(ledger, row)
        if known_to < begun_at:
            raise self._shorter(ledger)

    def _known_leaves(self) -> list[bytes]:
        """The leaves above the last full tile, or the last one in it."""
        above = self.builder.last_leaves()
        return above or ([self.last.leaf_hash] if self.last else [])

    def _take(self, ledger: LedgerView, row: LedgerEvent) -> None:
        if row.topic == incident_topic(ledger.service) and epoch_begun_by(row) > self.epoch:
            raise EpochEnds
        self.full += self.builder.append(row.leaf_hash)
        self.last = row

    def _check_known(self, ledger: LedgerView, row: LedgerEvent, leaf: bytes) -> None:
        """The events that came last before must still be the same ones."""
        if row.leaf_hash != leaf:
            why = "another event stands here than the one that was read before"
            raise NotConsistent(ledger.service, ledger.lane, row.position, why)

    def _shorter(self, ledger: LedgerView) -> NotConsistent:
        why = f"the ledger ends before it, but {self.size} events were signed or read"
        return NotConsistent(ledger.service, ledger.lane, self.size, why)


def begun(ledger: LedgerView) -> Growth:
    """The tree of nothing, in the epoch after all incidents that the ledger has on record."""
    incidents = ledger.events_of(incident_topic(ledger.service))
    return Growth(max(map(epoch_begun_by, incidents), default=1), TileBuilder())


def taken_up(log: LogStore, ledger: LedgerView, head: SignedHead) -> Growth:
    """The tree of a signed head, from stored tiles and from what the ledger says now.

    `NotConsistent` where they do not lead to the root that was signed.
    """
    first = head.size - head.size % WIDTH
    rows = list(checked_rows(ledger, max(first - 1, 0), head.size))
    if not rows or rows[-1].position != head.size:
        why = f"the ledger ends before it, but a head of {head.size} events was signed"
        raise NotConsistent(ledger.service, ledger.lane, head.size, why)
    pending = [[row.leaf_hash for row in rows if row.position > first]]
    pending += _roots_above(log, head.size)
    try:
        builder = TileBuilder(head.size, pending)
    except ValueError as error:
        why = f"the log lacks tiles below its head of {head.size}: {error}"
        raise NotConsistent(ledger.service, ledger.lane, head.size, why) from error
    if builder.root() != head.root or not _ends_a_tile(log, rows[0], first):
        why = f"the events up to it are not those of the head of {head.size} that was signed"
        raise NotConsistent(ledger.service, ledger.lane, head.size, why)
    return Growth(head.epoch, builder, head, rows[-1])


def _roots_above(log: LogStore, size: int) -> list[list[bytes]]:
    """The hashes of each partial tile above level 0."""
    levels = []
    level = 1
    while whole := size >> (HEIGHT * level):
        count = whole % WIDTH
        levels.append(log.tile_roots(level - 1, whole - count, count) if count else [])
        level += 1
    return levels


def _ends_a_tile(log: LogStore, row: LedgerEvent, first: int) -> bool:
    """Whether the event before the partial tile is the one that stands in the full tile before."""
    if row.position != first:
        return True
    return log.tile(0, first // WIDTH - 1).endswith(row.leaf_hash)
