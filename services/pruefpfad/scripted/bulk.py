"""A whole list of operations through the whole life of a grant, played by a script.

Stage after stage, so that thousands of commands share few transactions. Sent again, every command
gets its recorded answer, and nothing new happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from grant_contracts.answers import Answer
from grant_values.cases import case_id_of
from pruefpfad.scripted import script
from pruefpfad.scripted.bulk_payments import pay_everything
from pruefpfad.scripted.scenario import Records, Scenario
from pruefpfad.scripted.script import Role, recorded
from pruefpfad.scripted.stages import Stages
from pruefpfad.sources.operation_list import BrokenRow, ListedOperation

REPEATS = "not_funded_before"


class BulkRun:
    """Plays one list, from its programme to the last confirmed payment."""

    def __init__(self, stages: Stages, records: Records, scenario: Scenario) -> None:
        self._stages = stages
        self._records = records
        self._scenario = scenario
        self._starts: dict[str, str] = {}

    def play(self, rows: Iterable[ListedOperation | BrokenRow]) -> list[BrokenRow]:
        """The whole life of all rows. Returns the rows that could not be read or were invalid."""
        self._register()
        self._open_budget()
        broken = self._submit(rows)
        self._assess()
        self._decide()
        pay_everything(self._stages, self._records, self._scenario)
        return broken

    def _register(self) -> None:
        scenario = self._scenario
        programme, version = scenario.programme, scenario.definition["version"]
        register = self._stages.message(
            script.MANAGING_AUTHORITY,
            "intake.register_programme",
            f"programme:{programme}:{version}",
            definition=scenario.definition,
        )
        open_call = self._stages.message(
            script.MANAGING_AUTHORITY,
            "intake.open_call",
            f"call:{programme}:{scenario.call}",
            programme=programme,
            programme_version=version,
            call=scenario.call,
            opens_on=scenario.settings["opens_on"],
            closes_on=scenario.settings["closes_on"],
        )
        self._stages.record("programme", [register])
        self._stages.record("call", [open_call])

    def _open_budget(self) -> None:
        scenario, budget = self._scenario, self._scenario.settings["budget"]
        lines = [
            self._stages.message(
                script.BUDGET_OFFICER,
                "budgeting.open_budget_line",
                f"line:{scenario.programme}:{budget['fund']}:{year}",
                programme=scenario.programme,
                fund=budget["fund"],
                year=year,
                ceiling=budget["ceiling"],
                effective_on=scenario.settings["opens_on"],
            )
            for year in scenario.years
        ]
        self._stages.record("budget lines", lines)

    def _submit(self, rows: Iterable[ListedOperation | BrokenRow]) -> list[BrokenRow]:
        """Hand in every row, the lowest number of several first: that one is the original.

        Repeats wait until their originals are recorded, because commands that are under way
        together may be recorded in any order. All stages go through the cases in the order of
        their ids, because the stores keep them so: what comes next then lies beside it.
        """
        readable, broken = _sorted_out(rows)
        first: dict[str, ListedOperation] = {}
        for row in readable:
            first.setdefault(row.fingerprint, row)
        repeats = [row for row in readable if first[row.fingerprint] is not row]
        originals = sorted(first.values(), key=lambda row: case_id_of(row.reference))
        broken += self._submit_stage("submit", originals)
        broken += self._submit_stage("submit repeats", repeats)
        return broken

    def _submit_stage(self, stage: str, rows: Sequence[ListedOperation]) -> list[BrokenRow]:
        messages = [
            self._stages.message(
                script.APPLICANT,
                "intake.submit_application",
                f"{row.reference}:submit",
                **row.payload,
            )
            for row in rows
        ]
        invalid = []
        for row, answer in zip(rows, self._stages.send(stage, messages), strict=True):
            if answer.kind == "invalid":
                invalid.append(_invalid(row, answer))
            else:
                recorded([answer])
                self._starts[row.reference] = row.payload["operation"]["starts_on"]
        return invalid

    def _assess(self) -> None:
        self._each_case(
            "completeness",
            script.CHECKER,
            "intake.check_completeness",
            "completeness",
            lambda reference: {"missing": [], "checklist": "demonstration-v1"},
        )
        findings = {
            case.reference: self._finding(case.eligibility)
            for case in self._records.every_case("eligibility")
        }
        self._each_case(
            "proposal",
            script.CHECKER,
            "eligibility.propose_finding",
            "proposal",
            findings.__getitem__,
        )
        self._each_case(
            "signature",
            script.SECOND_CHECKER,
            "eligibility.sign_finding",
            "signature",
            lambda reference: {},
        )

    def _finding(self, assessed: Mapping[str, Any]) -> dict[str, Any]:
        """Repeats, and what a rule speaks against, are found ineligible; early starts eligible with
        a recorded reason."""
        reasons = self._scenario.settings["reasons"]
        referred = assessed.get("referral", {}).get("rules", ())
        if REPEATS in referred:
            return {"eligible": False, "reasons": reasons["repeat"]}
        results = {check["result"] for check in assessed.get("checks", ())}
        if "not_met" in results or not assessed["tranches"]:
            return {"eligible": False, "reasons": reasons["not_met"]}
        return {"eligible": True, "reasons": reasons["early_start"] if referred else ""}

    def _decide(self) -> None:
        found = {
            case.reference: case.eligibility["finding"]
            for case in self._records.every_case("eligibility")
        }
        eligible = [reference for reference in self._starts if found[reference]["eligible"]]
        ineligible = [reference for reference in self._starts if not found[reference]["eligible"]]
        self._each_case(
            "decision",
            script.DECIDER,
            "budgeting.approve_grant",
            "approval",
            lambda reference: {"reasons": found[reference]["reasons"]},
            eligible,
        )
        self._each_case(
            "decision",
            script.DECIDER,
            "budgeting.reject_application",
            "rejection",
            lambda reference: {"reasons": self._rejection(found[reference]["reasons"])},
            ineligible,
        )
        self._each_case(
            "notification",
            script.DECIDER,
            "budgeting.notify_decision",
            "notification",
            lambda reference: {"channel": "electronic"},
        )
        self._each_case(
            "waiver",
            script.DECIDER,
            "budgeting.waive_remedy",
            "waiver",
            lambda reference: {},
        )

    def _rejection(self, facts: str) -> dict[str, str]:
        reasons = self._scenario.settings["reasons"]
        why = "rejection" if facts == reasons["repeat"] else "not_met"
        law, discretion = reasons[f"{why}_law"], reasons[f"{why}_discretion"]
        return {"facts": facts, "law": law, "discretion": discretion}

    def _each_case(
        self,
        step: str,
        role: Role,
        command: str,
        stage: str,
        payload: Callable[[str], dict[str, Any]],
        references: Iterable[str] | None = None,
    ) -> None:
        messages = [
            self._stages.message(
                role,
                command,
                f"{reference}:{stage}",
                reference=reference,
                effective_on=self._scenario.day(step, self._starts[reference]),
                **payload(reference),
            )
            for reference in (self._starts if references is None else references)
        ]
        self._stages.record(stage, messages)


def _sorted_out(
    rows: Iterable[ListedOperation | BrokenRow],
) -> tuple[list[ListedOperation], list[BrokenRow]]:
    """The readable rows in order of their number, and the broken ones."""
    readable: list[ListedOperation] = []
    broken: list[BrokenRow] = []
    for row in rows:
        if isinstance(row, BrokenRow):
            broken.append(row)
        else:
            readable.append(row)
    return sorted(readable, key=lambda row: row.number), broken


def _invalid(row: ListedOperation, answer: Answer) -> BrokenRow:
    field, expected = next(iter(answer.errors.items()))
    return BrokenRow(row.number, row.line, field, "; ".join(expected))
