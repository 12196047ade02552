"""Documents go on file by hash with holder and place, and items of Annex XIII may not apply."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from grant_contracts.answers import Answer
from grant_intake.documents import FiledDocument
from grant_values.cases import case_id_of
from intake.conftest import A_DOCUMENT
from support.authority import APPLICATION, CASE, Bureau, person
from support.bad_input import assert_form_is_checked, assert_invalid, changed

CHECKER = "formal_checker"
ON_CASE = {"reference": CASE, "effective_on": "2021-01-06"}


@pytest.fixture
def office(intake: Bureau) -> Bureau:
    """An intake with one application."""
    answer = intake.ask("submit_application", person("applicant"), **APPLICATION)
    assert answer.kind == "recorded"
    return intake


def file(office: Bureau, **changes: Any) -> Answer:
    return office.ask("file_document", person(CHECKER), **(A_DOCUMENT | changes))


def supersede(office: Bureau, **changes: Any) -> Answer:
    payload = {**ON_CASE, "document": "report-1", "superseded_by": "report-2", "reason": "Neu"}
    return office.ask("supersede_document", person(CHECKER), **(payload | changes))


def declare(office: Bureau, command: str = "declare_not_applicable", **changes: Any) -> Answer:
    payload = {**ON_CASE, "item": 4, "reason": "Es wird nichts gebaut."}
    return office.ask(command, person(CHECKER), **(payload | changes))


def test_a_filed_document_says_what_it_is_who_holds_it_and_where(office: Bureau) -> None:
    assert file(office).kind == "recorded"

    [filed] = office.events("DocumentFiled")
    assert (filed.case_id, filed.reference) == (case_id_of(CASE), CASE)
    assert (filed.holder, filed.location) == (A_DOCUMENT["holder"], A_DOCUMENT["location"])
    assert (filed.sha256, filed.size_bytes) == ("ab" * 32, 40_960)
    assert (filed.filed_by, filed.effective_on) == ("S-1101", date(2021, 1, 5))


def test_the_items_that_a_document_evidences_stand_in_order_and_once(office: Bureau) -> None:
    file(office, items=[10, 3, 10])

    [filed] = office.events("DocumentFiled")
    assert filed.items == (3, 10)


def test_an_event_on_a_document_bears_its_case_so_that_followers_find_it(office: Bureau) -> None:
    file(office)
    file(office, document="report-2")
    supersede(office)

    rows = office.store.events_after(office.head - 3, 3)
    assert all(str(case_id_of(CASE)).encode() in row.metadata for row in rows)


def test_an_id_is_given_once_within_a_case(office: Bureau) -> None:
    file(office)

    expected = assert_invalid(office, CHECKER, "file_document", A_DOCUMENT, "payload.document")
    assert "report-1 was filed before" in expected


def test_a_document_of_a_case_that_is_not_known_waits(intake: Bureau) -> None:
    assert file(intake).kind == "not_yet"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("document", "mit Leerzeichen"),
        ("sha256", "AB" * 32),
        ("mime", "pdf"),
        ("size_bytes", 0),
        ("size_bytes", 2**41),
        ("holder", ""),
        ("location", ""),
        ("retention_class", "Grant File"),
        ("effective_on", "2020-11-01"),
    ],
)
def test_a_document_in_another_form_is_refused_with_its_field(
    office: Bureau, field: str, value: Any
) -> None:
    payload = changed(A_DOCUMENT, field, value)

    assert assert_invalid(office, CHECKER, "file_document", payload, f"payload.{field}")


def test_an_item_beyond_the_annex_is_refused(office: Bureau) -> None:
    payload = A_DOCUMENT | {"items": [14]}

    expected = assert_invalid(office, CHECKER, "file_document", payload, "payload.items.0")
    assert expected == "expected an item of Annex XIII, from 1 to 13"


def test_the_form_of_filing_is_checked(office: Bureau) -> None:
    assert_form_is_checked(office, CHECKER, "file_document", A_DOCUMENT)


def test_a_superseded_document_stays_and_says_what_took_its_place(office: Bureau) -> None:
    file(office)
    file(office, document="report-2", sha256="cd" * 32)

    assert supersede(office).kind == "recorded"

    document = office.rebuilt(FiledDocument.create_id(case_id_of(CASE), "report-1"))
    assert document.superseded_by == "report-2"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"document": "report-9"}, "document"),
        ({"superseded_by": "report-9"}, "superseded_by"),
        ({"superseded_by": "report-1"}, "superseded_by"),
        ({"effective_on": "2021-01-04"}, "effective_on"),
    ],
)
def test_only_a_filed_document_takes_the_place_of_another_filed_one(
    office: Bureau, changes: dict[str, str], field: str
) -> None:
    file(office)
    file(office, document="report-2")

    answer = supersede(office, **changes)

    assert (answer.kind, list(answer.errors)) == ("invalid", [f"payload.{field}"])


def test_a_document_is_superseded_once(office: Bureau) -> None:
    for name in ("report-1", "report-2", "report-3"):
        file(office, document=name)
    supersede(office)

    answer = supersede(office, superseded_by="report-3")

    assert "report-2 took its place before" in answer.errors["payload.document"][0]


def test_an_item_that_does_not_apply_is_declared_with_a_reason(office: Bureau) -> None:
    assert declare(office).kind == "recorded"

    [declared] = office.events("ItemDeclaredNotApplicable")
    assert (declared.item, declared.reason) == (4, "Es wird nichts gebaut.")
    assert declared.declared_by == "S-1101"


def test_the_same_declaration_again_records_nothing_and_another_reason_does(
    office: Bureau,
) -> None:
    declare(office)
    head = office.head

    assert declare(office).kind == "recorded"
    assert office.head == head
    assert declare(office, reason="Kein Anlagevermögen.").kind == "recorded"
    assert office.head == head + 1


def test_a_declaration_can_be_taken_back_and_made_again(office: Bureau) -> None:
    declare(office)

    assert declare(office, "declare_applicable", reason="Doch gebaut.").kind == "recorded"
    assert declare(office).kind == "recorded"

    kinds = [kind for kind in office.kinds() if kind.startswith("ItemDeclared")]
    assert kinds == [
        "ItemDeclaredNotApplicable",
        "ItemDeclaredApplicable",
        "ItemDeclaredNotApplicable",
    ]


def test_only_what_was_declared_can_be_taken_back(office: Bureau) -> None:
    answer = declare(office, "declare_applicable")

    expected = "expected one that was declared not applicable"
    assert answer.errors == {"payload.item": [expected]}


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"item": 0}, "item"), ({"item": 14}, "item"), ({"reason": ""}, "reason")],
)
def test_a_declaration_names_an_item_of_the_annex_and_a_reason(
    office: Bureau, changes: dict[str, Any], field: str
) -> None:
    answer = declare(office, **changes)

    assert (answer.kind, list(answer.errors)) == ("invalid", [f"payload.{field}"])


def test_nothing_is_declared_of_a_case_before_its_receipt(office: Bureau) -> None:
    answer = declare(office, effective_on="2020-01-01")

    assert list(answer.errors) == ["payload.effective_on"]
