"""The story of one grant in a data directory, told within a second, and what may come after it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rich.console import Console

from grant_contracts.commands import command_message
from grant_intake.personal import HOLDER
from grant_values.cases import case_id_of
from grant_values.shapes import Actor
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.keys import token_for
from pruefpfad.scripted.story import Story

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "zusammen-im-quartier"
REFERENCE = "ZIQ-2020-0001"


def tell_story(data: Path, example: Path = EXAMPLE) -> Path:
    Story(example, data, Console(quiet=True)).tell()
    return data


def record_more(data: Path) -> None:
    """A command in each service that its actor may not give: the refusal is on record."""
    sign = {"reference": REFERENCE, "effective_on": "2021-01-01"}
    close = {"programme": "none", "call": "none", "effective_on": "2021-01-01"}
    with EmbeddedSystem(data) as system:
        days = date(2018, 1, 1), date(2099, 12, 31)
        token = token_for(system.key, Actor("S-9", "auditor"), *days)
        for command, payload in (
            ("intake.close_call", close),
            ("eligibility.sign_finding", sign),
            ("budgeting.waive_remedy", sign),
            ("disbursement.order_payment", {**sign, "claim": "2021-1"}),
        ):
            answer = system.ask(command_message(command, "k-9", token, payload))
            assert answer.kind == "refused"


def record_more_of_audit(data: Path) -> None:
    """The same of audit itself: a look of somebody who is no auditor."""
    with EmbeddedSystem(data) as system:
        days = date(2018, 1, 1), date(2099, 12, 31)
        nobody = token_for(system.key, Actor("S-9", "decider"), *days)
        look = {"question": "case show", "scope": "case", "subject": REFERENCE, "purpose": "none"}
        answer = system.ask(command_message("audit.record_access", "k-9", nobody, look))
        assert answer.kind == "refused"


def decide_to_erase(data: Path, purpose: str) -> None:
    """All of whom the case has data for this purpose have asked, and the office has agreed."""
    days = date(2018, 1, 1), date(2099, 12, 31)
    case = {"reference": REFERENCE, "effective_on": "2022-01-15"}
    ground = {"decision": "erase", "ground": "no_longer_necessary", "reasons": "Antrag"}
    with EmbeddedSystem(data) as system:
        token = token_for(system.key, Actor("S-1701", "records_keeper"), *days)
        prefix = f"{case_id_of(REFERENCE)}/{purpose}/"
        for document in system.stores["intake"].documents(HOLDER, prefix):
            subject = document.key.removeprefix(prefix)
            request = f"{purpose}/{subject}"[:40].replace("_", "-")
            asked = {"subject": subject, "purposes": [purpose], "received_on": "2022-01-03"}
            for command, said in (("request_erasure", asked), ("decide_erasure", ground)):
                payload = {**case, "request": request, **said}
                key = f"{command} {request}"
                message = command_message(f"budgeting.{command}", key, token, payload)
                answer = system.ask(message)
                assert answer.kind == "recorded", answer


def heads(data: Path) -> dict[str, int]:
    with EmbeddedSystem(data) as system:
        return system.heads()
