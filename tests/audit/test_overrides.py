"""Every manual override is listed with its rule, its reason and the two who bear it (R89)."""

from __future__ import annotations

from audit.conftest import Tell
from audit.feeds import Feeds
from audit.stories import a_programme, approved, received
from grant_audit.overrides import APPLIED, GROWS, LATE, RULES, overrides
from grant_audit.queries import history_without_case
from grant_audit.sentences import LANGUAGES, Wording
from grant_store.sqlite import SQLiteStore

TWO = {"decided_by": "d-1", "seconded_by": "d-2"}


def late_grant(feeds: Feeds, **by: str) -> None:
    received(feeds, "ZIQ-1", late=True)
    approved(feeds, "ZIQ-1", override_reason="Zusage vor Ort", **by)


def test_a_grant_to_a_late_application_is_listed_with_both_who_bear_it(tell: Tell) -> None:
    feeds = Feeds()
    a_programme(feeds)
    late_grant(feeds, **TWO)

    [override] = overrides(tell(feeds))

    assert (override.reference, override.rule, override.reason) == ("ZIQ-1", LATE, "Zusage vor Ort")
    assert (override.by, override.seconded_by) == ("d-1", "d-2")
    assert override.place.startswith("budgeting/main/")
    assert override.is_borne_by_two


def test_an_override_without_a_second_person_is_told_apart(tell: Tell) -> None:
    feeds = Feeds()
    late_grant(feeds, decided_by="d-1", seconded_by="")

    [override] = overrides(tell(feeds))

    assert not override.is_borne_by_two


def test_who_seconds_themselves_is_one_person() -> None:
    from grant_audit.overrides import Override

    assert not Override("R", LATE, "why", "d-1", "d-1", "2019-03-01", "x/main/1").is_borne_by_two


def test_an_event_that_two_operators_took_out_is_an_override(tell: Tell) -> None:
    feeds = Feeds()
    received(feeds, "ZIQ-1")
    feeds.record(
        "eligibility.ParkedEventDiscarded",
        "ZIQ-1",
        origin="intake/main",
        position=1,
        event_topic="intake.CompletenessChecked",
        reason="zweimal gesandt",
        discarded_by="o-1",
        seconded_by="o-2",
    )

    [override] = overrides(tell(feeds))

    assert override.rule == APPLIED
    assert override.reason == "zweimal gesandt (intake.CompletenessChecked intake/main/1)"
    assert override.is_borne_by_two


def test_a_restored_store_that_two_operators_let_go_on_is_an_override(tell: Tell) -> None:
    feeds = Feeds()
    known = {"known_origin": "pruefpfad.local/intake/main", "known_size": 9, "found_size": 4}
    two = {"recorded_by": "o-1", "seconded_by": "o-2", "reason": "Platte defekt"}
    feeds.record("intake.IncidentRecorded", **known, **two)
    store = tell(feeds)
    on_no_case = history_without_case(store)

    [override] = overrides(store, None, on_no_case)

    assert (override.reference, override.rule) == ("", GROWS)
    assert override.reason == "Platte defekt (pruefpfad.local/intake/main: 4 / 9)"
    assert override.is_borne_by_two
    assert overrides(store, "ziq", on_no_case) == []


def test_a_grant_without_an_override_is_none(year: SQLiteStore) -> None:
    assert overrides(year) == []


def test_only_those_of_a_programme_are_listed_where_one_is_named(tell: Tell) -> None:
    feeds = Feeds()
    late_grant(feeds, **TWO)
    store = tell(feeds)

    assert len(overrides(store, "ziq")) == 1
    assert overrides(store, "another") == []


def test_every_rule_that_can_be_set_aside_has_wording() -> None:
    for language in LANGUAGES:
        assert set(RULES) == set(Wording(language).lists["override"])
