"""How rules are named, registered, configured and run. The rules themselves stand in `rules`.

Must not know any rule, event, store, clock or figure of law.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

from grant_values.shapes import Applicant, Declarations, FinancingPlan, Operation

Result: TypeAlias = Literal["met", "not_met", "referred"]
Inputs: TypeAlias = dict[str, str | int | bool | list[str]]
Parameters: TypeAlias = Mapping[str, Any]
Verdict: TypeAlias = tuple[Result, str, Inputs]
Judge: TypeAlias = Callable[["Case", Parameters], Verdict]
Reader: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class EarlierOperation:
    """The recorded original: the first application that arrived with the same fingerprint."""

    reference: str
    number: int | None


@dataclass(frozen=True)
class Case:
    """What the rules may look at. `original` is None where nothing earlier has the fingerprint."""

    applicant: Applicant
    operation: Operation
    plan: FinancingPlan
    declarations: Declarations
    received_on: date
    is_late: bool
    original: EarlierOperation | None


@dataclass(frozen=True)
class Check:
    """What one rule said about one case, with all that it looked at."""

    rule: str
    version: str
    inputs: Inputs
    result: Result
    explanation_code: str


@dataclass(frozen=True)
class Rule:
    """A rule in force: how each of its parameters is read, and how it judges."""

    required: Mapping[str, Reader]
    optional: Mapping[str, Reader]
    judge: Judge


REGISTRY: dict[tuple[str, str], Rule] = {}


def run(rules_config: Sequence[Mapping[str, Any]], case: Case) -> list[Check]:
    """Every rule of a definition over one case, in the order of the definition."""
    return [_check(configured, case) for configured in rules_config]


def unknown_rules(definition: Mapping[str, Any]) -> list[str]:
    """What keeps the rules of a definition from running, one sentence each; empty if nothing.

    Names unknown rules and versions, unknown or missing parameters and parameters out of form.
    """
    return [complaint for each in definition["rules"] for complaint in _complaints(each)]


def _check(configured: Mapping[str, Any], case: Case) -> Check:
    name, version = configured["id"], configured["version"]
    if complaints := _complaints(configured):
        raise ValueError("; ".join(complaints))
    found = REGISTRY[name, version]
    readers = {**found.required, **found.optional}
    given = configured.get("parameters", {})
    parameters = {key: readers[key](value) for key, value in given.items()}
    result, explanation_code, inputs = found.judge(case, parameters)
    return Check(name, version, inputs, result, explanation_code)


def _complaints(configured: Mapping[str, Any]) -> list[str]:
    name = f"rule {configured['id']} version {configured['version']}"
    found = REGISTRY.get((configured["id"], configured["version"]))
    if found is None:
        known = ", ".join(" ".join(key) for key in sorted(REGISTRY))
        return [f"{name} is unknown: expected one of {known}"]
    given = configured.get("parameters", {})
    missing = [f"{key}: expected a value" for key in found.required if key not in given]
    wrong = [f"{key}: {error}" for key, error in _reading_errors(found, given)]
    return [f"{name}: {complaint}" for complaint in [*missing, *wrong]]


def _reading_errors(found: Rule, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    readers = {**found.required, **found.optional}
    for key, value in given.items():
        if key not in readers:
            yield key, f"expected none but {', '.join(sorted(readers)) or 'an empty table'}"
            continue
        try:
            readers[key](value)
        except ValueError as error:
            yield key, str(error)


def rule(name: str, *, version: str = "1", **readers: Reader) -> Callable[[Judge], Judge]:
    """Register a rule. A reader whose name ends in "_" reads an optional parameter."""

    def register(judge: Judge) -> Judge:
        REGISTRY[name, version] = Rule(
            required={key: each for key, each in readers.items() if not key.endswith("_")},
            optional={key[:-1]: each for key, each in readers.items() if key.endswith("_")},
            judge=judge,
        )
        return judge

    return register


def text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("expected some text")
    return value


def texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("expected a list of texts")
    return tuple(text(each) for each in value)


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")
    return value


def day(value: Any) -> date:
    try:
        return date.fromisoformat(text(value))
    except ValueError as error:
        raise ValueError('expected a date such as "2014-01-01"') from error


def table_of(reader: Reader) -> Reader:
    """A reader of a table from codes to what `reader` reads."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or not value:
            raise ValueError("expected a table of codes")
        return {text(key): reader(each) for key, each in value.items()}

    return read
