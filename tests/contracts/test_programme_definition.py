"""The two example programmes meet the schema, and a broken definition is refused field by field."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError

from grant_contracts.programme import checked_definition, read_definition

EXAMPLES = Path(__file__).parents[2] / "examples"
ZIQ = (EXAMPLES / "zusammen-im-quartier" / "programme.toml").read_text(encoding="utf-8")
ESF = (EXAMPLES / "esf-nrw-2014-2020" / "programme.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", [ZIQ, ESF])
def test_a_definition_is_plain_json_and_stays_as_it_is_when_checked_again(text: str) -> None:
    definition = read_definition(text)

    assert checked_definition(definition) == definition


def test_every_figure_of_law_names_its_source() -> None:
    definition = read_definition(ZIQ)

    for part in ("figures", "rules", "unit_costs"):
        assert all(each["source"] for each in definition[part])


def test_the_unit_costs_of_2018_are_those_of_the_directive() -> None:
    costs = {each["function"]: each["month"] for each in read_definition(ZIQ)["unit_costs"]}

    assert costs == {"1.5.3.1.1": "7950.00", "1.5.3.1.2": "7380.00", "1.5.3.1.3": "6960.00"}


def test_a_posted_act_is_announced_on_the_fourth_day_since_2025() -> None:
    """§ 41 Abs. 2 VwVfG NRW."""
    for text in (ZIQ, ESF):
        rows = read_definition(text)["decision"]["announcement"]
        assert [(row["valid_from"], row["days"]) for row in rows][-1] == ("2025-01-01", 4)
        assert rows[0]["days"] == 3


def test_toml_dates_and_dates_as_text_are_the_same() -> None:
    dated = ZIQ.replace('valid_from = "2018-06-11"', "valid_from = 2018-06-11")

    assert dated != ZIQ
    assert read_definition(dated) == read_definition(ZIQ)


def test_a_definition_without_forms_of_costs_stays_the_same_and_one_with_them_keeps_them() -> None:
    """Art. 53 Abs. 1 VO (EU) 2021/1060; what was registered before must keep its hash."""
    forms = [{"form": "flat_rates", "source": "Bescheidmuster"}]

    assert "cost_forms" not in read_definition(ZIQ)
    assert checked_definition({**read_definition(ZIQ), "cost_forms": forms})["cost_forms"] == forms


def _change(path: str, value: Any) -> dict[str, Any]:
    definition = tomllib.loads(ZIQ)
    *parents, last = path.split(".")
    inner: Any = definition
    for key in parents:
        inner = inner[int(key) if isinstance(inner, list) else key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return definition


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        ("code", "Zusammen im Quartier", "code", "lower-case letters, digits and -"),
        ("rules", None, "rules", "expected a value"),
        ("rules", [], "rules", "some text"),
        ("moneyy", {}, "moneyy", "expected no field of this name"),
        ("money.esf_rate", 0.5, "money", "a rate from 0 to 1 as text"),
        ("money.esf_rate", "0.85", "money", "at most the lowest of the grant rates"),
        ("debtor.iban", "DE00999999992024000001", "debtor", "IBAN"),
        ("valid_from", "11.06.2018", "valid_from", "YYYY-MM-DD"),
        ("unit_costs.0.month", "7950.000", "unit_costs", "exactly two decimals"),
        ("unit_costs.0.month", 7950.0, "unit_costs", "as text"),
        ("addressees.0.kind", "Gemeinde!", "addressees", "lower-case letters, digits and _"),
        ("figures.0.certainty", "maybe", "figures", "one of"),
        ("decision.remedy.kind", "petition", "decision", "action, objection"),
    ],
)
def test_a_broken_definition_is_refused_and_the_field_is_named(
    path: str, value: Any, field: str, expected: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        checked_definition(_change(path, value))

    messages = refusal.value.normalized_messages()
    assert list(messages) == [field]
    assert expected.lower() in str(messages).lower()


def test_a_form_of_costs_that_the_law_does_not_know_is_refused() -> None:
    forms = [{"form": "guesses", "source": "x"}]

    with pytest.raises(ValidationError) as refused:
        checked_definition({**read_definition(ZIQ), "cost_forms": forms})

    assert "form" in refused.value.messages_dict["cost_forms"][0]


def test_two_rates_for_one_kind_are_refused() -> None:
    rates = tomllib.loads(ZIQ)["money"]["grant_rates"]

    with pytest.raises(ValidationError, match="expected each kind once"):
        checked_definition(_change("money.grant_rates", [*rates, rates[0]]))


def test_a_definition_says_of_every_purpose_why_data_are_kept() -> None:
    """Or the disposal of a case would leave keys that nobody decided to keep."""
    definition = tomllib.loads(ZIQ)
    purposes = definition["retention"]["purposes"]
    left = [each for each in purposes if each["purpose"] not in ("contact", "follow_up")]
    definition["retention"]["purposes"] = left

    with pytest.raises(ValidationError) as refused:
        checked_definition(definition)

    expected = ["expected every purpose; missing: contact, follow_up"]
    assert refused.value.messages == {"retention": {"purposes": expected}}


def test_broken_toml_is_refused_with_its_place() -> None:
    with pytest.raises(ValidationError, match=r"expected TOML: .*line 2"):
        read_definition('code = "x"\ntitle =\n')
