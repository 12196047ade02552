"""Other rules come as a whole definition or as changes; a slip of the pen is never no change."""

from __future__ import annotations

from datetime import date

import pytest
from marshmallow import ValidationError

from grant_values.invalid import Invalid
from pruefpfad.whatif.rules import NewRules, Window
from support.authority import DEFINITION, EXAMPLE


def rule(definition: object, name: str) -> dict[str, object]:
    rules = definition["rules"]  # type: ignore[index]
    return next(each for each in rules if each["id"] == name)


def test_tables_are_merged_and_everything_else_is_replaced() -> None:
    rules = NewRules.read('[money]\nesf_rate = "0.4"\n[decision.remedy]\nmonths = 2')

    changed = rules.in_place_of(DEFINITION)

    assert changed["money"]["esf_rate"] == "0.4"
    assert changed["money"]["grant_rates"] == DEFINITION["money"]["grant_rates"]
    assert changed["decision"]["remedy"]["months"] == 2
    assert changed["decision"]["remedy"]["kind"] == DEFINITION["decision"]["remedy"]["kind"]
    assert DEFINITION["money"]["esf_rate"] == "0.5"


def test_a_rule_of_the_same_id_keeps_what_is_not_named_and_another_one_comes_last() -> None:
    asked = """
    without_rules = ["own_share"]
    [[rules]]
    id = "within_programme_end"
    parameters = { date = 2023-12-31 }
    [[rules]]
    id = "eligible_from"
    version = "1"
    parameters = { date = "2021-01-01" }
    source = "test"
    """

    changed = NewRules.read(asked).in_place_of(DEFINITION)

    ends = rule(changed, "within_programme_end")["parameters"]
    assert ends == {"date": "2023-12-31", "expected": True}
    assert changed["rules"][-1]["id"] == "eligible_from"
    assert len(changed["rules"]) == len(DEFINITION["rules"])
    assert "own_share" not in [each["id"] for each in changed["rules"]]


def test_a_whole_definition_takes_the_place_of_the_recorded_one() -> None:
    rules = NewRules.read((EXAMPLE / "programme.toml").read_text(encoding="utf-8"))

    assert rules.programme == DEFINITION["code"]
    assert rules.in_place_of({**DEFINITION, "version": "old"}) == DEFINITION


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("", "rules"),
        ('[monney]\nesf_rate = "0.4"', "monney"),
        ("version = 2", "version"),
        ("[money", "definition"),
        ('[calls."2020-11"]\ncloses_on = "soon"', "calls"),
        ('[calls."2020-11"]\nopens_on = 2020-01-01', "calls"),
        ("calls = 2020-01-01", "calls"),
    ],
)
def test_what_changes_nothing_that_is_known_is_refused(asked: str, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NewRules.read(asked)

    assert field in refused.value.messages_dict


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ('[money]\nesf_rate = "5"', "money"),
        ('without_rules = ["own_shares"]', "without_rules"),
        ('[[rules]]\nversion = "1"', "rules"),
        ('[[rules]]\nid = "eligible_form"\nversion = "1"\nsource = "x"', "rules"),
        ('[[rules]]\nid = "own_share"\nparameters = { rate = "1" }', "rules"),
    ],
)
def test_a_definition_that_could_not_be_registered_is_refused(asked: str, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NewRules.read(asked).in_place_of(DEFINITION)

    assert field in refused.value.messages_dict


def test_a_window_holds_its_first_and_last_day() -> None:
    window = Window(date(2020, 1, 1), date(2020, 12, 31))

    assert window.holds(date(2020, 1, 1)) and window.holds(date(2020, 12, 31))
    assert not window.holds(date(2019, 12, 31)) and not window.holds(date(2021, 1, 1))
    assert Window(None, None).holds(date(1999, 1, 1))


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(Invalid, match="to: expected a day not before 2020-01-02"):
        Window(date(2020, 1, 2), date(2020, 1, 1))
