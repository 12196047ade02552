"""The one writer of a store: commands and followed facts, many in one transaction.

Commands and policies only decide; the writer commits for all of them at once. When a batch fails
it forgets what the batch touched and takes its parts one by one, so that one part's failure is its
own. Nothing may yield to another worker while a batch is being decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import structlog

from grant_bus.answering import TooLate, invalid, not_recorded
from grant_bus.desk import Desk, Order
from grant_bus.feed import tracked_at
from grant_bus.outcomes import outcome_of, recorded
from grant_bus.parked import Parking, in_words
from grant_bus.policies import Policies, context_of, refuse_forgotten, why_not_applied
from grant_bus.retries import retry_after
from grant_contracts.answers import Answer
from grant_contracts.envelope import CloudEvent
from grant_store.catalogue import Catalogue
from grant_store.errors import (
    AppendConflict,
    NotNow,
    OutcomeUnknown,
    StoreError,
    TrackingConflict,
    Unreachable,
    VaultAway,
)
from grant_store.event_ids import new_event_id
from grant_store.identity_map import HELD_AGGREGATES, IdentityMap
from grant_store.log.broken import BrokenHistory, SignedNotes
from grant_store.personal.access import Opener
from grant_store.personal.ends import Ends
from grant_store.rows import Appended, Outcome, SenderAndKey, Standing, StoredOutcome
from grant_store.sqlite import utc_now
from grant_store.store import Store
from grant_store.work import Batch, HistoryBroken, NotYet, Reading
from grant_values.invalid import Invalid

ATTEMPTS = 50
"""Where several processes write one store, each failed attempt is another one's success."""
ATTEMPTS_TOGETHER = 2

AWAY = (Unreachable, NotNow, OutcomeUnknown)
"""The database cannot be asked, or takes nothing. That is nobody's fault, and trying the next part
is no use."""

MOST_PARKED_CASES = 1_000
"""Where so many cases are parked, it is not the events that are wrong: the feed stops."""

Continuity = Callable[[], BrokenHistory | None]
"""What is wrong with the ledger that was found, where it does not lead to the last head of it."""

_log = structlog.get_logger()


def continues() -> None:
    """Nothing is known of this ledger that it would have to lead to."""


class CannotApply(Exception):
    """A followed event cannot be applied, nor parked with its case. The follower stops here,
    loudly, and skips nothing."""

    def __init__(self, event: CloudEvent, why: object) -> None:
        super().__init__(f"{event.type} at {event.origin}/{event.position}: {why}")
        self.event = event


class _Spoilt(Exception):
    """One part of a batch failed after it had changed something: all parts start afresh, alone."""


class Writer:
    """Writes one service's store. Not to be called by two threads at once."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        desk: Desk,
        policies: Policies,
        new_id: Callable[[], UUID] = new_event_id,
        clock: Callable[[], datetime] = utc_now,
        held_aggregates: int = HELD_AGGREGATES,
        continuity: Continuity = continues,
        vault: Opener | None = None,
        signed: SignedNotes | None = None,
        ends: Ends | None = None,
    ) -> None:
        self.store = store
        self.policies = policies
        self._desk = desk
        self._new_id = new_id
        self._vault = vault
        self._signed = signed
        self._ends = ends
        self._held = IdentityMap(store, catalogue, held_aggregates)
        self._parking = Parking(store, clock)
        self._standing = Standing(0, {})
        self._continuity = continuity
        self._broken: BrokenHistory | None = None
        self._was_looked_at = False

    @property
    def head(self) -> int | None:
        """The position of the ledger's head as this writer last saw it; None before its first
        batch."""
        return self._held.head

    def broken_history(self) -> BrokenHistory | None:
        """What is wrong with the ledger, if it does not lead to the last known head of it.

        Looked at once, and again as long as it is broken: another process may have gone on. Until
        then nothing is followed, and no command is taken but the one that puts it on record.
        """
        if self._broken is not None or not self._was_looked_at:
            self._broken = self._continuity()
            self._was_looked_at = True
            if self._broken is not None:
                _log.critical("the ledger does not lead to its last head", why=self._broken.why)
        return self._broken

    def answer(self, messages: Sequence[object]) -> list[Answer | Exception]:
        """Decide these commands in one transaction. An exception in place of an answer is a fault
        of the program or the database, never of the command. Nothing was recorded for it, unless
        it is `OutcomeUnknown`: then the same key, sent again, settles it."""
        try:
            orders = [self._desk.read(message) for message in messages]
        except VaultAway as away:
            return [away] * len(messages)  # All wait: none may overtake another.
        for _ in range(ATTEMPTS_TOGETHER):
            try:
                return list(self._answer_together(orders))
            except AppendConflict:
                continue
            except _Spoilt:
                break
            except StoreError as error:
                return [order if isinstance(order, Answer) else error for order in orders]
        return self._answer_one_by_one(orders)

    def follow(self, upstream: str, events: Sequence[CloudEvent]) -> None:
        """Apply the next events of an upstream in one transaction with their tracking.

        What cannot be applied is parked in that transaction, and with it each later event of the
        same case. Raises `CannotApply` at the first event that can be neither applied nor parked;
        what came before it is kept. Raises `TrackingConflict` where another process has followed
        them already.
        """
        try:
            self._follow_together(upstream, events)
        except (AppendConflict, _Spoilt):
            _refuse_followed(self.store.standing(), upstream, events[0].at)
            for event in events:
                self._follow_alone(upstream, event)

    @contextmanager
    def _batch(self) -> Iterator[Batch]:
        """A batch on the ledger as it stands now. What was not committed is forgotten again."""
        self._standing = self.store.standing()
        if self._standing.position < (self._held.head or 0):
            self._was_looked_at = False  # Restored while this process has been running.
        self._held.catch_up(self._standing.position)
        self._parking.catch_up(self._standing)
        batch = Batch(
            *(self._held, self._new_id, self._vault, self._ends),
            broken=self.broken_history(),
            signed=self._signed,
        )
        try:
            yield batch
        except BaseException:
            self._held.evict(batch.touched)
            raise
        finally:
            self._held.shrink()

    def _commit(self, batch: Batch) -> Appended | None:
        """Conflicts with whatever was recorded since the batch began, even if it decided on other
        aggregates than it changed: so no decision rests on what was true a moment ago."""
        if batch.is_empty:
            return None
        appended = self.store.append(batch.as_append(expected_head=self._held.head))
        self._held.head = appended.first_position + len(batch.events) - 1
        return appended

    def _answer_one_by_one(self, orders: Sequence[Order | Answer]) -> list[Answer | Exception]:
        answers: list[Answer | Exception] = []
        away: Exception | None = None
        for order in orders:
            if isinstance(order, Answer):
                # The store was not asked about it, and so it says nothing of the store.
                answers.append(order)
                continue
            answer = away or self._answer_alone(order)
            away = answer if isinstance(answer, AWAY) else None
            answers.append(answer)
        return answers

    def _answer_alone(self, order: Order) -> Answer | Exception:
        failure: Exception | None = None
        for _ in range(ATTEMPTS):
            try:
                return self._answer_together([order])[0]
            except AppendConflict as conflict:
                failure = conflict
            except _Spoilt as spoilt:
                return spoilt.__cause__ if isinstance(spoilt.__cause__, Exception) else spoilt
            except Exception as error:  # noqa: BLE001 - handed to whoever sent this command.
                return error
        return failure or RuntimeError("no attempt was made")

    def _answer_together(self, orders: Sequence[Order | Answer]) -> list[Answer]:
        answers: list[Answer | tuple[Order, Outcome]] = []
        keys: set[SenderAndKey] = set()
        with self._batch() as batch:
            stored = self._recorded_already(orders)
            if len(orders) > 1:
                _read_ahead(batch, (each.reading for each in orders if isinstance(each, Order)))
            for order in orders:
                if isinstance(order, Answer):
                    answers.append(order)
                    continue
                if order.sender_and_key in keys or (order.mends and len(orders) > 1):
                    raise _Spoilt
                keys.add(order.sender_and_key)
                if order.sender_and_key in stored:
                    answers.append(self._repeated(order, stored[order.sender_and_key]))
                    continue
                answers.append(self._answer_one(batch, order, alone=len(orders) == 1))
            appended = self._commit(batch)
            return [
                answer if isinstance(answer, Answer) else recorded(batch, appended, *answer)
                for answer in answers
            ]

    def _recorded_already(
        self, orders: Sequence[Order | Answer]
    ) -> dict[SenderAndKey, StoredOutcome]:
        asked = [order.sender_and_key for order in orders if isinstance(order, Order)]
        return self.store.outcomes(asked) if asked else {}

    def _answer_one(
        self, batch: Batch, order: Order, *, alone: bool
    ) -> Answer | tuple[Order, Outcome]:
        unit = batch.unit(order.context, frozenset() if order.mends else self._parking.cases)
        try:
            if batch.broken is not None and not order.reopens:
                raise HistoryBroken(batch.broken.why)
            order.call(unit)
            refuse_forgotten(unit)
            outcome = outcome_of(order, unit)
        except (Invalid, NotYet, TooLate) as error:
            if unit.has_changed_anything:
                if not alone:
                    raise _Spoilt from error
                batch.clear()
            return not_recorded(order.command, order.key, error)
        except AWAY:
            raise
        except Exception as error:
            raise _Spoilt from error
        batch.outcomes.append(outcome)
        return order, outcome

    def _repeated(self, order: Order, stored: StoredOutcome) -> Answer:
        if stored.body_hash != order.body_hash:
            expected = "expected a new key: this one was used for another command"
            return invalid(order.command, order.key, "key_reused", {"key": [expected]})
        rows = self._rows(stored.positions)
        return Answer(
            kind="refused" if stored.kind == "refused" else "recorded",
            command=order.command,
            key=order.key,
            position=stored.positions.stop - 1,
            event_ids=tuple(rows),
            reason=stored.reason,
        )

    def _rows(self, positions: range) -> list[UUID]:
        if not positions:
            return []
        rows = self.store.events_after(positions.start - 1, len(positions))
        return [row.event_id for row in rows]

    def _follow_together(self, upstream: str, events: Sequence[CloudEvent]) -> None:
        with self._batch() as batch:
            if batch.broken is not None:
                raise CannotApply(events[0], batch.broken.why)
            _refuse_followed(self._standing, upstream, events[0].at)
            wanted = [event for event in events if self.policies.wants(event)]
            if len(wanted) > 1:
                _read_ahead(batch, map(self.policies.reading, wanted))
            for event in wanted:
                if event.caseid is not None and event.caseid in self._parking.cases:
                    self._park(batch, event.caseid, event)
                else:
                    self._follow_one(batch, event)
            self._commit_followed(batch, upstream, events)

    def _commit_followed(self, batch: Batch, upstream: str, events: Sequence[CloudEvent]) -> None:
        batch.tracking.append(tracked_at(events[-1])._replace(after=events[0].at - 1))
        self._commit(batch)

    def _follow_one(self, batch: Batch, event: CloudEvent) -> None:
        unit = batch.unit(context_of(self.store.service, event))
        why = why_not_applied(self.policies, unit, event)
        if why is not None:
            raise _Spoilt from why

    def _follow_alone(self, upstream: str, event: CloudEvent) -> None:
        """Apply or park one event. Whoever is overtaken too often starts again later."""
        failure: AppendConflict | None = None
        for _ in range(ATTEMPTS):
            try:
                return self._follow_or_park(upstream, event)
            except AppendConflict as conflict:
                _refuse_followed(self.store.standing(), upstream, event.at)
                failure = conflict
        raise failure or RuntimeError("no attempt was made")

    def _follow_or_park(self, upstream: str, event: CloudEvent) -> None:
        try:
            self._follow_together(upstream, [event])
        except _Spoilt as spoilt:
            self._park_failed(upstream, event, spoilt.__cause__ or spoilt)

    def _park_failed(self, upstream: str, event: CloudEvent, cause: BaseException) -> None:
        """Park an event and its case with it, or stop the feed where that cannot be."""
        error = in_words(cause)
        if event.caseid is None:
            raise CannotApply(event, error) from cause
        if len(self._parking.cases) >= MOST_PARKED_CASES:
            raise CannotApply(event, f"{MOST_PARKED_CASES} cases are parked; {error}") from cause
        with self._batch() as batch:
            self._park(batch, event.caseid, event, error)
            self._commit_followed(batch, upstream, [event])
        _log.error(
            "an event is parked with its case",
            event_type=event.type,
            origin=event.origin,
            position=event.position,
            case_id=str(event.caseid),
            error=error,
        )

    def _park(self, batch: Batch, case_id: UUID, event: CloudEvent, error: str = "") -> None:
        unit = batch.unit(context_of(self.store.service, event))
        self._parking.park(unit, case_id, event, error)


def _refuse_followed(standing: Standing, upstream: str, first: int) -> None:
    """Before anything is applied: what was followed already must not be applied to what it has
    changed, or it would look as if it could not be."""
    followed = standing.followed_to(upstream)
    if first != followed + 1:
        raise TrackingConflict(f"{upstream} was already followed to {followed}, not {first}.")


def _read_ahead(batch: Batch, readings: Iterable[Reading]) -> None:
    """What cannot be read, or asked for, is the trouble of its part alone."""
    try:
        batch.read_ahead(readings)
    except Exception as error:
        if retry_after(error) != "never":
            raise
        raise _Spoilt from error
