"""Every reason in the services' code is in the closed lists, and every listed one is used.

The code is read as a syntax tree: where a reason is decided is known by the name of the function
or of the call that takes it.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from grant_contracts import reasons
from grant_contracts.answers import AnswerKind
from grant_contracts.registry import FACTS
from grant_disbursement.payment_file import REASONS_NOT_PAYABLE
from grant_values.personal import KINDS, PURPOSES
from pruefpfad.published.kinds import fact_fields

ROOT = Path(__file__).parents[2]
CODE = [
    *(path for path in ROOT.glob("services/grant_*/*.py") if path.parent.name != "grant_audit"),
    ROOT / "shared/grant_bus/desk.py",
    ROOT / "shared/grant_bus/operators.py",
    ROOT / "shared/grant_values/persons.py",
]
ACCESS = "AccessRefused"
# Functions whose returned texts are reasons, and calls that are given one, with the facts for it.
DECIDED_IN = {
    "_why_not_entitled": ACCESS,
    "_first_obstacle": "PlacedOnReserveList",
    "why_not_approvable": "ApprovalRefused",
    "why_not_decided_by": f"ApprovalRefused {ACCESS}",
    "why_not_erasable": "ErasureRefused",
    "why_not_proposable": "DisposalRefused",
    "why_not_disposable": "DisposalRefused",
    "_why_still_kept": "ErasureRefused DisposalRefused",
    "why_not_certify_factually": "CertificationRefused",
    "why_not_certify_arithmetically": "CertificationRefused",
    "why_not_authorise": "PaymentOrderRefused",
    "why_not_order": "PaymentOrderRefused",
    "reason_not_payable": "PaymentOrderRefused",
    "_why_not_payable": "PaymentOrderRefused",
    "_reason_account_not_payable": "PaymentOrderRefused",
}
GIVEN_TO = {
    "NotEntitled": ACCESS,
    "refuse": "PaymentRunRefused",
    "_refuse": "EarmarkRefused",
    "_release": "EarmarkReleased",
    "release_earmarks": "EarmarkReleased",
}
GIVEN_BY_PERSONS = {"KeyDestroyed"}
LISTED = {
    name: set(codes["reason"])
    for topic, codes in reasons.CODES.items()
    if "reason" in codes and (name := topic.partition(".")[2]) not in GIVEN_BY_PERSONS
}


def _texts(node: ast.AST | None) -> Iterator[str]:
    """The texts that an expression may come to."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _texts(value)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _used() -> dict[str, set[str]]:
    used: dict[str, set[str]] = defaultdict(set)
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name in DECIDED_IN:
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Return):
                        for fact in DECIDED_IN[node.name].split():
                            used[fact].update(_texts(inner.value))
            elif isinstance(node, ast.Call) and _name(node.func) in GIVEN_TO:
                given = [*node.args, *(each.value for each in node.keywords)][-1]
                used[GIVEN_TO[_name(node.func)]].update(_texts(given))
            elif isinstance(node, ast.FunctionDef) and node.name == "order_payment":
                # Here one guard stands among calls of the others.
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Assign) and _name(inner.targets[0]) == "reason":
                        used["PaymentOrderRefused"].update(_texts(inner.value))
    return used


@pytest.mark.parametrize("fact", sorted(LISTED))
def test_the_code_gives_the_listed_reasons_and_no_others(fact: str) -> None:
    assert _used()[fact] == LISTED[fact]


def test_no_function_that_says_why_not_escapes_this_test() -> None:
    names = {
        node.name
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and "why_not" in node.name
    }

    assert names <= set(DECIDED_IN)


def test_every_refusal_has_a_closed_list_of_reasons() -> None:
    refusals = {topic for topic in FACTS if topic.endswith("Refused")}

    assert refusals <= set(reasons.CODES)
    assert all("reason" in reasons.CODES[topic] for topic in refusals)


def test_every_closed_list_belongs_to_a_text_field_of_a_fact_and_says_what_each_code_means() -> (
    None
):
    for topic, lists in reasons.CODES.items():
        for field, codes in lists.items():
            assert fact_fields(FACTS[topic])[field] is str
            assert all(meaning.endswith(".") for meaning in codes.values())


def test_codes_that_are_no_reasons_stand_in_the_code_of_their_service() -> None:
    for topic, lists in reasons.CODES.items():
        for field, codes in lists.items():
            if field != "reason" and codes not in (PURPOSES, reasons.PERSONAL_KIND):
                assert set(codes) <= _constants(topic.partition(".")[0])


def test_each_kind_of_personal_data_has_a_meaning_and_a_purpose() -> None:
    assert set(KINDS) == set(reasons.PERSONAL_KIND)
    assert set(KINDS.values()) == set(PURPOSES)


def test_what_no_bank_carries_is_listed_as_the_payment_file_says_it() -> None:
    assert set(reasons.NOT_PAYABLE) == set(REASONS_NOT_PAYABLE)


def test_the_answers_are_those_of_the_contract_and_the_one_that_a_fault_gives() -> None:
    """A writer knows what became of a command; only on the way from it can that get lost."""
    assert set(reasons.ANSWER_KINDS) == {*get_args(AnswerKind), "unknown"}
    assert set(reasons.ANSWER_KINDS) - {"recorded", "refused"} == reasons.ERROR_CODES


def _constants(service: str) -> set[str]:
    return {
        node.value
        for path in ROOT.glob(f"services/grant_{service}/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
