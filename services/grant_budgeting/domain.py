"""Budget lines and what is promised from them. No broker, no database, no clock.

The proceedings and the decision on each case stand in `award`.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from grant_values.invalid import Invalid
from grant_values.money import format_euro


class BudgetLine(Aggregate):
    """One fund's money for one programme and year.

    It keeps totals only, so that it stays small at ten thousand promises; each promise is an
    `Earmark` of its own. What is promised never exceeds the ceiling (§§ 38, 45 LHO NRW; R26).
    """

    class BudgetLineOpened(Aggregate.Created):
        TOPIC = "budgeting.BudgetLineOpened"
        programme: str
        fund: str
        year: int
        ceiling_cents: int
        opened_by: str
        effective_on: date

    class CeilingChanged(Aggregate.Event):
        TOPIC = "budgeting.CeilingChanged"
        ceiling_cents: int
        reason: str
        changed_by: str
        effective_on: date

    class FundsEarmarked(Aggregate.Event):
        TOPIC = "budgeting.FundsEarmarked"
        case_id: UUID
        amount_cents: int
        rule: str

    class EarmarkRefused(Aggregate.Event):
        TOPIC = "budgeting.EarmarkRefused"
        case_id: UUID
        amount_cents: int
        free_cents: int
        rule: str
        reason: str

    class EarmarkReleased(Aggregate.Event):
        TOPIC = "budgeting.EarmarkReleased"
        case_id: UUID
        amount_cents: int
        reason: str

    class FundsCommitted(Aggregate.Event):
        TOPIC = "budgeting.FundsCommitted"
        case_id: UUID
        amount_cents: int

    class FundsSpent(Aggregate.Event):
        TOPIC = "budgeting.FundsSpent"
        case_id: UUID
        order_id: str
        amount_cents: int
        effective_on: date

    class SpendingReversed(Aggregate.Event):
        TOPIC = "budgeting.SpendingReversed"
        case_id: UUID
        order_id: str
        amount_cents: int
        effective_on: date

    @staticmethod
    @lru_cache(maxsize=1_000)  # There are few lines, and each tranche of each case asks for one.
    def create_id(programme: str, fund: str, year: int) -> UUID:
        return uuid5(NAMESPACE_URL, f"/budget-lines/{programme}/{fund}/{year}")

    @event(BudgetLineOpened)
    def __init__(
        self,
        programme: str,
        fund: str,
        year: int,
        ceiling_cents: int,
        opened_by: str,
        effective_on: date,
    ) -> None:
        self.programme = programme
        self.fund = fund
        self.year = year
        self.ceiling_cents = ceiling_cents
        self.earmarked_cents = 0
        self.committed_cents = 0
        self.spent_cents = 0

    @property
    def free_cents(self) -> int:
        """What may still be promised."""
        return self.ceiling_cents - self.earmarked_cents - self.committed_cents

    def can_carry(self, amount_cents: int) -> bool:
        return amount_cents <= self.free_cents

    # Decide: read the state, record exactly one fact.
    def earmark(self, case_id: UUID, amount_cents: int, rule: str) -> bool:
        """Promise `amount_cents` to a case, or record why not. True if promised."""
        if amount_cents <= 0:
            raise ValueError(f"An earmark needs a positive amount, not {amount_cents} cents.")
        if not self.can_carry(amount_cents):
            self._refuse(case_id, amount_cents, self.free_cents, rule, reason="ceiling_exceeded")
            return False
        self._earmark(case_id, amount_cents, rule)
        return True

    def change_ceiling(
        self, ceiling_cents: int, reason: str, changed_by: str, effective_on: date
    ) -> None:
        """Give the line more or less. What is promised already cannot be taken away."""
        promised_cents = self.earmarked_cents + self.committed_cents
        if ceiling_cents < promised_cents:
            expected = f"expected at least {format_euro(promised_cents)}, which is promised"
            raise Invalid("ceiling", expected)
        self._change_ceiling(ceiling_cents, reason, changed_by, effective_on)

    def release(self, case_id: UUID, amount_cents: int, reason: str) -> None:
        """Take a promise back that has not become a debt."""
        self._need(amount_cents, self.earmarked_cents, "earmarked")
        self._release(case_id, amount_cents, reason)

    def commit(self, case_id: UUID, amount_cents: int) -> None:
        """Turn a promise into a debt."""
        self._need(amount_cents, self.earmarked_cents, "earmarked")
        self._commit(case_id, amount_cents)

    def spend(self, case_id: UUID, order_id: str, amount_cents: int, effective_on: date) -> None:
        """Note that the bank has paid this from the line."""
        self._need(amount_cents, self.committed_cents - self.spent_cents, "committed and unspent")
        self._spend(case_id, order_id, amount_cents, effective_on)

    def reverse(self, case_id: UUID, order_id: str, amount_cents: int, effective_on: date) -> None:
        """Note that the bank has given back what it had paid."""
        self._need(amount_cents, self.spent_cents, "spent")
        self._reverse(case_id, order_id, amount_cents, effective_on)

    def _need(self, amount_cents: int, available_cents: int, what: str) -> None:
        if not 0 < amount_cents <= available_cents:
            raise ValueError(
                f"{self.programme} {self.fund} {self.year}: {amount_cents} cents are not among "
                f"the {available_cents} {what}."
            )

    # Apply: no rules below this line, because these bodies run again on every replay.
    @event(CeilingChanged)
    def _change_ceiling(
        self, ceiling_cents: int, reason: str, changed_by: str, effective_on: date
    ) -> None:
        self.ceiling_cents = ceiling_cents

    @event(FundsEarmarked)
    def _earmark(self, case_id: UUID, amount_cents: int, rule: str) -> None:
        self.earmarked_cents += amount_cents

    @event(EarmarkRefused)
    def _refuse(
        self, case_id: UUID, amount_cents: int, free_cents: int, rule: str, reason: str
    ) -> None:
        pass

    @event(EarmarkReleased)
    def _release(self, case_id: UUID, amount_cents: int, reason: str) -> None:
        self.earmarked_cents -= amount_cents

    @event(FundsCommitted)
    def _commit(self, case_id: UUID, amount_cents: int) -> None:
        self.earmarked_cents -= amount_cents
        self.committed_cents += amount_cents

    @event(FundsSpent)
    def _spend(self, case_id: UUID, order_id: str, amount_cents: int, effective_on: date) -> None:
        self.spent_cents += amount_cents

    @event(SpendingReversed)
    def _reverse(self, case_id: UUID, order_id: str, amount_cents: int, effective_on: date) -> None:
        self.spent_cents -= amount_cents


class Earmark(Aggregate):
    """What one case was promised from one line. It exists once, however often it is asked for."""

    class EarmarkMade(Aggregate.Created):
        TOPIC = "budgeting.EarmarkMade"
        line_id: UUID
        case_id: UUID
        amount_cents: int

    @staticmethod
    def create_id(line_id: UUID, case_id: UUID) -> UUID:
        return uuid5(line_id, str(case_id))

    @event(EarmarkMade)
    def __init__(self, line_id: UUID, case_id: UUID, amount_cents: int) -> None:
        self.line_id = line_id
        self.case_id = case_id
        self.amount_cents = amount_cents
