"""Budget offices for the tests: an empty one, and one with lines and a case that waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from budgeting.office import BudgetOffice
from grant_store.sqlite import SQLiteStore
from support.authority import NOW

NewOffice = Callable[[], BudgetOffice]


@pytest.fixture
def an_office(tmp_path: Path) -> Iterator[NewOffice]:
    """Makes offices that know the programme and have 1,000 EUR of each fund for 2021."""
    opened: list[BudgetOffice] = []

    def new() -> BudgetOffice:
        path = tmp_path / f"{uuid4().hex}.sqlite3"
        store = SQLiteStore(path, "budgeting", clock=lambda: NOW)
        store.migrate()
        opened.append(BudgetOffice(store))
        opened[-1].hear_of_programme()
        for fund in ("ESF", "Land"):
            opened[-1].open_line(fund, 2021, "1000.00")
        return opened[-1]

    yield new
    for office in opened:
        office.store.close()


@pytest.fixture
def office(an_office: NewOffice) -> BudgetOffice:
    """An office that has heard of one application, but of no finding."""
    office = an_office()
    office.hear_of_application()
    return office


@pytest.fixture
def waiting(office: BudgetOffice) -> BudgetOffice:
    """An office with one case that was found eligible and earmarked: 600 € ESF, 400 € Land."""
    office.hear_of_finding()
    return office
