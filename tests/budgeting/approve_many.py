"""One of several budget offices over the same ledger, in a process of its own.

It hears findings of its own feed and tries to approve every case, its own and the others', as
quickly as it can, once it is told to begin.
"""

from __future__ import annotations

import sys

from budgeting.office import DECIDER, BudgetOffice, a_finding
from grant_contracts.commands import command_message
from grant_store.postgres import PostgresStore
from support.authority import a_token, an_event

PARTS = (("ESF", 2021, 10_000), ("Land", 2021, 5_000))
BATCH = 4


def reference_of(office: int, number: int) -> str:
    return f"ZIQ-{office}-{number:04d}"


def main(dsn: str, office_number: int, offices: int, cases: int) -> None:
    store = PostgresStore(dsn, "budgeting")
    office = BudgetOffice(store)
    print("ready", flush=True)
    sys.stdin.readline()
    _hear(office, office_number, cases)
    others = [(office_number + step) % offices for step in range(offices)]
    for other in others:
        _approve(office, office_number, other, cases)
    store.close()


def _hear(office: BudgetOffice, own: int, cases: int) -> None:
    events = []
    for number in range(cases):
        reference = reference_of(own, number)
        topic, data = a_finding(reference, PARTS)
        events.append(an_event(topic, reference, number + 1, f"feed{own}", **data))
    for start in range(0, cases, BATCH):
        office.hear_events(*events[start : start + BATCH])


def _approve(office: BudgetOffice, own: int, other: int, cases: int) -> None:
    for start in range(0, cases, BATCH):
        messages = [
            command_message(
                "budgeting.approve_grant",
                f"{own}:{other}:{number}",
                a_token(DECIDER),
                {"reference": reference_of(other, number), "effective_on": "2021-01-11"},
            )
            for number in range(start, min(start + BATCH, cases))
        ]
        for answer in office.writer.answer(messages):
            if isinstance(answer, Exception):
                raise answer
            print(answer.kind, answer.reason, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
