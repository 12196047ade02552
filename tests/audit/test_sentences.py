"""Every event and every reason can be read by a case officer, in German and in English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import grant_budgeting
import grant_bus
import grant_disbursement
import grant_eligibility
from audit.feeds import TERMS, a_fact
from grant_audit.case_file import STATES
from grant_audit.proofs import OUTCOMES
from grant_audit.queries import history
from grant_audit.sentences import LANGUAGES, Language, Wording, sentence, word
from grant_contracts.answer_codes import ANSWER_CODES
from grant_contracts.registry import FACTS
from grant_eligibility import rules
from grant_eligibility.rulebook import REGISTRY
from grant_store.sqlite import SQLiteStore

SNAKE = re.compile(r"^[a-z]+(_[a-z]+)*$")


def told(topic: str, language: Language = "de", **given: Any) -> str:
    return sentence({"type": topic, "data": a_fact(topic, **given)}, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("topic", sorted(FACTS))
def test_every_event_has_a_sentence_that_its_own_fields_fill(
    topic: str, language: Language
) -> None:
    text = told(topic, language)
    assert text.endswith(".")
    assert not re.search(r"[{}]|None|\bTrue\b|\bFalse\b|\[\]", text)


def test_both_languages_have_the_same_sentences_and_the_same_terms() -> None:
    german, english = Wording("de"), Wording("en")
    assert set(german.sentences) == set(english.sentences)
    only_english = {"month"}  # German dates are told in figures.
    assert set(german.lists) == set(english.lists) - only_english
    for name, terms in german.lists.items():
        assert set(terms) == set(english.lists[name]), name


def test_no_sentence_stands_there_for_an_event_that_does_not_exist() -> None:
    names = {topic.partition(".")[2] for topic in FACTS}
    assert {name for name in Wording("de").sentences if name not in FACTS} <= names


def test_a_received_application_reads_like_a_note_in_the_file() -> None:
    assert told("intake.ApplicationSubmitted", reference="ZIQ-2019-0001") == (
        "Antrag ZIQ-2019-0001 am 01.02.2019 fristgerecht eingegangen (über das Portal): "
        "„Nachbarschaftstreff“, förderfähig 1.000,00 €, beantragt 800,00 €."
    )


def test_an_instant_is_told_as_the_legal_date_in_germany() -> None:
    late = told("intake.ApplicationSubmitted", received_at="2019-02-28T23:30:00Z", late=True)
    assert "am 01.03.2019 verspätet eingegangen" in late


def test_a_grant_decision_names_amount_tranches_and_both_who_signed_an_override() -> None:
    text = told(
        "budgeting.GrantApproved",
        decided_by="d-1",
        seconded_by="d-2",
        override_reason="Zusage vor Ort",
    )
    assert text == (
        "Zuwendungsbescheid vom 01.03.2019 über 800,00 € (ESF 2019: 500,00 €, "
        "Land 2019: 300,00 €), gezeichnet von d-1 und d-2. Abweichung begründet: Zusage vor Ort."
    )


def test_a_grant_decision_without_an_override_does_not_speak_of_one() -> None:
    text = told("budgeting.GrantApproved", "en", decided_by="d-1")
    assert text == (
        "Grant decision of 1 March 2019 for EUR 800.00 (ESF 2019: EUR 500.00, "
        "Land 2019: EUR 300.00), signed by d-1."
    )


def test_large_amounts_are_grouped_as_each_language_does() -> None:
    terms = {**TERMS, "grant_cents": 123_456_789}
    assert "1.234.567,89 €" in told("budgeting.GrantApproved", terms=terms)
    assert "EUR 1,234,567.89" in told("budgeting.GrantApproved", "en", terms=terms)


def test_missing_documents_are_named_and_none_is_not() -> None:
    incomplete = told(
        "intake.CompletenessChecked", complete=False, missing=["Satzung", "Finanzplan"]
    )
    assert "unvollständig; es fehlen: Satzung, Finanzplan." in incomplete
    assert told("intake.CompletenessChecked", missing=[]).endswith("Antrag vollständig.")


def test_free_text_stays_as_it_was_written() -> None:
    assert told("intake.ApplicationWithdrawn", reason="Kein Bedarf mehr").endswith(
        "zurückgenommen: Kein Bedarf mehr."
    )


def test_free_text_that_ends_with_a_full_stop_does_not_make_two() -> None:
    assert told("eligibility.FindingProposed", reasons="Alles passt.").endswith("Alles passt.")
    assert "passt.." not in told("eligibility.FindingProposed", reasons="Alles passt.")


def test_a_posting_names_its_budget_line(year: SQLiteStore) -> None:
    postings = {
        sentence(entry)
        for entry in history(year, "ZIQ-1")
        if entry["type"] in ("budgeting.FundsEarmarked", "budgeting.FundsSpent")
    }
    assert postings == {
        "500,00 € auf der Haushaltslinie ESF 2019 vorgemerkt.",
        "300,00 € auf der Haushaltslinie Land 2019 vorgemerkt.",
        "500,00 € zum 01.03.2019 als Ausgabe der Haushaltslinie ESF 2019 gebucht "
        "(Anordnung ZIQ-1-o1).",
        "300,00 € zum 01.03.2019 als Ausgabe der Haushaltslinie Land 2019 gebucht "
        "(Anordnung ZIQ-1-o1).",
    }


def test_an_event_without_a_sentence_is_an_error_and_not_an_empty_line() -> None:
    with pytest.raises(LookupError, match=r"intake\.Nothing has no sentence in de"):
        sentence({"type": "intake.Nothing", "data": {}})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_outcome_rule_and_role_has_wording(language: Language) -> None:
    lists = Wording(language).lists
    assert set(STATES) == set(lists["state"])
    assert set(OUTCOMES) == set(lists["outcome"])
    assert {rule for rule, _ in REGISTRY} <= set(lists["rule"])
    assert word("paid_in_part", "state", "de") == "teilweise ausgezahlt"


def test_every_explanation_that_a_rule_can_give_has_wording() -> None:
    source = Path(str(rules.__file__)).read_text("utf-8")
    explained = {
        verdict.elts[1].value
        for verdict in ast.walk(ast.parse(source))
        if isinstance(verdict, ast.Tuple)
        and len(verdict.elts) == 3
        and isinstance(verdict.elts[0], ast.Constant)
        and verdict.elts[0].value in ("met", "not_met", "referred")
        and isinstance(verdict.elts[1], ast.Constant)
    }
    assert len(explained) > 40
    assert explained == set(Wording("de").lists["explanation"])


def test_every_reason_for_which_a_service_refuses_has_wording() -> None:
    given = {
        reason
        for package in (grant_bus, grant_eligibility, grant_budgeting, grant_disbursement)
        for path in sorted(Path(package.__path__[0]).glob("*.py"))
        for reason in _reasons_in(ast.parse(path.read_text("utf-8")))
    }
    assert {"role_not_entitled", "ceiling_exceeded", "same_person", "iban_invalid"} <= given
    assert given <= set(Wording("de").lists["reason"])


def test_every_code_of_an_answer_has_wording() -> None:
    assert set(ANSWER_CODES) == set(Wording("de").lists["answer_code"])
    assert word("too_many_requests", "answer_code", "de") == "zu viele Aufträge in kurzer Zeit"


def _reasons_in(module: ast.Module) -> Iterator[str]:
    """What a function about reasons returns, and what is raised or recorded as one."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and re.search("why_not|reason|obstacle", node.name):
            returned = (each.value for each in ast.walk(node) if isinstance(each, ast.Return))
            yield from (text for value in returned if value for text in _texts(value))
        if isinstance(node, ast.keyword) and node.arg == "reason":
            yield from _texts(node.value)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "NotEntitled":
            yield from (text for value in node.args for text in _texts(value))


def _texts(value: ast.expr) -> Iterator[str]:
    if (
        isinstance(value, ast.Constant)
        and isinstance(value.value, str)
        and SNAKE.match(value.value)
    ):
        yield value.value
