"""One grant as a story, from the ministry's record to the confirmed payment.

On the way it is refused by four eyes and by a ceiling. Each step is a command like anybody's, and
the story stops if a service answers otherwise than it tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from grant_audit import queries
from grant_audit.sentences import sentence
from grant_values.money import euro_de
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.scripted import script
from pruefpfad.scripted.script import Cast, Role, Unexpected
from pruefpfad.sources import foerderfinder
from pruefpfad.sources.definitions import checked
from pruefpfad.sources.files import read_json, read_text

CALL = "2020-11"
CLAIM = "2021-1"
RUN = "2021-0001"
# Where a command has no legal day of its own, a mandate must hold today: so these do not end.
MANDATES = date(2018, 1, 1), date(2099, 12, 31)
CHECKER_AS_DECIDER = Role(script.SECOND_CHECKER.actor_id, "decider")


@dataclass(frozen=True)
class Step:
    """One command of the story, what it tells, and the answer that belongs to it."""

    tells: str
    role: Role
    command: str
    payload: dict[str, Any] = field(default_factory=dict)
    refused: str = ""


class Story:
    """The story of one application in a data directory of its own."""

    def __init__(self, example: Path, data: Path, console: Console) -> None:
        self._example = example
        self._data = data
        self._console = console
        self._application = read_json(example / "application.json")
        self._reference: str = self._application["reference"]

    def tell(self) -> None:
        """Tell the whole story. Told again, it is the same, and nothing new is recorded."""
        self._tell_record()
        with EmbeddedSystem(self._data) as system:
            system.declare_demonstration(f"Story of {self._reference}: persons played by a script")
            cast = Cast(system.key, *MANDATES)
            for number, step in enumerate(self._steps(), 1):
                self._take(system, cast, number, step)
            self._confirm(system, cast)
            self._tell_history(system)

    def _tell_record(self) -> None:
        record = foerderfinder.read_record(read_text(self._example / "foerderfinder.txt"))
        self._console.rule("From the ministry's record to a payment")
        for label in ("Maßnahme", "jährlich eingesetzte Mittel", "Laufzeit (bis)"):
            self._console.print(f"  {label}: {record[label]}", highlight=False)

    def _steps(self) -> Iterator[Step]:
        yield from self._preparations()
        yield from self._assessment()
        yield from self._decision()
        yield from self._payment()

    def _preparations(self) -> Iterator[Step]:
        definition = checked(self._example / "programme.toml")
        programme = str(definition["code"])
        yield Step(
            f"The ministry registers {programme}, version {definition['version']}.",
            script.MANAGING_AUTHORITY,
            "intake.register_programme",
            {"definition": definition},
        )
        yield Step(
            "It opens the call of November 2020.",
            script.MANAGING_AUTHORITY,
            "intake.open_call",
            {
                "programme": programme,
                "programme_version": definition["version"],
                "call": CALL,
                "opens_on": "2020-11-03",
                "closes_on": "2021-01-31",
            },
        )
        ceilings = {("ESF", 2021): "40000.00", ("ESF", 2022): "9000.00"}
        ceilings |= {("Land", 2021): "40000.00", ("Land", 2022): "40000.00"}
        for (fund, year), ceiling in ceilings.items():
            yield Step(
                f"Budget line {fund} {year} opens with a ceiling of {ceiling} EUR.",
                script.BUDGET_OFFICER,
                "budgeting.open_budget_line",
                {
                    "programme": programme,
                    "fund": fund,
                    "year": year,
                    "ceiling": ceiling,
                    "effective_on": "2020-11-03",
                },
            )

    def _assessment(self) -> Iterator[Step]:
        reference = {"reference": self._reference}
        plan = self._application["plan"]
        yield Step(
            f"An application arrives: {plan['eligible']} EUR eligible, {plan['requested']} asked.",
            script.APPLICANT,
            "intake.submit_application",
            self._application,
        )
        yield Step(
            "It is complete.",
            script.CHECKER,
            "intake.check_completeness",
            {**reference, "missing": [], "checklist": "ziq-2020", "effective_on": "2020-12-14"},
        )
        yield Step(
            "Every rule is met; a checker proposes to find it eligible.",
            script.CHECKER,
            "eligibility.propose_finding",
            {**reference, "eligible": True, "reasons": "", "effective_on": "2020-12-16"},
        )
        yield Step(
            "The same checker cannot sign the proposal: four eyes.",
            script.CHECKER,
            "eligibility.sign_finding",
            {**reference, "effective_on": "2020-12-16"},
            refused="proposer_is_signer",
        )
        yield Step(
            "A second checker signs. ESF 2022 is too small: the case goes on the reserve list.",
            script.SECOND_CHECKER,
            "eligibility.sign_finding",
            {**reference, "effective_on": "2020-12-17"},
        )

    def _decision(self) -> Iterator[Step]:
        reference = {"reference": self._reference}
        yield Step(
            "Without money nobody can approve.",
            script.DECIDER,
            "budgeting.approve_grant",
            {**reference, "effective_on": "2020-12-21"},
            refused="no_funds_earmarked",
        )
        yield Step(
            "The ceiling of ESF 2022 is raised.",
            script.BUDGET_OFFICER,
            "budgeting.change_ceiling",
            {
                "programme": self._application["programme"],
                "fund": "ESF",
                "year": 2022,
                "ceiling": "40000.00",
                "reason": "Umschichtung aus nicht gebundenen Mitteln",
                "effective_on": "2021-01-05",
            },
        )
        yield Step(
            "Now every tranche is earmarked.",
            script.BUDGET_OFFICER,
            "budgeting.earmark_from_reserve_list",
            {**reference, "rule": "Nachrücken nach Erhöhung des Ansatzes"},
        )
        yield Step(
            "Who has checked the case cannot decide it, mandate or not: four eyes.",
            CHECKER_AS_DECIDER,
            "budgeting.approve_grant",
            {**reference, "effective_on": "2021-01-08"},
            refused="checker_is_decider",
        )
        yield Step(
            "A decider approves the grant.",
            script.DECIDER,
            "budgeting.approve_grant",
            {**reference, "effective_on": "2021-01-11"},
        )
        yield Step(
            "The decision is sent; the law computes when it counts as announced.",
            script.DECIDER,
            "budgeting.notify_decision",
            {**reference, "channel": "electronic", "effective_on": "2021-01-12"},
        )
        yield Step(
            "The recipient forgoes legal action: the decision is final, the money committed.",
            script.DECIDER,
            "budgeting.waive_remedy",
            {**reference, "effective_on": "2021-01-20"},
        )

    def _payment(self) -> Iterator[Step]:
        claim = {"reference": self._reference, "claim": CLAIM}
        yield Step(
            "The recipient claims what is due in two months: 5,000 EUR ESF and 4,000 EUR Land.",
            script.APPLICANT,
            "disbursement.submit_claim",
            {
                **claim,
                "wanted": [
                    {"fund": "ESF", "year": 2021, "amount": "5000.00"},
                    {"fund": "Land", "year": 2021, "amount": "4000.00"},
                ],
                "purpose": f"{self._reference} Mittelabruf 1",
                "effective_on": "2021-03-15",
            },
        )
        yield self._on_claim(
            "The claim is factually correct.", script.FACTUAL_CERTIFIER, "certify_factually"
        )
        yield self._on_claim(
            "The same person cannot certify the sums too.",
            script.FACTUAL_CERTIFIER,
            "certify_arithmetically",
            refused="same_person",
        )
        yield self._on_claim(
            "Another one does.", script.ARITHMETIC_CERTIFIER, "certify_arithmetically"
        )
        yield self._on_claim(
            "A third person orders the payment.", script.PAYMENT_AUTHORISER, "order_payment"
        )
        yield Step(
            "The cashier opens a payment run,",
            script.CASHIER,
            "disbursement.open_payment_run",
            {
                "run": RUN,
                "execution_on": "2021-03-25",
                "created_at": "2021-03-24T09:00:00Z",
                "programme": self._application["programme"],
                "programme_version": checked(self._example / "programme.toml")["version"],
            },
        )
        on_run = {"run": RUN, "effective_on": "2021-03-24"}
        yield Step("writes its file,", script.CASHIER, "disbursement.write_payment_run", on_run)
        yield Step("and sends it.", script.CASHIER, "disbursement.transmit_payment_run", on_run)

    def _on_claim(self, tells: str, role: Role, command: str, refused: str = "") -> Step:
        payload = {"reference": self._reference, "claim": CLAIM, "effective_on": "2021-03-18"}
        return Step(tells, role, f"disbursement.{command}", payload, refused)

    def _confirm(self, system: EmbeddedSystem, cast: Cast) -> None:
        orders = queries.case(system.stores["audit"], self._reference).disbursement["orders"]
        for order_id, order in orders.items():
            payload = {
                "reference": self._reference,
                "order_id": order_id,
                "end_to_end_id": order["transmissions"][-1]["end_to_end_id"],
                "effective_on": "2021-03-25",
            }
            confirm = Step(
                f"The bank confirms {euro_de(order['amount_cents'])}.",
                script.CASHIER,
                "disbursement.confirm_payment",
                payload,
            )
            self._take(system, cast, 100, confirm)

    def _take(self, system: EmbeddedSystem, cast: Cast, number: int, step: Step) -> None:
        """Send one command and compare its answer with what the story says."""
        key = f"story:{self._reference}:{number}"
        answer = system.ask(cast.message(step.role, step.command, key, step.payload))
        expected = ("refused", step.refused) if step.refused else ("recorded", "")
        if (answer.kind, answer.reason) != expected:
            raise Unexpected(f"{step.command}: {answer.kind} {answer.reason} {answer.errors}")
        mark = f"[red]refused: {answer.reason}[/red]" if step.refused else "[green]recorded[/green]"
        self._console.print(f"  {step.tells} {mark}", highlight=False)

    def _tell_history(self, system: EmbeddedSystem) -> None:
        self._console.rule(f"The history of {self._reference}, as an auditor reads it")
        for entry in queries.history(system.stores["audit"], self._reference):
            place = f"{entry['source']}/{entry['position']}"
            self._console.print(f"  {place:22} {sentence(entry, 'de')}", highlight=False)
