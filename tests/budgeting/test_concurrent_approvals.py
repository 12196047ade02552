"""Several processes promise money from the same lines at once: never a cent too much.

In production a service has one writer per lane; this is what holds when there are more, such as
during a takeover. Each process decides on the ledger as it stood, and whoever was slower decides
again.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from uuid import UUID

from budgeting.approve_many import PARTS, reference_of
from budgeting.office import BudgetOffice
from grant_store.postgres import PostgresStore
from grant_values.cases import case_id_of

OFFICES, CASES = 3, 8
PATIENCE_SECONDS = 60
TESTS = Path(__file__).parents[1]
# Enough for eight cases from the Land and for ten from the ESF, so that the Land's line binds.
CEILINGS = {"ESF": "1000.00", "Land": "400.00"}
CARRIED = 8


def run_at_once(dsn: str) -> list[list[str]]:
    """Start all offices, let them begin together, and return what each was answered."""
    command = [sys.executable, "-m", "budgeting.approve_many", dsn]
    processes = [
        subprocess.Popen(
            [*command, str(number), str(OFFICES), str(CASES)],
            cwd=TESTS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(OFFICES)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("begin\n")
            process.stdin.flush()
        said = [process.communicate(timeout=PATIENCE_SECONDS)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert [process.returncode for process in processes] == [0] * OFFICES
    return [text.splitlines() for text in said]


def test_the_ceiling_is_never_overspent_by_concurrent_approvals(postgres_database: str) -> None:
    store = PostgresStore(postgres_database, "budgeting")
    store.migrate()
    office = BudgetOffice(store)
    office.hear_of_programme()
    for fund, ceiling in CEILINGS.items():
        assert office.open_line(fund, 2021, ceiling).kind == "recorded"
    every_case = {
        case_id_of(reference_of(number, case)): reference_of(number, case)
        for number in range(OFFICES)
        for case in range(CASES)
    }

    answers = run_at_once(postgres_database)

    for fund, _, cents in PARTS:
        line = office.line(fund)
        assert line.earmarked_cents == CARRIED * cents <= line.ceiling_cents
    earmarked = _per_case(office, "EarmarkMade")
    waiting = Counter(event.originator_id for event in office.events("PlacedOnReserveList"))
    assert set(earmarked) | set(waiting) == set(every_case)
    assert not set(earmarked) & set(waiting)
    assert set(earmarked.values()) == {len(PARTS)}
    assert set(waiting.values()) == {1}
    refused = _per_case(office, "EarmarkRefused")
    assert refused == waiting
    approved = Counter(event.reference for event in office.events("GrantApproved"))
    assert approved == {every_case[case_id]: 1 for case_id in earmarked}
    assert sum(line.startswith("recorded") for said in answers for line in said) == CARRIED
    assert _reasons(answers) <= {"already_decided", "no_funds_earmarked"}
    store.close()


def _per_case(office: BudgetOffice, kind: str) -> Counter[UUID]:
    return Counter(event.case_id for event in office.events(kind))


def _reasons(answers: list[list[str]]) -> set[str]:
    lines = [line.split() for said in answers for line in said]
    return {words[1] for words in lines if words[0] == "refused"}
