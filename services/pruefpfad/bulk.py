"""A whole list of operations through the whole life of a grant, played by a script.

Stage after stage, so that thousands of commands share few transactions. Sent again, every command
gets its recorded answer, and nothing new happens.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from grant_contracts.answers import Answer
from pruefpfad import script
from pruefpfad.operation_list import BrokenRow, ListedOperation
from pruefpfad.script import Authority, Cast, Message, Role, recorded

CHUNK = 250
REPEATS = "not_funded_before"

Progress = Callable[[str, int, int], None]


class CaseRecord(Protocol):
    """What the script reads of a case in the auditor's case file."""

    @property
    def reference(self) -> str: ...
    @property
    def eligibility(self) -> dict[str, Any]: ...
    @property
    def disbursement(self) -> dict[str, Any]: ...
    @property
    def is_awarded(self) -> bool: ...
    @property
    def terms(self) -> dict[str, Any]: ...


class Records(Protocol):
    """The case files, wherever they are kept."""

    def every_case(self) -> Iterator[CaseRecord]: ...
    def orders_of_run(self, run: str) -> Sequence[dict[str, str]]: ...


@dataclass(frozen=True)
class Scenario:
    """What the list does not say: read from a demonstration file, invented and marked so there."""

    definition: dict[str, Any]
    settings: dict[str, Any]

    @classmethod
    def read(cls, definition: dict[str, Any], path: Path) -> Scenario:
        return cls(definition, tomllib.loads(path.read_text(encoding="utf-8")))

    @property
    def programme(self) -> str:
        return str(self.definition["code"])

    @property
    def call(self) -> str:
        return str(self.settings["call"])

    @property
    def years(self) -> range:
        budget = self.settings["budget"]
        return range(budget["first_year"], budget["last_year"] + 1)

    def day(self, step: str, starts_on: str) -> str:
        offset = timedelta(days=self.settings["days"][step])
        return (date.fromisoformat(starts_on) + offset).isoformat()

    def year_end(self, step: str, year: int) -> str:
        return f"{year}-{self.settings['year_end'][step]}"

    def cast(self, key: Any) -> Cast:
        return Cast(
            key,
            date.fromisoformat(self.settings["mandates_from"]),
            date.fromisoformat(self.settings["mandates_until"]),
        )


class BulkRun:
    """Plays one list. `progress(stage, done, total)` is told after every chunk."""

    def __init__(
        self,
        authority: Authority,
        records: Records,
        scenario: Scenario,
        cast: Cast,
        progress: Progress,
    ) -> None:
        self._authority = authority
        self._records = records
        self._scenario = scenario
        self._cast = cast
        self._progress = progress
        self._starts: dict[str, str] = {}

    def play(self, rows: Iterable[ListedOperation | BrokenRow]) -> list[BrokenRow]:
        """The whole life of all rows. Returns the rows that could not be read or were invalid."""
        self._prepare()
        broken = self._submit(rows)
        self._assess()
        self._decide()
        for year in self._scenario.years:
            self._pay(year)
        return broken

    def _prepare(self) -> None:
        scenario, budget = self._scenario, self._scenario.settings["budget"]
        self._all(
            self._of(
                script.MANAGING_AUTHORITY,
                "intake.register_programme",
                "programme",
                definition=scenario.definition,
            ),
        )
        self._all(
            self._of(
                script.MANAGING_AUTHORITY,
                "intake.open_call",
                f"call:{scenario.call}",
                programme=scenario.programme,
                programme_version=scenario.definition["version"],
                call=scenario.call,
                opens_on=scenario.settings["opens_on"],
                closes_on=scenario.settings["closes_on"],
            ),
        )
        self._all(
            *(
                self._of(
                    script.BUDGET_OFFICER,
                    "budgeting.open_budget_line",
                    f"line:{budget['fund']}:{year}",
                    programme=scenario.programme,
                    fund=budget["fund"],
                    year=year,
                    ceiling=budget["ceiling"],
                    effective_on=scenario.settings["opens_on"],
                )
                for year in scenario.years
            ),
        )

    def _submit(self, rows: Iterable[ListedOperation | BrokenRow]) -> list[BrokenRow]:
        """Hand in every row in the order of its number: the lowest of several is the original."""
        readable: list[ListedOperation] = []
        broken: list[BrokenRow] = []
        for row in rows:
            if isinstance(row, BrokenRow):
                broken.append(row)
            else:
                readable.append(row)
        readable.sort(key=lambda row: row.number)
        messages = [
            self._of(
                script.APPLICANT,
                "intake.submit_application",
                f"{row.reference}:submit",
                **row.payload,
            )
            for row in readable
        ]
        answers = self._stage("submit", messages)
        for row, answer in zip(readable, answers, strict=True):
            if answer.kind == "invalid":
                broken.append(_invalid(row, answer))
            else:
                recorded([answer])
                self._starts[row.reference] = row.payload["operation"]["starts_on"]
        return broken

    def _assess(self) -> None:
        self._each_case(
            "completeness",
            script.CHECKER,
            "intake.check_completeness",
            "completeness",
            lambda reference: {"missing": [], "checklist": "demonstration-v1"},
        )
        referred = {
            case.reference: tuple(case.eligibility["referral"]["rules"])
            for case in self._records.every_case()
            if "referral" in case.eligibility
        }
        self._each_case(
            "proposal",
            script.CHECKER,
            "eligibility.propose_finding",
            "proposal",
            lambda reference: self._finding(referred.get(reference, ())),
        )
        self._each_case(
            "signature",
            script.SECOND_CHECKER,
            "eligibility.sign_finding",
            "signature",
            lambda reference: {},
        )

    def _finding(self, referred: tuple[str, ...]) -> dict[str, Any]:
        """Repeats are found ineligible, early starts eligible with a recorded reason."""
        reasons = self._scenario.settings["reasons"]
        if REPEATS in referred:
            return {"eligible": False, "reasons": reasons["repeat"]}
        return {"eligible": True, "reasons": reasons["early_start"] if referred else ""}

    def _decide(self) -> None:
        found = {
            case.reference: bool(case.eligibility["finding"]["eligible"])
            for case in self._records.every_case()
        }
        reasons = self._scenario.settings["reasons"]
        eligible = [reference for reference in self._starts if found[reference]]
        ineligible = [reference for reference in self._starts if not found[reference]]
        self._each_case(
            "decision",
            script.DECIDER,
            "budgeting.approve_grant",
            "approval",
            lambda reference: {},
            eligible,
        )
        self._each_case(
            "decision",
            script.DECIDER,
            "budgeting.reject_application",
            "rejection",
            lambda reference: {
                "reasons": {
                    "facts": reasons["repeat"],
                    "law": reasons["rejection_law"],
                    "discretion": reasons["rejection_discretion"],
                }
            },
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

    def _pay(self, year: int) -> None:
        due = self._due(year)
        if not due:
            return
        claims = [
            self._of(
                script.APPLICANT,
                "disbursement.submit_claim",
                f"{reference}:claim:{year}",
                reference=reference,
                claim=str(year),
                wanted=wanted,
                purpose=f"{reference} {self._scenario.settings['reasons']['purpose_of_payment']}",
                effective_on=self._scenario.year_end("claim", year),
            )
            for reference, wanted in due.items()
        ]
        recorded(self._stage(f"claims {year}", claims))
        for role, command, step in (
            (script.FACTUAL_CERTIFIER, "certify_factually", "certificates"),
            (script.ARITHMETIC_CERTIFIER, "certify_arithmetically", "certificates"),
            (script.PAYMENT_AUTHORISER, "order_payment", "payment"),
        ):
            messages = [
                self._of(
                    role,
                    f"disbursement.{command}",
                    f"{reference}:{command}:{year}",
                    reference=reference,
                    claim=str(year),
                    effective_on=self._scenario.year_end(step, year),
                )
                for reference in due
            ]
            recorded(self._stage(f"{command} {year}", messages))
        self._run(year)

    def _due(self, year: int) -> dict[str, list[dict[str, Any]]]:
        """What each award may draw in a year, as wanted totals of its tranches."""
        due: dict[str, list[dict[str, Any]]] = {}
        for case in self._records.every_case():
            wanted = [
                {
                    "fund": tranche["fund"],
                    "year": year,
                    "amount": euros(tranche["amount_cents"]),
                }
                for tranche in case.terms.get("tranches", ())
                if tranche["year"] == year
            ]
            if wanted:
                due[case.reference] = wanted
        return dict(sorted(due.items()))

    def _run(self, year: int) -> None:
        run, paid_on = f"{year}-0001", self._scenario.year_end("payment", year)
        self._all(
            self._of(
                script.CASHIER,
                "disbursement.open_payment_run",
                f"{run}:open",
                run=run,
                execution_on=paid_on,
                created_at=f"{paid_on}T08:00:00Z",
                programme=self._scenario.programme,
                programme_version=self._scenario.definition["version"],
            )
        )
        for command in ("write_payment_run", "transmit_payment_run"):
            self._all(
                self._of(
                    script.CASHIER,
                    f"disbursement.{command}",
                    f"{run}:{command}",
                    run=run,
                    effective_on=paid_on,
                )
            )
        recorded(self._stage(f"confirm {year}", list(self._confirmations(run, paid_on))))

    def _confirmations(self, run: str, paid_on: str) -> Iterator[Message]:
        for order in self._records.orders_of_run(run):
            yield self._of(
                script.CASHIER,
                "disbursement.confirm_payment",
                f"{order['order_id']}:confirm",
                effective_on=paid_on,
                **order,
            )

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
            self._of(
                role,
                command,
                f"{reference}:{stage}",
                reference=reference,
                effective_on=self._scenario.day(step, self._starts[reference]),
                **payload(reference),
            )
            for reference in (self._starts if references is None else references)
        ]
        recorded(self._stage(stage, messages))

    def _stage(self, stage: str, messages: Sequence[Message]) -> list[Answer]:
        answers: list[Answer] = []
        remaining = iter(messages)
        while chunk := list(islice(remaining, CHUNK)):
            answers += self._authority.send(chunk)
            self._authority.settle()
            self._progress(stage, len(answers), len(messages))
        return answers

    def _all(self, *messages: Message) -> None:
        recorded(self._authority.send(messages))
        self._authority.settle()

    def _of(self, role: Role, command: str, key: str, **payload: Any) -> Message:
        return self._cast.message(role, command, key, payload)


def euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _invalid(row: ListedOperation, answer: Answer) -> BrokenRow:
    field, expected = next(iter(answer.errors.items()))
    return BrokenRow(row.number, row.line, field, "; ".join(expected))
