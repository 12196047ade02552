"""Whatever is asked in whatever order, no line promises more than its ceiling (R26).

Hypothesis plays many cases over several lines through application functions and checks the books
after every step against a ledger of its own.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from budgeting.office import BudgetOffice
from grant_budgeting.domain import BudgetLine
from grant_store.sqlite import SQLiteStore
from grant_values.cases import case_id_of
from support.authority import NOW, PROGRAMME

LINES = [("ESF", 2021), ("Land", 2021), ("ESF", 2022)]
CASES = [f"ZIQ-2020-{number:04d}" for number in range(1, 6)]
CENTS = st.integers(1, 60_000)

Key = tuple[str, int]
NAMES = {case_id_of(case): case for case in CASES}
KEYS = {BudgetLine.create_id(PROGRAMME, *key): key for key in LINES}


class Books(RuleBasedStateMachine):
    """A budget office beside a plain account of who was promised, owed and paid what."""

    def __init__(self) -> None:
        super().__init__()
        folder = tempfile.TemporaryDirectory()
        self._folder = folder
        store = SQLiteStore(Path(folder.name) / "b.sqlite3", "budgeting", clock=lambda: NOW)
        store.migrate()
        self.office = BudgetOffice(store)
        self.office.hear_of_programme()
        for fund, year in LINES:
            self.office.open_line(fund, year, "1000.00")
        self.asked: dict[str, dict[Key, int]] = {}
        self.paid: Counter[tuple[str, Key]] = Counter()
        self.promised: Counter[tuple[str, Key]] = Counter()
        self.owed: Counter[tuple[str, Key]] = Counter()
        self.made: Counter[str] = Counter()
        self.read_to = 0

    def teardown(self) -> None:
        self.office.store.close()
        self._folder.cleanup()

    @rule(
        case=st.sampled_from(CASES),
        parts=st.dictionaries(st.sampled_from(LINES), CENTS, min_size=1),
    )
    def find_eligible(self, case: str, parts: dict[Key, int]) -> None:
        self.asked.setdefault(case, parts)
        wanted = [(fund, year, cents) for (fund, year), cents in parts.items()]
        self.office.hear_of_finding(case, wanted)

    @rule(case=st.sampled_from(CASES))
    def withdraw(self, case: str) -> None:
        self.office.hear_of_application(case)
        self.office.hear_of_withdrawal(case)

    @rule(case=st.sampled_from(CASES))
    def approve(self, case: str) -> None:
        self.office.approve(reference=case)

    @rule(case=st.sampled_from(CASES), data=st.data())
    @precondition(lambda self: self.asked)
    def approve_partially(self, case: str, data: st.DataObject) -> None:
        parts = [
            (fund, year, data.draw(st.integers(1, cents)))
            for (fund, year), cents in self.asked.get(case, {}).items()
        ]
        self.office.approve_partially(parts, reference=case)

    @rule(case=st.sampled_from(CASES))
    def reject(self, case: str) -> None:
        self.office.reject(reference=case)

    @rule(case=st.sampled_from(CASES))
    def become_final(self, case: str) -> None:
        self.office.notify(reference=case)
        self.office.waive(reference=case)

    @rule(case=st.sampled_from(CASES))
    def move_up(self, case: str) -> None:
        self.office.try_reserve_list(case)

    @rule(line=st.sampled_from(LINES), cents=st.integers(0, 150_000))
    def change_ceiling(self, line: Key, cents: int) -> None:
        self.office.change_ceiling(*line, f"{cents // 100}.{cents % 100:02d}")

    @rule(case=st.sampled_from(CASES), data=st.data())
    @precondition(lambda self: self.owed)
    def pay_and_perhaps_return(self, case: str, data: st.DataObject) -> None:
        owed = {key: cents for (who, key), cents in self.owed.items() if who == case}
        for (fund, year), cents in owed.items():
            left = cents - self.paid[case, (fund, year)]
            if not left:
                continue
            amount = data.draw(st.integers(1, left))
            payment = {
                "order_id": f"{case}-{uuid4().hex[:6]}",
                "end_to_end_id": "e",
                "tranches": [{"fund": fund, "year": year, "amount_cents": amount}],
                "amount_cents": amount,
                "effective_on": date(2021, 3, 11),
            }
            self.office.hear("disbursement.PaymentExecuted", case, **payment)
            if data.draw(st.booleans()):
                returned = payment | {"was_executed": True, "reason": "AC04"}
                self.office.hear("disbursement.PaymentReturned", case, **returned)
            else:
                self.paid[case, (fund, year)] += amount

    @invariant()
    def the_books_are_in_order(self) -> None:
        self._read_on()
        for key in LINES:
            line = self.office.line(*key)
            assert line.earmarked_cents + line.committed_cents <= line.ceiling_cents
            assert 0 <= line.spent_cents <= line.committed_cents
            assert line.earmarked_cents == _sum_of(self.promised, key)
            assert line.committed_cents == _sum_of(self.owed, key)
            assert line.spent_cents == _sum_of(self.paid, key)

    @invariant()
    def a_case_has_an_earmark_for_each_of_its_tranches_or_for_none(self) -> None:
        for case, parts in self.asked.items():
            assert self.made[case] in (0, len(parts))

    def _read_on(self) -> None:
        """Sum by case and line what the lines have recorded since; no sum is ever negative."""
        rows = self.office.store.events_after(self.read_to, 10_000)
        for row in rows:
            event: Any = self.office.service.catalogue.decode(row)
            match row.topic.partition(".")[2]:
                case "FundsEarmarked":
                    self.promised[_place(event)] += event.amount_cents
                case "EarmarkReleased":
                    self.promised[_place(event)] -= event.amount_cents
                case "FundsCommitted":
                    self.promised[_place(event)] -= event.amount_cents
                    self.owed[_place(event)] += event.amount_cents
                case "EarmarkMade":
                    self.made[NAMES[event.case_id]] += 1
            self.read_to = row.position
        assert min(self.promised.values(), default=0) >= 0


def _place(event: Any) -> tuple[str, Key]:
    return NAMES[event.case_id], KEYS[event.originator_id]


def _sum_of(sums: Counter[tuple[str, Key]], key: Key) -> int:
    return sum(cents for (_, of), cents in sums.items() if of == key)


Books.TestCase.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
TestNoLineIsEverOverspent = Books.TestCase
