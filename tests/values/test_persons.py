"""Who is whom: one person has one id to every rule of two persons, however it is spelled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grant_values.persons import check_actor_id, is_among, same_person

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "spelled", ["S-1701", "s-1701", "S-1701 ", " S-1701", "S-1701\n", "Ｓ-1701", "S-17\u200b01"]
)
def test_one_person_is_the_same_in_each_spelling(spelled: str) -> None:
    assert same_person("S-1701", spelled)
    assert is_among(spelled, ("S-1", "S-1701"))


@pytest.mark.parametrize("other", ["S-1702", "S-170", "S1701", ""])
def test_another_id_is_another_person(other: str) -> None:
    assert not same_person("S-1701", other)
    assert not is_among(other, frozenset({"S-1701"}))


def test_folding_is_stable_where_one_letter_becomes_two() -> None:
    assert same_person("STRASSE", "straße")
    assert same_person("\u0345", "\u03b9")


@pytest.mark.parametrize("fit", ["S-1701", "client:portal", "system:operator", "a.b_c@d/e+f", "7"])
def test_staff_numbers_and_names_of_clients_are_ids(fit: str) -> None:
    check_actor_id(fit)


@pytest.mark.parametrize(
    "unfit", ["", " ", "S-1701 ", "S 1", "S\t1", "S\n", "-S", "Ｓ-1", "Ѕ-1", "é", "S" * 101]
)
def test_what_only_looks_like_an_id_is_none_and_the_error_says_what_is(unfit: str) -> None:
    with pytest.raises(ValueError, match="expected 1 to 100 of the letters A to Z, digits and"):
        check_actor_id(unfit)


COMPARED = re.compile(
    r"\.id (==|!=|in) |(==|!=|\bin) (by|second|decider|actor)\.id\b"
    r"|_by (==|!=) |(==|!=) [\w.]*_by\b"
)
_OF_NO_PERSON = {
    "shared/grant_bus/follower.py": "heard.asked_by == self.name",  # A service.
    "services/grant_intake/documents.py": "superseded_by == self.document",  # A document.
    "shared/grant_bus/question_desk.py": 'arguments.get("sender") != actor.id',  # Strictly oneself.
}


def test_nothing_compares_the_ids_of_persons_but_by_the_one_function() -> None:
    """Compared as text, two spellings of one person would be two persons."""
    for folder in ("services", "shared"):
        for path in (ROOT / folder).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            lines = [
                line
                for line in path.read_text(encoding="utf-8").splitlines()
                if COMPARED.search(line) and _OF_NO_PERSON.get(name, "\0") not in line
            ]
            assert [line for line in lines if "event.id" not in line] == [], name
