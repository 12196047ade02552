"""A disbursement office on the embedded store: commands and facts go in as in production."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from grant_bus.actors import Mandate, TokenCheck, issue_token, new_signing_key
from grant_bus.desk import Desk
from grant_bus.policies import FactPolicies
from grant_bus.writer import Writer
from grant_contracts.answers import Answer
from grant_contracts.commands import command_message
from grant_contracts.envelope import CloudEvent
from grant_contracts.registry import FACTS
from grant_disbursement.domain import Cashbook, GrantAccount, PaymentRun
from grant_disbursement.policies import FOLLOWS
from grant_disbursement.run_file import recorded_file
from grant_disbursement.schemas import COMMANDS
from grant_store.catalogue import Catalogue
from grant_store.identity_map import IdentityMap
from grant_store.personal.access import OpeningVault
from grant_store.sqlite import SQLiteStore
from grant_store.standing import StandingAggregates
from grant_store.work import Batch, Context
from grant_values.cases import case_id_of
from grant_values.shapes import Actor
from support.personal import IBAN, a_sealed_account, a_vault, payee_of

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
KEY = new_signing_key()
STANDING = StandingAggregates("disbursement")
CATALOGUE = Catalogue([GrantAccount, PaymentRun, Cashbook, *STANDING.classes])

RECIPIENT = Actor("caritas-koeln", "beneficiary")
FIRST_CHECKER = Actor("cc-11", "claim_checker")
SECOND_CHECKER = Actor("cc-12", "claim_checker")
AUTHORISER = Actor("pa-21", "payment_authoriser")
CASHIER = Actor("lk-31", "cashier")


class Office:
    """One disbursement service without a broker: a writer, its desk and what it follows."""

    recipient, first_checker, second_checker = RECIPIENT, FIRST_CHECKER, SECOND_CHECKER
    authoriser, cashier = AUTHORISER, CASHIER

    def __init__(self, directory: Path) -> None:
        self.path = directory / f"{uuid4()}.sqlite3"
        self.vault = a_vault(self.path.with_suffix(".vault"))
        self._numbers = count(1)
        self._positions = {"intake": count(1), "budgeting": count(1)}
        self.start()
        self.store.migrate()

    def start(self) -> None:
        """Begin with empty memory on the same file, as after a crash."""
        self.store = SQLiteStore(self.path, "disbursement")
        tokens = TokenCheck(KEY, lambda: NOW)
        desk = Desk("disbursement", COMMANDS, STANDING, tokens, lambda: NOW)
        opener = OpeningVault(self.vault)
        self.writer = Writer(self.store, CATALOGUE, desk, FactPolicies(FOLLOWS), vault=opener)

    def ask(self, command: str, by: Actor, **payload: Any) -> Answer:
        """Give a command and return the answer; a fault of the program is raised."""
        [answer] = self.ask_together((command, by, payload))
        return answer

    def ask_together(self, *asked: tuple[str, Actor, dict[str, Any]]) -> list[Answer]:
        """Give several commands at once: they share a transaction if all can be decided."""
        return [_answered(each) for each in self.writer.answer([*map(self._message, asked)])]

    def _message(self, asked: tuple[str, Actor, dict[str, Any]]) -> dict[str, Any]:
        command, by, payload = asked
        key = f"{self.path.stem}-{next(self._numbers)}"
        return command_message(f"disbursement.{command}", key, a_token(by), payload)

    def colleague(self) -> Office:
        """Another process that writes the same store, with a memory of its own."""
        other = copy(self)
        other.start()
        return other

    def hear(self, topic: str, about: str, /, **data: Any) -> None:
        """Follow one fact of intake or budgeting, read from its wire form."""
        upstream = topic.partition(".")[0]
        position = next(self._positions[upstream])
        fact = CloudEvent(
            specversion="1.0",
            id=uuid4(),
            source=f"/pruefpfad/{upstream}/main",
            type=f"pruefpfad.{topic}",
            subject=case_id_of(about),
            time=NOW,
            position=str(position),
            originatorversion="1",
            schemaversion=str(FACTS[topic].VERSION),
            leafhash=f"{position:064x}",
            data=msgspec.Raw(msgspec.json.encode(data)),
            caseid=case_id_of(about),
        )
        self.writer.follow(f"{upstream}/main", [fact])

    def declare_demonstration(self) -> None:
        batch = Batch(IdentityMap(self.store, CATALOGUE), uuid4)
        work = batch.unit(Context(CASHIER, "", ""))
        work.keep(STANDING.demonstration(purpose="test"))
        self.store.append(batch.as_append())

    def events(self, kind: type[Any] | None = None) -> list[Any]:
        """What is recorded, in order; of one kind where it is named."""
        events = [CATALOGUE.decode(row) for row in self.store.events_after(0, 10_000)]
        return [event for event in events if kind is None or isinstance(event, kind)]

    def rebuilt(self, aggregate_id: UUID) -> Any:
        """An aggregate from its recorded events alone."""
        return CATALOGUE.rebuild(self.store.stream(aggregate_id))

    def account(self, reference: str = "ZIQ-2016-0001") -> GrantAccount:
        account: GrantAccount = self.rebuilt(case_id_of(reference))
        return account

    # The way of a grant, step by step, for tests that begin further on.
    def hear_of_programme(self, debtor_iban: str = "DE64999999992024000001") -> None:
        self.hear(
            "intake.ProgrammeRegistered",
            "ZIQ",
            programme="ziq",
            programme_version="v1",
            definition={"debtor": {"name": "Landeskasse (erfunden)", "iban": debtor_iban}},
            definition_sha256="0" * 64,
            registered_by="ma-1",
        )

    def hear_of_award(
        self,
        reference: str = "ZIQ-2016-0001",
        tranches: tuple[tuple[str, int, int], ...] = (("ESF", 2016, 50_000), ("ESF", 2017, 30_000)),
        payee: str = "Caritasverband für die Stadt Köln e. V.",
        outcome: str = "approved",
    ) -> None:
        """Of the account first: intake's feed and budgeting's have no common order."""
        self.hear_of_account(reference, payee)
        self.hear(
            "budgeting.DecisionBecameFinal",
            reference,
            reference=reference,
            programme="ziq",
            programme_version="v1",
            outcome=outcome,
            because="waived",
            final_on="2016-02-01",
            tranches=[
                {"fund": fund, "year": year, "amount_cents": cents}
                for fund, year, cents in tranches
            ],
            payee=payee_of(reference),
        )

    def hear_of_account(
        self,
        reference: str = "ZIQ-2016-0001",
        name: str = "Caritasverband für die Stadt Köln e. V.",
        iban: str = IBAN,
        bic: str = "",
    ) -> None:
        sealed = a_sealed_account(self.vault, reference, name, iban, bic)
        self.hear(
            "intake.PersonalDataRecorded",
            reference,
            case_id=case_id_of(reference),
            **msgspec.to_builtins(sealed),
            effective_on="2016-01-04",
        )

    def payment_file(self, run: str) -> bytes:
        """The file of a run, built anew from the store and the vault."""
        return recorded_file(self.store, self.vault, run)

    def hear_of_withdrawal(
        self, reference: str = "ZIQ-2016-0001", renunciation: bool = True
    ) -> None:
        self.hear(
            "budgeting.WithdrawalNoted",
            reference,
            renunciation=renunciation,
            effective_on="2016-04-01",
        )

    def claim(
        self,
        claim: str,
        euro: str,
        reference: str = "ZIQ-2016-0001",
        fund: str = "ESF",
        year: int = 2016,
        **changed: Any,
    ) -> Answer:
        payload = {
            "reference": reference,
            "claim": claim,
            "wanted": [{"fund": fund, "year": year, "amount": euro}],
            "purpose": f"Zuwendung {reference}",
            "effective_on": "2016-03-01",
        }
        return self.ask("submit_claim", RECIPIENT, **(payload | changed))

    def certify(self, claim: str, reference: str = "ZIQ-2016-0001") -> None:
        step = {"reference": reference, "claim": claim, "effective_on": "2016-03-02"}
        self.ask("certify_factually", FIRST_CHECKER, **step)
        self.ask("certify_arithmetically", SECOND_CHECKER, **step)

    def order(
        self, claim: str, reference: str = "ZIQ-2016-0001", by: Actor = AUTHORISER, **changed: Any
    ) -> Answer:
        payload = {"reference": reference, "claim": claim, "effective_on": "2016-03-03"}
        return self.ask("order_payment", by, **(payload | changed))

    def order_certified(
        self, claim: str, euro: str, reference: str = "ZIQ-2016-0001", **changed: Any
    ) -> Answer:
        """Claim, certify and order."""
        self.claim(claim, euro, reference, **changed)
        self.certify(claim, reference)
        return self.order(claim, reference)

    def open_run(self, name: str, /, by: Actor = CASHIER, **changed: Any) -> Answer:
        payload = {
            "run": name,
            "execution_on": "2016-03-10",
            "created_at": "2016-03-09T10:30:00Z",
            "programme": "ziq",
            "programme_version": "v1",
        }
        return self.ask("open_payment_run", by, **(payload | changed))

    def write_run(self, run: str, effective_on: str = "2016-03-09") -> Answer:
        return self.ask("write_payment_run", CASHIER, run=run, effective_on=effective_on)

    def transmit_run(
        self, run: str, by: Actor = CASHIER, effective_on: str = "2016-03-10"
    ) -> Answer:
        return self.ask("transmit_payment_run", by, run=run, effective_on=effective_on)

    def send_run(self, run: str, **changed: Any) -> None:
        """Open, write and transmit."""
        self.open_run(run, **changed)
        self.write_run(run)
        self.transmit_run(run)

    def bank_says(
        self, command: str, order_id: str, attempt: int = 1, by: Actor = CASHIER, **changed: Any
    ) -> Answer:
        payload = {
            "reference": order_id.rpartition("-")[0],
            "order_id": order_id,
            "end_to_end_id": f"{order_id}-{attempt}",
            "effective_on": "2016-03-11",
        }
        if command == "return_payment":
            payload["reason"] = "AC04: account closed"
        return self.ask(command, by, **(payload | changed))


def _answered(answer: Answer | Exception) -> Answer:
    if isinstance(answer, Exception):
        raise answer
    return answer


def a_token(actor: Actor) -> str:
    mandate = Mandate(actor, "token", date(2014, 1, 1), date(2030, 12, 31))
    return issue_token(KEY, mandate, NOW, NOW + timedelta(hours=1))


@pytest.fixture
def an_office(tmp_path: Path) -> Iterator[Callable[[], Office]]:
    """Makes offices, each with a store of its own that has heard of the programme."""
    opened: list[Office] = []

    def new() -> Office:
        opened.append(Office(tmp_path))
        opened[-1].hear_of_programme()
        return opened[-1]

    yield new
    for office in opened:
        office.store.close()
        office.vault.close()


@pytest.fixture
def office(an_office: Callable[[], Office]) -> Office:
    """An office that has heard of one award: ESF, 500 € in 2016 and 300 € in 2017."""
    new = an_office()
    new.hear_of_award()
    return new
