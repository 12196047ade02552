"""Payment runs, and the cashbook that lets only one of them be under way.

It keeps what a payment file is made of; it must not know how the file looks.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from grant_values.invalid import Invalid
from grant_values.legal_time import legal_date
from grant_values.payments import RunPayment

CASHBOOK_ID = uuid5(NAMESPACE_URL, "/cashbook")


class PaymentRun(Aggregate):
    """The payments that one file carries to the bank. Nothing is added to it later."""

    class PaymentRunOpened(Aggregate.Created):
        TOPIC = "disbursement.PaymentRunOpened"
        class_version = 2
        run: str
        message_id: str
        created_at: datetime
        execution_on: date
        debtor_name: str
        debtor_iban: str
        payments: tuple[RunPayment, ...]
        total_cents: int
        opened_by: str

    class PaymentRunWritten(Aggregate.Event):
        TOPIC = "disbursement.PaymentRunWritten"
        run: str
        file_name: str
        sha256: str
        size_bytes: int

    @staticmethod
    def create_id(run: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/payment-runs/{run}")

    @event(PaymentRunOpened)
    def __init__(
        self,
        run: str,
        message_id: str,
        created_at: datetime,
        execution_on: date,
        debtor_name: str,
        debtor_iban: str,
        payments: tuple[RunPayment, ...],
        total_cents: int,
        opened_by: str,
    ) -> None:
        self.run = run
        self.message_id = message_id
        self.created_at = created_at
        self.execution_on = execution_on
        self.debtor_name = debtor_name
        self.debtor_iban = debtor_iban
        self.payments = payments
        self.file_sha256 = ""

    @property
    def is_written(self) -> bool:
        return bool(self.file_sha256)

    # Decide.
    def write(self, file_name: str, sha256: str, size_bytes: int, effective_on: date) -> None:
        """Put the file's hash on record. The same file written again changes nothing."""
        self.check_day(effective_on)
        if not self.is_written:
            self._write(self.run, file_name, sha256, size_bytes)
        elif sha256 != self.file_sha256:
            raise ValueError(f"The file of run {self.run} is not the one whose hash is on record.")

    def check_day(self, effective_on: date) -> None:
        """`Invalid` before the day on which the run was opened."""
        opened_on = legal_date(self.created_at)
        if effective_on < opened_on:
            raise Invalid("effective_on", f"expected a day not before {opened_on}, the run's own")

    # Apply.
    @event(PaymentRunWritten)
    def _write(self, run: str, file_name: str, sha256: str, size_bytes: int) -> None:
        self.file_sha256 = sha256


class Cashbook(Aggregate):
    """The order of the runs: the next is entered only when the one before it has left, or when it
    was refused and never leaves.

    Hence no order can stand in two runs (R43), even if two cashiers open theirs at once.
    """

    class CashbookOpened(Aggregate.Created):
        TOPIC = "disbursement.CashbookOpened"

    class PaymentRunEntered(Aggregate.Event):
        TOPIC = "disbursement.PaymentRunEntered"
        run: str

    class PaymentRunRefused(Aggregate.Event):
        TOPIC = "disbursement.PaymentRunRefused"
        run: str
        order_id: str
        reason: str
        asked_by: str
        effective_on: date

    class PaymentRunTransmitted(Aggregate.Event):
        TOPIC = "disbursement.PaymentRunTransmitted"
        run: str
        message_id: str
        transmitted_by: str
        effective_on: date

    @staticmethod
    def create_id() -> UUID:
        return CASHBOOK_ID

    @event(CashbookOpened)
    def __init__(self) -> None:
        self.run_under_way = ""
        self.refused_runs: set[str] = set()

    # Decide.
    def enter(self, run: str) -> None:
        """Begin a run, unless another has not left yet."""
        if self.run_under_way:
            raise Invalid("run", f"expected run {self.run_under_way} to be transmitted first")
        self._enter(run)

    def refuse(
        self, run: str, order_id: str, asked_by: str, effective_on: date, reason: str
    ) -> None:
        """Let the run under way never leave, because of one of its orders. All of them go on
        waiting, and the next run may begin."""
        if self.run_under_way != run:
            raise Invalid("run", "expected a run that has not left")
        self._refuse(run, order_id, reason, asked_by, effective_on)

    def check_was_not_refused(self, run: str) -> None:
        if run in self.refused_runs:
            raise Invalid("run", "expected a run that was not refused: open another one")

    def transmit(self, run: str, message_id: str, transmitted_by: str, effective_on: date) -> bool:
        """Send a run. True if it leaves now, False if it had left before: never sent twice."""
        self.check_was_not_refused(run)
        if self.run_under_way != run:
            return False
        self._transmit(run, message_id, transmitted_by, effective_on)
        return True

    # Apply.
    @event(PaymentRunEntered)
    def _enter(self, run: str) -> None:
        self.run_under_way = run

    @event(PaymentRunRefused)
    def _refuse(
        self, run: str, order_id: str, reason: str, asked_by: str, effective_on: date
    ) -> None:
        self.run_under_way = ""
        self.refused_runs.add(run)

    @event(PaymentRunTransmitted)
    def _transmit(self, run: str, message_id: str, transmitted_by: str, effective_on: date) -> None:
        self.run_under_way = ""
