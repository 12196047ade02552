"""Whether a ledger goes on from what is known of it: its last signed head, and the newest head that
has left it. A store that was restored from a backup does not, and must say so before it goes on.
"""

from __future__ import annotations

from collections.abc import Callable

from grant_store.errors import NotMigrated
from grant_store.log.broken import BrokenHistory, KnownHead
from grant_store.log.checkpoint import Checkpoint
from grant_store.log.growth import EpochEnds, Growth, begun, taken_up
from grant_store.log.note import Note
from grant_store.log.origins import origin_line
from grant_store.log.reading import NotConsistent
from grant_store.log.store import LedgerView, LogStore, SignedHead
from grant_store.log.stored_tiles import tree_of
from grant_store.log.tree import ProofFails, check_consistency, consistency_proof

Exported = Callable[[str], KnownHead | None]
"""The newest head that has left the log with this first origin."""


def nothing_exported(first_origin: str) -> KnownHead | None:
    return None


class Continuation:
    """One ledger and what is known of it. Nothing is held between two questions."""

    def __init__(
        self,
        log_name: str,
        log: LogStore,
        ledger: LedgerView,
        exported: Exported = nothing_exported,
    ) -> None:
        self._log_name = log_name
        self._log = log
        self._ledger = ledger
        self._exported = exported

    def growth(self) -> Growth:
        """The tree from which the next head grows. `NotConsistent` where the ledger does not lead
        to what is known of it, and no incident is on record that says so."""
        head = self._last_signed()
        return self._growth(head, self._known(head))

    def _growth(self, head: SignedHead | None, known: KnownHead | None) -> Growth:
        try:
            is_newest = head is not None and (known is None or head.epoch == known.epoch)
            growth = taken_up(self._log, self._ledger, head) if head and is_newest else self.anew()
            self._meet(growth, known)
        except (NotConsistent, EpochEnds):
            growth = self.anew()
            if known is None or growth.epoch <= known.epoch:
                raise
        return growth

    def anew(self) -> Growth:
        """The tree of nothing, in the epoch of the last incident on record."""
        return begun(self._ledger)

    def broken(self) -> BrokenHistory | None:
        """What is wrong, or None where the ledger goes on from what is known of it."""
        head = self._last_signed()
        known = self._known(head)
        if known is None:
            return None
        try:
            self._growth(head, known)
        except NotConsistent as error:
            return BrokenHistory(known, *self._ledger.head(), str(error))
        return None

    def _meet(self, growth: Growth, known: KnownHead | None) -> None:
        """Read on to a head that has left the stores, where it is longer than the last one here."""
        if known is None or growth.epoch > known.epoch:
            return
        if growth.epoch < known.epoch:
            raise self._not_met(known, "the incident before it is not on record")
        if growth.head and known.size <= growth.signed_size:
            if (known.size, known.root) != (growth.head.size, growth.head.root):
                raise self._not_met(known, "the log was signed anew over other events")
            return
        while growth.size < known.size:
            before = growth.size
            growth.read_on(self._ledger, known.size)
            if growth.size == before:
                raise self._not_met(known, "the ledger is shorter")
        if growth.builder.root() != known.root:
            raise self._not_met(known, "the events up to it are others")

    def _not_met(self, known: KnownHead, why: str) -> NotConsistent:
        said = f"a head of {known.size} events was exported from {known.origin}, but {why}"
        return NotConsistent(self._ledger.service, self._ledger.lane, known.size, said)

    def _last_signed(self) -> SignedHead | None:
        try:
            return self._log.last_head()
        except NotMigrated:
            return None  # A data directory whose heads nobody has signed yet has no log.

    def _known(self, head: SignedHead | None) -> KnownHead | None:
        """The longest head of the newest epoch that is known of this ledger; or the exported one,
        where the log has another history now."""
        exported = self._exported(self._first_origin(head))
        if head is None:
            return exported
        origin = Checkpoint.parse(Note.parse(head.note).text).origin
        signed = KnownHead(head.epoch, head.size, head.root, origin)
        if exported is None or (exported.epoch == head.epoch and self._has(head, exported)):
            return signed
        return exported if exported.epoch >= head.epoch else signed

    def _has(self, head: SignedHead, exported: KnownHead) -> bool:
        """Whether a head grew out of one that has left the stores. Who has the log's keys can sign
        another history, but not take back what is out of reach."""
        if exported.size > head.size:
            return False
        if own := self._log.head(exported.size):
            return own.root == exported.root
        proof = consistency_proof(
            exported.size, head.size, tree_of(self._log, self._ledger, head.size)
        )
        try:
            check_consistency(exported.size, exported.root, head.size, head.root, proof)
        except ProofFails:
            return False
        return True

    def _first_origin(self, head: SignedHead | None) -> str:
        """As it was signed, where it was: the name may be given wrongly to whoever only looks."""
        service, lane = self._ledger.service, self._ledger.lane
        if head is None:
            return origin_line(self._log_name, service, lane)
        origin = Checkpoint.parse(Note.parse(head.note).text).origin
        return origin.removesuffix(f"/{head.epoch}") if head.epoch > 1 else origin
