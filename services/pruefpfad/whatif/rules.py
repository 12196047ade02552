"""Other rules for a programme: a whole definition, or what is to be otherwise in the recorded one.

Responsible for the definition that takes the place of the recorded one. Must not know cases.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import deepcopy
from datetime import date
from typing import Any

from marshmallow import ValidationError

from grant_contracts.programme import checked_definition, read_plain
from grant_eligibility.rules import unknown_rules
from grant_values.invalid import Invalid

WITHOUT_RULES = "without_rules"
CALLS = "calls"
_MAY_BE_CHANGED = ("money", "rules", "decision", WITHOUT_RULES, CALLS)

Definition = Mapping[str, Any]


class NewRules:
    """What is asked for. `programme` is the code of a whole definition, None for changes."""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._asked = asked
        self.programme: str | None = asked.get("code")
        if self.programme is None:
            _check_changes(asked)
        self._closes_on = {} if self.programme else _closing_days(asked.get(CALLS, {}))
        self._made: dict[str, Definition] = {}

    @classmethod
    def read(cls, text: str) -> NewRules:
        """From TOML. ValidationError names each field and what was expected."""
        return cls(read_plain(text))

    @property
    def calls(self) -> Collection[str]:
        """The calls that are to close on another day."""
        return self._closes_on.keys()

    def closes_on(self, call: str) -> date | None:
        """The last day of a call, if it is to be another one."""
        return self._closes_on.get(call)

    def in_place_of(self, recorded: Definition) -> Definition:
        """The definition under which a case is judged now, instead of the recorded one."""
        key = f"{recorded['code']}/{recorded['version']}"
        if key not in self._made:
            changed = self._asked if self.programme else _changed(recorded, self._asked)
            self._made[key] = _complete(changed)
        return self._made[key]


class Window:
    """The days of receipt for which other rules are asked for, both included; None: no limit."""

    def __init__(self, first: date | None, last: date | None) -> None:
        if first and last and last < first:
            raise Invalid("to", f"expected a day not before {first}")
        self.first = first or date.min
        self.last = last or date.max

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last


def _check_changes(asked: Mapping[str, Any]) -> None:
    """A slip of the pen must not pass for a change that changes nothing."""
    unknown = [name for name in asked if name not in _MAY_BE_CHANGED]
    if unknown or not asked:
        expected = f"expected a whole definition with its code, or some of {_MAY_BE_CHANGED}"
        raise ValidationError({name: [expected] for name in unknown or ["rules"]})


def _closing_days(asked: Any) -> dict[str, date]:
    """The last day of each call that is named: `[calls."2020-11"]`, `closes_on = 2021-02-28`."""
    calls = asked if isinstance(asked, dict) else {"": asked}
    days = {}
    for name, call in calls.items():
        try:
            [(key, day)] = call.items()
            days[name] = {"closes_on": date.fromisoformat}[key](day)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            expected = "expected closes_on and nothing else, a day such as 2021-02-28"
            raise ValidationError({CALLS: {name: [expected]}}) from error
    return days


def _changed(recorded: Definition, asked: Mapping[str, Any]) -> dict[str, Any]:
    definition = deepcopy(dict(recorded))
    for name in ("money", "decision"):
        definition[name] = _merged(definition[name], asked.get(name, {}))
    without = asked.get(WITHOUT_RULES, [])
    present = [rule["id"] for rule in definition["rules"]]
    if missing := [name for name in without if name not in present]:
        expected = f"expected rules of the definition ({', '.join(present)}), not {missing}"
        raise ValidationError({WITHOUT_RULES: [expected]})
    kept = [rule for rule in definition["rules"] if rule["id"] not in without]
    definition["rules"] = _with_rules(kept, asked.get("rules", []))
    return definition


def _with_rules(recorded: list[Any], asked: list[Any]) -> list[Any]:
    """A rule of the same id takes the place of the recorded one; another one comes last."""
    for index, rule in enumerate(asked):
        if not isinstance(rule, dict) or "id" not in rule:
            raise ValidationError({"rules": {index: {"id": ["expected the id of a rule"]}}})
    by_id = {rule["id"]: rule for rule in asked}
    rules = [_merged(rule, by_id.pop(rule["id"], {})) for rule in recorded]
    return [*rules, *by_id.values()]


def _merged(recorded: Any, asked: Any) -> Any:
    """Tables are merged key by key; anything else takes the place of what was there."""
    if isinstance(recorded, dict) and isinstance(asked, dict):
        return {**recorded, **{key: _merged(recorded.get(key), asked[key]) for key in asked}}
    return asked


def _complete(definition: Mapping[str, Any]) -> Definition:
    checked = checked_definition(definition)
    if complaints := unknown_rules(checked):
        raise ValidationError({"rules": complaints})
    return checked
