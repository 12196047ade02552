"""A feed is poisoned: an event of a later release reaches followers that do not know it yet.

The same steps happen undisturbed, embedded and on servers, and must end alike. No assertions here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from click.testing import CliRunner, Result
from joserfc.jwk import OKPKey

from grant_audit.case_file import CaseFile
from grant_contracts.answers import Answer
from grant_store.errors import StoreError
from grant_store.rows import Append, NewEvent
from grant_store.store import Store
from grant_store.work import Context
from grant_values.cases import case_id_of
from grant_values.shapes import Actor
from journeys.published_list import scenario_of
from pruefpfad.cli.root import main
from pruefpfad.keys import token_for
from pruefpfad.scripted import script
from pruefpfad.scripted.scenario import Records
from pruefpfad.scripted.script import Authority

POISONED, OTHER = "ESF1420-000039", "ESF1420-000048"
DAY = "2024-03-01"
WITHDRAWAL = {"reason": "Die Eigenmittel fehlen.", "effective_on": DAY}
LIFETIME = date(2014, 1, 1), date(2099, 12, 31)


class Sequel:
    """What happens to two grants after they were paid."""

    def __init__(self, example: Path, authority: Authority, records: Records, key: OKPKey) -> None:
        self._authority = authority
        self._records = records
        self._cast = scenario_of(example).cast(key)

    def withdraw(self, reference: str) -> Answer:
        """The recipient gives an award up."""
        return self._give(
            script.APPLICANT, "intake.withdraw_application", reference=reference, **WITHDRAWAL
        )

    def return_payment(self, reference: str) -> Answer:
        """The bank returns the first payment: budgeting hears of it by another feed."""
        orders = self._records.case(reference).disbursement["orders"]
        order_id, order = next(iter(orders.items()))
        return self._give(
            script.CASHIER,
            "disbursement.return_payment",
            reference=reference,
            order_id=order_id,
            end_to_end_id=order["transmissions"][0]["end_to_end_id"],
            reason="AC04: account closed",
            effective_on=DAY,
        )

    def notify(self, reference: str) -> Answer:
        """A step in budgeting, which cannot be while the case is parked there."""
        return self._give(
            script.CHECKER,
            "budgeting.notify_decision",
            reference=reference,
            channel="post",
            effective_on=DAY,
        )

    def settle(self) -> None:
        self._authority.settle()

    def _give(self, role: script.Role, command: str, **payload: Any) -> Answer:
        reference = payload["reference"]
        message = self._cast.message(role, command, f"{reference}:{command}:{uuid4()}", payload)
        [answer] = self._authority.send([message])
        return answer


def poison(intake: Store, reference: str) -> int:
    """Record a withdrawal as a later release of intake would. Returns its position."""
    case_id = case_id_of(reference)
    stored = intake.stream(case_id)
    state = {**WITHDRAWAL, "recorded_by": script.APPLICANT.actor_id, "new_in_version_2": True}
    by = Actor(script.APPLICANT.actor_id, script.APPLICANT.name, scripted=True)
    withdrawn = NewEvent(
        event_id=uuid4(),
        originator_id=case_id,
        originator_version=len(stored) + 1,
        topic="intake.ApplicationWithdrawn",
        schema_version=2,
        state=msgspec.json.encode(state),
        metadata=Context(by, "", "").metadata(case_id),
    )
    return intake.append(Append(events=[withdrawn])).first_position


class Operator:
    """A person at the command line of one installation."""

    def __init__(self, key: OKPKey, data: Path, environment: Mapping[str, str]) -> None:
        tokens = [
            token_for(key, Actor(staff_number, "operator"), *LIFETIME)
            for staff_number in ("S-1801", "S-1802")
        ]
        self.second_token = tokens[1]
        self._data = data
        self._environment = {"PRUEFPFAD_ACTOR_TOKEN": tokens[0], **environment}

    def call(self, *words: str) -> Result:
        command = ["--data", str(self._data), *words]
        return CliRunner().invoke(main, command, env=dict(self._environment))

    def parked(self, service: str) -> list[dict[str, Any]]:
        return list(self._json("parked", "list", "--service", service))

    def shown(self, service: str, place: str) -> dict[str, Any]:
        shown: dict[str, Any] = self._json("parked", "show", service, place)
        return shown

    def feeds(self) -> dict[tuple[str, str], dict[str, Any]]:
        """By follower and upstream."""
        return {(each["follower"], each["upstream"]): each for each in self._json("feeds")}

    def _json(self, *words: str) -> Any:
        result = self.call(*words, "--json")
        if result.exit_code:
            raise StoreError(result.output)
        return json.loads(result.stdout)


def ending(records: Records, operations_csv: str) -> dict[str, Any]:
    """What an auditor can see of a run, apart from where each event stands in its ledger."""
    files: list[CaseFile] = sorted(records.every_case(), key=lambda file: file.reference)
    cases = [without_places(msgspec.to_builtins(file)) for file in files]
    return {"cases": cases, "csv": operations_csv}


def without_places(value: Any) -> Any:
    """The same without positions: what was parked is recorded later than it would have been."""
    if isinstance(value, dict):
        return {name: without_places(each) for name, each in value.items() if name != "place"}
    if isinstance(value, list | tuple):
        return [without_places(each) for each in value]
    return value
