"""Signs the heads of one ledger's log, and none that does not continue the last one.

It reads the ledger through its view and holds the log's keys; it can neither append nor decide.
When it signs, and what happens when it refuses, is the business of whoever runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from grant_store.log.checkpoint import Checkpoint
from grant_store.log.continuing import Continuation, Exported, nothing_exported
from grant_store.log.cosignature import KeysOf as VerifiersOf
from grant_store.log.cosignature import no_keys, opened
from grant_store.log.growth import EpochEnds, Growth
from grant_store.log.log_keys import SigningKey, signed_note
from grant_store.log.origins import origin_line
from grant_store.log.reading import NotConsistent
from grant_store.log.store import LedgerView, LogStore, SignedHead

KeysOf = Callable[[str], Sequence[SigningKey]]
"""The private keys of the log with this origin."""


class Checkpointer:
    """Signs what a ledger has recorded since the last head. One process at a time, please.

    `log` must follow its newest epoch. `former_keys_of` gives public keys that may have signed the
    last head, though they sign no more. `exported` gives heads from a write-once folder: a log and
    a ledger that were restored together agree with one another, but not with it.
    """

    def __init__(
        self,
        log_name: str,
        log: LogStore,
        ledger: LedgerView,
        keys_of: KeysOf,
        clock: Callable[[], datetime],
        exported: Exported = nothing_exported,
        former_keys_of: VerifiersOf = no_keys,
    ) -> None:
        self._log_name = log_name
        self._log = log
        self._ledger = ledger
        self._keys_of = keys_of
        self._former_keys_of = former_keys_of
        self._clock = clock
        self._continuation = Continuation(log_name, log, ledger, exported)
        self._growth: Growth | None = None

    def unsigned(self) -> int:
        """How many events wait for a head. A ledger that became shorter counts as one that waits,
        so that it is looked at."""
        head = self._log.last_head()
        waiting = self._ledger.head().position - (head.size if head else 0)
        return waiting if waiting >= 0 else 1

    def sign_next(self) -> SignedHead | None:
        """Sign what was recorded since the last head, or its first part if that is very much.

        None if nothing was. `NotConsistent` where the ledger does not continue what was signed.
        """
        try:
            growth = self._read_on(self._current())
            if growth.size == growth.signed_size:
                return None
            return self._signed(growth)
        except BaseException:
            self._growth = None  # Whatever is held may be half read; the stores know better.
            raise

    def sign_all(self) -> list[SignedHead]:
        """Sign until nothing is left of what is recorded now, and return the new heads.

        What is recorded meanwhile may wait: signing would never end while others write.
        """
        recorded = self._ledger.head().position
        heads = []
        while head := self.sign_next():
            heads.append(head)
            if head.size >= recorded:
                break
        return heads

    def _current(self) -> Growth:
        """The tree as it was last signed, by this process or by another."""
        head = self._log.last_head()
        if self._growth is None or self._growth.head != head:
            if head is not None:
                self._check_own(head)
            self._growth = self._continuation.growth()
        return self._growth

    def _read_on(self, growth: Growth) -> Growth:
        try:
            growth.read_on(self._ledger)
        except EpochEnds:
            growth = self._growth = self._continuation.anew()
            growth.read_on(self._ledger)
        return growth

    def _signed(self, growth: Growth) -> SignedHead:
        size, origin = growth.size, self._origin(growth.epoch)
        root, at = growth.builder.root(), self._now(growth)
        note = signed_note(Checkpoint(origin, size, root), self._keys_of(origin), at)
        head = SignedHead(size, root, note, at, growth.epoch)
        self._log.add_head(head, growth.full)
        growth.head, growth.full = head, []
        return head

    def _now(self, growth: Growth) -> datetime:
        """Never before the last event, nor before the last head: a clock that was set back does not
        keep heads from being signed, and they do not seem to be older than what they cover."""
        at = self._clock()
        last_head = self._log.last_head()
        if growth.last is not None:
            at = max(at, growth.last.recorded_at)
        return max(at, last_head.signed_at) if last_head else at

    def _check_own(self, head: SignedHead) -> None:
        """A log that others have signed is not gone on with: its keys or its name are not ours."""
        origin = self._origin(head.epoch)
        ours = {key.verifier for key in self._keys_of(origin)}
        last = opened(head.note, ours.union(self._former_keys_of(origin)))
        if last.checkpoint != Checkpoint(origin, head.size, head.root):
            raise self._refused(head.size, f"the last head is one of {last.checkpoint.origin}")
        if not last.is_signed_by_log:
            raise self._refused(head.size, "the last head is not signed by the keys given here")

    def _origin(self, epoch: int) -> str:
        return origin_line(self._log_name, self._ledger.service, self._ledger.lane, epoch)

    def _refused(self, position: int, why: str) -> NotConsistent:
        return NotConsistent(self._ledger.service, self._ledger.lane, position, why)
