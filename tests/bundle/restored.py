"""An operator whose disbursement was put back to a backup, and who may go on with an incident."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bundle.operator import Operator, an_event, an_operator, some_cases

SERVICE = "disbursement"
"""Nobody follows it, so that nothing else is lost when it is put back."""

KEPT, LOST = 290, 560
"""It had 560 events, signed every 70; the backup has 290."""


@contextmanager
def a_restored_operator(folder: Path) -> Iterator[Operator]:
    """The backup is in place, and nobody has said a word."""
    backup = folder / "backup.sqlite3"
    with an_operator(f"sqlite:///{folder / 'data'}", folder) as operator:
        some_cases(operator, 40)
        noted(operator, KEPT - 40)
        operator.copy_ledger(SERVICE, backup)
        noted(operator, LOST - KEPT)
        operator.sign(SERVICE, every=70)
        operator.put_back(SERVICE, backup)
        yield operator


def go_on(operator: Operator, **said: object) -> None:
    """The incident goes on record, which says the truth or what is `said`; 29 events follow."""
    operator.record_incident(SERVICE, **said)
    noted(operator, 29)
    operator.sign_all()


def noted(operator: Operator, count: int) -> None:
    position = operator.source(SERVICE).ledger.head().position
    for number in range(position + 1, position + count + 1):
        operator.record(SERVICE, an_event(f"{SERVICE}.Noted", f"note {number}", 1))


def heads_of(operator: Operator, epoch: int, folder: Path) -> list[Path]:
    """All heads of an epoch, as a witness keeps them, in files EPOCH-SIZE.note."""
    log_of = operator.source(SERVICE).log_of
    assert log_of
    paths = []
    with closing(log_of(epoch)) as log:
        for head in log.heads():
            paths.append(folder / f"{epoch}-{head.size}.note")
            paths[-1].write_bytes(head.note)
    return paths
