"""From the programme to the bank's confirmation and back, the parts add up to the whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.conftest import Tell
from audit.feeds import LAND_2019, Feeds
from audit.stories import LINES, a_programme, a_whole_year, paid_in_full, payment_of, returned
from grant_audit import queries
from grant_audit.drill import AMOUNTS, LEVELS, Drill, of_case, of_order, of_payment, of_programme
from grant_store.sqlite import SQLiteStore
from grant_values.invalid import Invalid
from histories.recording import Play, recorded_plays
from histories.retelling import follow_everything, stores_of

PAYMENT = "ZIQ-1-o1-1"


def levels(found: Drill) -> list[str]:
    return [row.level for row in found.rows]


def broken(found: Drill) -> set[str]:
    return {check.claim for check in found.checks if not check.holds}


def test_a_programme_shows_each_line_and_its_sums_hold(year: SQLiteStore) -> None:
    found = of_programme(year, "ziq")

    assert levels(found) == ["programme", "line", "line"]
    assert found.rows[0].amounts["paid_cents"] == 80_000
    assert found.reconciles
    assert found.depth == "claim"


def test_a_line_shows_each_operation_that_it_pays(year: SQLiteStore) -> None:
    found = of_programme(year, "ziq", "ESF/2019")

    operations = [row for row in found.rows if row.level == "operation"]
    assert [row.name for row in operations] == ["ZIQ-1", "ZIQ-3"]
    assert operations[0].amounts["paid_cents"] == 50_000
    assert sum(row.amounts["paid_cents"] for row in operations) == 50_000


def test_a_case_is_followed_down_to_the_confirmation_of_the_bank(year: SQLiteStore) -> None:
    found = of_case(year, "ZIQ-1")

    assert levels(found) == [
        *("programme", "line", "line", "operation", "claim", "order", "payment", "confirmation"),
    ]
    assert found.reconciles
    assert set(levels(found)) <= set(LEVELS)


def test_every_row_says_where_its_event_stands(year: SQLiteStore) -> None:
    for row in of_case(year, "ZIQ-1").rows:
        service, lane, position = row.place.split("/")
        assert (lane, int(position) > 0) == ("main", True), row
        assert service in ("intake", "budgeting", "disbursement")
        assert set(row.amounts) <= set(AMOUNTS)


def test_from_a_line_of_a_bank_statement_up_to_the_programme(year: SQLiteStore) -> None:
    found = of_payment(year, PAYMENT)

    assert levels(found)[:3] == ["programme", "line", "line"]
    assert [row.name for row in found.rows if row.level == "order"] == ["ZIQ-1-o1"]
    assert found == of_order(year, "ZIQ-1-o1")


@pytest.mark.parametrize(
    ("question", "name", "field"),
    [
        (of_payment, "nowhere", "payment"),
        (of_order, "nowhere", "order"),
        (of_programme, "nowhere", "programme"),
        (of_case, "ZIQ-9", "reference"),
    ],
)
def test_what_is_not_on_record_is_named(
    year: SQLiteStore, question: object, name: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        question(year, name)  # type: ignore[operator]

    assert refused.value.field == field


def test_a_line_that_the_programme_does_not_have_is_named_with_those_that_it_has(
    year: SQLiteStore,
) -> None:
    with pytest.raises(Invalid, match="expected one of ESF/2019, Land/2019"):
        of_programme(year, "ziq", "ESF/2099")


def test_a_returned_payment_is_shown_and_counts_for_nothing(tell: Tell) -> None:
    feeds = Feeds()
    a_programme(feeds)
    paid_in_full(feeds, "ZIQ-1")
    returned(feeds, "ZIQ-1")

    found = of_case(tell(feeds), "ZIQ-1")

    assert levels(found)[-2:] == ["confirmation", "return"]
    assert found.rows[-1].amounts["paid_cents"] == -80_000
    assert found.reconciles


def test_a_booking_that_no_bank_has_confirmed_does_not_reconcile(tell: Tell) -> None:
    feeds = Feeds()
    a_whole_year(feeds)
    cents = {"amount_cents": LAND_2019["amount_cents"]}
    feeds.record("budgeting.FundsSpent", "ZIQ-1", subject=LINES["Land"], order_id="x", **cents)
    store = tell(feeds)

    assert broken(of_programme(store, "ziq")) == {"booked_is_confirmed"}
    assert broken(of_case(store, "ZIQ-1")) == {"booked_is_confirmed"}


def test_a_confirmation_that_budgeting_has_not_booked_does_not_reconcile(tell: Tell) -> None:
    feeds = Feeds()
    a_whole_year(feeds)
    feeds.record(
        "disbursement.PaymentExecuted", "ZIQ-1", **payment_of("ZIQ-1"), amount_cents=80_000
    )

    assert broken(of_case(tell(feeds), "ZIQ-1")) == {"booked_is_confirmed"}


@pytest.fixture(scope="module", params=recorded_plays(), ids=str)
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SQLiteStore]:
    """The audit of each recorded history: returns, renunciations and partial awards included."""
    play: Play = request.param
    folder: Path = tmp_path_factory.mktemp("drill")
    with stores_of(play.ledgers, folder) as stores:
        follow_everything(stores["audit"], play.ledgers)
        yield stores["audit"]


def test_every_recorded_history_reconciles_at_every_level(recorded: SQLiteStore) -> None:
    programmes = {line["programme"] for line in queries.line_pages(recorded)}
    for programme in programmes:
        assert broken(of_programme(recorded, programme)) == set()
    for file in queries.every_case(recorded):
        assert broken(of_case(recorded, file.reference)) == set()
