"""The Annex XIII matrix names evidence, a reason or what is missing for each item of each case."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

import pytest

from audit.conftest import Tell
from audit.feeds import DEFINITION, Feeds
from audit.stories import (
    a_programme,
    a_whole_year,
    approved,
    assessed,
    paid_in_full,
    received,
    rejected,
    returned,
)
from grant_audit.annex import annex, read_annex
from grant_audit.matrix import EVIDENCED, MISSING, NOT_APPLICABLE, MatrixRow, matrices, matrix_of
from grant_contracts.registry import FACTS
from grant_store.sqlite import SQLiteStore
from grant_values.invalid import Invalid

ALL = list(range(1, 14))
A_VERSION = {"valid_from": date(2014, 1, 1), "name": "x", "source": "y"}


def row(store: SQLiteStore, item: int, reference: str = "ZIQ-1") -> MatrixRow:
    return matrix_of(store, reference).rows[item - 1]


def filed(feeds: Feeds, item: int, document: str = "d-1", reference: str = "ZIQ-1") -> None:
    feeds.record("intake.DocumentFiled", reference, document=document, items=[item])


def paid_under(feeds: Feeds, forms: list[str]) -> None:
    """A paid case of a programme that reimburses costs in these forms."""
    cost_forms = [{"form": form, "source": "Bescheidmuster"} for form in forms]
    a_programme(feeds)
    feeds.record("intake.ProgrammeRegistered", definition={**DEFINITION, "cost_forms": cost_forms})
    paid_in_full(feeds, "ZIQ-1")


@pytest.fixture
def paid() -> Feeds:
    feeds = Feeds()
    a_programme(feeds)
    paid_in_full(feeds, "ZIQ-1")
    return feeds


def test_every_item_has_a_state_for_every_case(year: SQLiteStore) -> None:
    found = list(matrices(year))

    assert [each.reference for each in found] == ["ZIQ-1", "ZIQ-2", "ZIQ-3", "ZIQ-4"]
    for each in found:
        assert [row.item for row in each.rows] == ALL
        for item in each.rows:
            evidence = item.events or item.documents
            assert (item.status == EVIDENCED) <= bool(evidence)
            assert (item.status == NOT_APPLICABLE) == (item.reason is not None)


def test_events_evidence_an_item_and_say_where_they_stand(year: SQLiteStore) -> None:
    payment = row(year, 5)

    assert payment.status == EVIDENCED
    topics = [event.topic for event in payment.events]
    assert topics == ["disbursement.PaymentTransmitted", "disbursement.PaymentExecuted"]
    assert all(event.place.startswith("disbursement/main/") for event in payment.events)


def test_what_no_event_and_no_document_evidences_is_missing(year: SQLiteStore) -> None:
    assert matrix_of(year, "ZIQ-1").missing == (4, 7, 8, 10, 11, 12, 13)
    assert not matrix_of(year, "ZIQ-1").is_complete


def test_what_a_rejected_case_cannot_have_is_not_asked_of_it(year: SQLiteStore) -> None:
    found = matrix_of(year, "ZIQ-2")

    assert found.is_complete
    assert row(year, 1, "ZIQ-2").status == EVIDENCED
    reason = row(year, 5, "ZIQ-2").reason
    assert reason is not None
    assert reason["de"] == "es wurde keine Zuwendung bewilligt"


def test_a_case_without_a_decision_lacks_it_by_name(tell: Tell) -> None:
    feeds = Feeds()
    a_programme(feeds)
    received(feeds, "ZIQ-1")
    assessed(feeds, "ZIQ-1")

    selection = row(tell(feeds), 1)

    assert selection.status == MISSING
    assert ("budgeting.ApplicationRejected" in selection.lacks[1]) is True
    assert len(selection.lacks) == 2


def test_a_grant_that_was_not_announced_lacks_the_announcement(tell: Tell) -> None:
    feeds = Feeds()
    a_programme(feeds)
    received(feeds, "ZIQ-1")
    approved(feeds, "ZIQ-1")

    assert row(tell(feeds), 2).lacks == (("budgeting.DecisionNotified",),)


def test_a_filed_document_evidences_the_items_that_it_names(tell: Tell, paid: Feeds) -> None:
    filed(paid, 12)

    store = tell(paid)

    real_costs = row(store, 12)
    assert real_costs.status == EVIDENCED
    assert [each.document for each in real_costs.documents] == ["d-1"]
    assert row(store, 13).status == MISSING


def test_a_superseded_document_alone_evidences_nothing_any_more(tell: Tell, paid: Feeds) -> None:
    filed(paid, 12)
    filed(paid, 10, "d-2")
    paid.record("intake.DocumentSuperseded", "ZIQ-1", document="d-1", superseded_by="d-2")

    real_costs = row(tell(paid), 12)

    assert real_costs.status == MISSING
    assert [each.superseded_by for each in real_costs.documents] == ["d-2"]


def test_an_attachment_is_shown_and_evidences_no_decision(tell: Tell) -> None:
    feeds = Feeds()
    received(feeds, "ZIQ-1", attachments=[{"name": "Finanzplan", "sha256": "ab" * 32}])

    selection = row(tell(feeds), 1)

    assert [each.title for each in selection.documents] == ["Finanzplan"]
    assert selection.status == MISSING


def test_a_declared_item_is_not_applicable_with_its_reason_and_its_place(
    tell: Tell, paid: Feeds
) -> None:
    paid.record("intake.ItemDeclaredNotApplicable", "ZIQ-1", item=4, reason="Kein Bau")

    durability = row(tell(paid), 4)

    assert durability.status == NOT_APPLICABLE
    assert durability.reason == {"de": "Kein Bau", "en": "Kein Bau"}
    assert durability.declared_at.startswith("intake/main/")


def test_a_declaration_that_was_taken_back_counts_no_more(tell: Tell, paid: Feeds) -> None:
    paid.record("intake.ItemDeclaredNotApplicable", "ZIQ-1", item=4)
    paid.record("intake.ItemDeclaredApplicable", "ZIQ-1", item=4)

    assert row(tell(paid), 4).status == MISSING


def test_a_declaration_does_not_hide_what_is_evidenced(tell: Tell, paid: Feeds) -> None:
    paid.record("intake.ItemDeclaredNotApplicable", "ZIQ-1", item=5, reason="Nichts gezahlt")

    payment = row(tell(paid), 5)

    assert (payment.status, payment.contradicted) == (EVIDENCED, True)


def test_a_case_is_complete_when_documents_and_declarations_fill_every_gap(
    tell: Tell, paid: Feeds
) -> None:
    for item in (10, 12, 13):
        filed(paid, item, f"d-{item}")
    for item in (4, 7, 8, 11):
        paid.record("intake.ItemDeclaredNotApplicable", "ZIQ-1", item=item, reason="Keine")

    assert matrix_of(tell(paid), "ZIQ-1").is_complete


def test_the_matrix_of_a_programme_has_its_cases_only(year: SQLiteStore) -> None:
    assert len(list(matrices(year, "ziq"))) == 4
    assert list(matrices(year, "no-such")) == []


def test_a_case_that_nobody_knows_has_no_matrix(year: SQLiteStore) -> None:
    with pytest.raises(Invalid, match="expected that of a case on record"):
        matrix_of(year, "ZIQ-9")


def test_the_version_of_the_list_is_that_of_the_programming_period() -> None:
    assert annex().version("2014DE05SFOP010").value == "Art. 25 VO (EU) 480/2014"
    assert annex().version("2021DE05SFPR010").value == "Anhang XIII VO (EU) 2021/1060"
    assert annex().version("").valid_from == date(2021, 1, 1)


def test_the_list_has_all_items_in_both_languages_and_every_version_a_source() -> None:
    known = annex()

    assert [item.number for item in known.items] == ALL
    assert all(item.text["de"] and item.text["en"] for item in known.items)
    assert all(entry.source for entry in known.versions.entries)
    assert all(known.reasons[each]["en"] for item in known.items for each in item.conditions)


def test_the_wording_is_the_laws_and_says_where_it_is_not() -> None:
    """English: OJ L 231, 30.6.2021, p. 159. German: the official text of items 1 to 8 only."""
    known = {item.number: item for item in annex().items}

    digest = sha256("\n".join(known[each].wording["en"] for each in ALL).encode()).hexdigest()
    assert digest == "5e3c661fdaa372e55921bfa77dde0101aac70e766c960572a21373b7ced3edfd"
    assert known[7].wording["de"] == "Informationen über die durchgeführten Prüfungen"
    assert [number for number, item in known.items() if item.translated] == [9, 10, 11, 12, 13]
    assert all(
        item.responsible["de"] and item.basis[2014] and item.basis[2021] for item in known.values()
    )


def test_each_item_names_the_provision_of_its_programming_period(year: SQLiteStore) -> None:
    assert row(year, 5).basis == "Art. 25 Abs. 1 Buchst. f VO (EU) 480/2014"


def test_what_was_renounced_before_anything_was_paid_needs_the_decision_alone(tell: Tell) -> None:
    feeds = Feeds()
    a_whole_year(feeds)
    feeds.record("budgeting.DecisionNotified", "ZIQ-3")

    found = matrix_of(tell(feeds), "ZIQ-3")

    assert found.is_complete
    reasons = {each.item: each.reason for each in found.rows if each.reason}
    assert set(reasons) == {3, 4, 5, 6, 7, 8, 10, 11, 12, 13}
    assert {each["en"] for each in reasons.values()} == {
        "the grant was renounced before anything was paid"
    }


def test_an_application_withdrawn_before_any_check_needs_none(year: SQLiteStore) -> None:
    found = matrix_of(year, "ZIQ-4")

    assert found.is_complete
    assert found.rows[0].status == EVIDENCED
    reason = found.rows[8].reason
    assert reason is not None
    assert reason["de"] == "der Antrag wurde vor jeder Prüfung zurückgenommen"


@pytest.mark.parametrize(
    ("forms", "asked", "not_asked"),
    [
        (["flat_rates"], 13, 12),
        (["unit_costs", "flat_rates"], 13, 12),
        (["real_costs"], 12, 13),
    ],
)
def test_only_the_form_in_which_a_programme_pays_is_asked_to_be_evidenced(
    tell: Tell, forms: list[str], asked: int, not_asked: int
) -> None:
    feeds = Feeds()
    paid_under(feeds, forms)

    store = tell(feeds)

    assert row(store, asked).status == MISSING
    assert row(store, not_asked).status == NOT_APPLICABLE
    reason = row(store, not_asked).reason
    assert reason is not None
    assert "(Art. 53" in reason["en"]


def test_real_costs_with_a_flat_rate_on_top_need_the_evidence_of_both(tell: Tell) -> None:
    feeds = Feeds()
    paid_under(feeds, ["real_costs", "flat_rates"])

    assert set(matrix_of(tell(feeds), "ZIQ-1").missing) >= {12, 13}


def test_a_payment_that_the_bank_returned_is_no_proof_of_payment(tell: Tell, paid: Feeds) -> None:
    returned(paid, "ZIQ-1")

    payment = row(tell(paid), 5)

    assert (payment.status, payment.lacks) == (MISSING, (("disbursement.PaymentExecuted",),))
    assert payment.events[-1].topic == "disbursement.PaymentReturned"


def test_a_claim_that_the_check_refused_was_checked(tell: Tell) -> None:
    feeds = Feeds()
    a_programme(feeds)
    received(feeds, "ZIQ-1")
    approved(feeds, "ZIQ-1")
    feeds.record("disbursement.ClaimSubmitted", "ZIQ-1", claim="c1")
    feeds.record("disbursement.CertificationRefused", "ZIQ-1", claim="c1")

    assert row(tell(feeds), 6).status == EVIDENCED


def test_every_event_that_the_list_names_is_one_that_services_record() -> None:
    named = {topic for item in annex().items for topic in item.topics}

    assert named <= set(FACTS)


def test_an_item_that_applies_to_something_unknown_is_a_mistake_in_the_list() -> None:
    item = {"number": 1, "de": "x", "en": "x", "applies_to": "sometimes"}

    with pytest.raises(ValueError, match="applies_to: expected one of"):
        read_annex({"versions": [A_VERSION], "items": [item], "applies_to": {"always": []}})


def test_a_condition_that_nobody_can_judge_is_a_mistake_in_the_list() -> None:
    item = {"number": 1, "de": "x", "en": "x", "applies_to": "always"}
    table = {"versions": [A_VERSION], "items": [item], "applies_to": {"always": ["moonlight"]}}

    with pytest.raises(ValueError, match="applies_to: expected some of"):
        read_annex(table)


def test_a_rejected_repeat_is_evidenced_by_its_finding(tell: Tell) -> None:
    feeds = Feeds()
    a_programme(feeds)
    received(feeds, "ZIQ-1")
    assessed(feeds, "ZIQ-1", "repeats_earlier_operation", "referred")
    rejected(feeds, "ZIQ-1")

    topics = {event.topic for event in row(tell(feeds), 1).events}

    assert {"eligibility.FoundIneligible", "budgeting.ApplicationRejected"} <= topics
