"""A store that is missing, old or new says which command to run; migrating twice is harmless."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grant_store.errors import NotMigrated, StoreError
from grant_store.rows import Append, Document
from grant_store.store import Store
from store.samples import OpensLedger, an_event

QUESTIONS: dict[str, Callable[[Store], object]] = {
    "append": lambda store: store.append(Append(events=[an_event()])),
    "head": lambda store: store.head(),
    "events": lambda store: store.events_after(0, 1),
    "document": lambda store: store.document("case", "a"),
    "move relay": lambda store: store.move_relay(1),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_store_that_was_never_migrated_names_the_command(
    open_ledger: OpensLedger, question: str
) -> None:
    with pytest.raises(NotMigrated, match="pruefpfad store migrate"):
        QUESTIONS[question](open_ledger())


def test_a_handle_opened_before_the_migration_works_after_it(open_ledger: OpensLedger) -> None:
    early = open_ledger()
    with pytest.raises(NotMigrated):
        early.head()

    open_ledger().migrate()

    assert early.append(Append(events=[an_event()])).first_position == 1


def test_migrating_again_changes_nothing(store: Store) -> None:
    store.append(Append(events=[an_event()], documents=[Document("case", "a", b"1")]))
    before = (store.head(), store.documents("case"))

    store.migrate()

    assert (store.head(), store.documents("case")) == before


def test_what_was_recorded_is_there_when_the_store_is_opened_again(
    store: Store, open_ledger: OpensLedger
) -> None:
    store.append(Append(events=[an_event()]))
    store.close()

    assert open_ledger().head().position == 1


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_closed_store_says_so(store: Store, question: str) -> None:
    store.close()

    with pytest.raises(StoreError, match="budgeting/main: this store has been closed"):
        QUESTIONS[question](store)
