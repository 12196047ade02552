"""What the persons of a grant do, step by step, as command messages. The same for both sides.

The programme is the published list's, and so is the form of an application; all grants share the
budget lines of two years. Nothing here is sent or measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from joserfc.jwk import OKPKey

from benchmarks.embedded import EXAMPLE
from benchmarks.journey.form import AMOUNT, FORM
from grant_disbursement.order_ids import end_to_end_id_of, order_id_of
from grant_values.cases import case_id_of
from pruefpfad.scripted import script
from pruefpfad.scripted.scenario import Scenario
from pruefpfad.scripted.script import Message, Role
from pruefpfad.sources.definitions import checked

FUND, YEARS = "ESF", (2015, 2016)
CLAIM = "1"
RUN_HAS_LEFT = "the payment run has left"
"""No fact of a service: the persons know it from the answer to the cashier."""

Payload = Callable[["Persons", int], dict[str, Any]]


@dataclass(frozen=True)
class Step:
    """One command of one person, and the fact that they wait for before it, if any."""

    command: str
    role: Role
    payload: Payload
    after: str = ""


def _on(day: str, **further: Any) -> Payload:
    return lambda persons, number: {
        "reference": persons.reference(number),
        "effective_on": f"{persons.year(number)}-{day}",
        **further,
    }


STEPS = (
    Step("intake.submit_application", script.APPLICANT, lambda p, n: p.application(n)),
    Step(
        "intake.check_completeness",
        script.CHECKER,
        _on("01-20", missing=[], checklist="demonstration-v1"),
    ),
    Step(
        "eligibility.propose_finding",
        script.CHECKER,
        _on("01-22", eligible=True, reasons=""),
        after="eligibility.CompletenessNoted",
    ),
    Step("eligibility.sign_finding", script.SECOND_CHECKER, _on("01-24")),
    Step(
        "budgeting.approve_grant",
        script.DECIDER,
        _on("01-28", reasons=""),
        after="budgeting.FundsEarmarked",
    ),
    Step("budgeting.notify_decision", script.DECIDER, _on("01-28", channel="electronic")),
    Step("budgeting.waive_remedy", script.DECIDER, _on("02-02")),
    Step(
        "disbursement.submit_claim",
        script.APPLICANT,
        lambda p, n: p.claim(n),
        after="disbursement.GrantAccountOpened",
    ),
    Step("disbursement.certify_factually", script.FACTUAL_CERTIFIER, _on("12-29", claim=CLAIM)),
    Step(
        "disbursement.certify_arithmetically",
        script.ARITHMETIC_CERTIFIER,
        _on("12-29", claim=CLAIM),
    ),
    Step("disbursement.order_payment", script.PAYMENT_AUTHORISER, _on("12-30", claim=CLAIM)),
    Step(
        "disbursement.confirm_payment",
        script.CASHIER,
        lambda p, n: p.confirmation(n),
        after=RUN_HAS_LEFT,
    ),
)
ORDERED = len(STEPS) - 1
"""After so many steps a grant waits for its payment run."""

ARRIVED = "budgeting.FundsSpent"
"""The last fact of a grant's life, in the last of the services."""

FACTS = {step.after for step in STEPS} - {"", RUN_HAS_LEFT} | {ARRIVED}


class Persons:
    """Writes the command messages of grants by their number, and of payment runs."""

    def __init__(self, key: OKPKey) -> None:
        self.scenario = Scenario.read(
            checked(EXAMPLE / "programme.toml"), EXAMPLE / "demonstration.toml"
        )
        self._cast = self.scenario.cast(key)

    def reference(self, number: int) -> str:
        return f"BENCH-{number:06d}"

    def case_id(self, number: int) -> str:
        return str(case_id_of(self.reference(number)))

    def year(self, number: int) -> int:
        return YEARS[number % len(YEARS)]

    def steps(self, number: int) -> list[Message]:
        """The commands of one grant, in the order of `STEPS`."""
        reference = self.reference(number)
        return [
            self._cast.message(
                step.role, step.command, f"{reference}:{place}", step.payload(self, number)
            )
            for place, step in enumerate(STEPS)
        ]

    def run(self, name: str, numbers: Sequence[int]) -> list[Message]:
        """The commands of a payment run for these grants of one year: opened, written, sent."""
        day = f"{self.year(numbers[0])}-12-30"
        opened = {
            "run": name,
            "execution_on": day,
            "created_at": f"{day}T08:00:00Z",
            "programme": self.scenario.programme,
            "programme_version": self.scenario.definition["version"],
            "orders": [
                [self.reference(number), order_id_of(self.reference(number), 1)]
                for number in numbers
            ],
        }
        on_run = {"run": name, "effective_on": day}
        commands = (
            ("open_payment_run", opened),
            *((f"{verb}_payment_run", on_run) for verb in ("write", "transmit")),
        )
        return [
            self._cast.message(
                script.CASHIER, f"disbursement.{command}", f"{name}:{command}", payload
            )
            for command, payload in commands
        ]

    def preparations(self) -> list[Message]:
        """Programme, call and budget lines, before the first grant."""
        scenario = self.scenario
        about = {"programme": scenario.programme}
        version = {"programme_version": scenario.definition["version"]}
        call = {name: scenario.settings[name] for name in ("call", "opens_on", "closes_on")}
        opens = {"ceiling": "900000000.00", "effective_on": scenario.settings["opens_on"]}
        lines = [{**about, "fund": FUND, "year": year, **opens} for year in YEARS]
        return [
            self._cast.message(role, command, f"before:{number}", payload)
            for number, (role, command, payload) in enumerate(
                [
                    (
                        script.MANAGING_AUTHORITY,
                        "intake.register_programme",
                        {"definition": scenario.definition},
                    ),
                    (script.MANAGING_AUTHORITY, "intake.open_call", {**about, **version, **call}),
                    *(
                        (script.BUDGET_OFFICER, "budgeting.open_budget_line", line)
                        for line in lines
                    ),
                ]
            )
        ]

    def application(self, number: int) -> dict[str, Any]:
        year = self.year(number)
        return {
            **FORM,
            "programme": self.scenario.programme,
            "call": self.scenario.call,
            "reference": self.reference(number),
            "received_at": f"{year - 1}-12-16T08:00:00Z",
            "applicant": {**FORM["applicant"], "key": f"B{number:06d}"},
            "operation": {
                **FORM["operation"],
                "starts_on": f"{year}-02-15",
                "ends_on": f"{year}-11-27",
                "number": number,
            },
            "fingerprint": sha256(str(number).encode()).hexdigest(),
        }

    def claim(self, number: int) -> dict[str, Any]:
        reference, year = self.reference(number), self.year(number)
        return {
            "reference": reference,
            "claim": CLAIM,
            "wanted": [{"fund": FUND, "year": year, "amount": AMOUNT}],
            "purpose": f"{reference} ESF NRW 2014-2020",
            "effective_on": f"{year}-12-28",
        }

    def confirmation(self, number: int) -> dict[str, Any]:
        order_id = order_id_of(self.reference(number), 1)
        return {
            "reference": self.reference(number),
            "order_id": order_id,
            "end_to_end_id": end_to_end_id_of(order_id, 1),
            "effective_on": f"{self.year(number)}-12-30",
        }
