"""While a case is parked in a service, no command of that service touches it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grant_bus.parked import CASE as PARKED_CASE
from grant_bus.parked import parked_events
from grant_contracts.envelope import CloudEvent
from grant_contracts.registry import FACTS
from grant_values.cases import case_id_of
from pruefpfad.assembly import SERVICES
from support.authority import (
    CASE,
    MENDING,
    NOW,
    OF_HISTORY,
    PERSON_IN,
    PROGRAMME,
    VERSION,
    Bureau,
    a_bureau,
    person,
)

ON_CASE = {"reference": CASE, "effective_on": "2021-01-11"}
TODAY_ON_CASE = {"reference": CASE, "effective_on": NOW.date().isoformat()}
ON_CLAIM = {**ON_CASE, "claim": "1"}
ON_PAYMENT = {**ON_CASE, "order_id": "o", "end_to_end_id": "e"}
TRANCHE = {"fund": "ESF", "year": 2021, "amount": "1.00"}
REASONS = {"facts": "Sachverhalt", "law": "VV 4 zu § 44 LHO NRW", "discretion": "Ermessen"}
RUN = {
    "run": "2021-0001",
    "execution_on": "2021-02-01",
    "created_at": "2021-01-31T10:00:00Z",
    "programme": PROGRAMME,
    "programme_version": VERSION,
}
ABOUT_A_CASE: dict[str, dict[str, Any]] = {
    "eligibility.propose_finding": {**ON_CASE, "eligible": True},
    "eligibility.sign_finding": ON_CASE,
    "budgeting.earmark_from_reserve_list": {"reference": CASE, "rule": "R"},
    "budgeting.approve_grant": ON_CASE,
    "budgeting.approve_partially": {**ON_CASE, "tranches": [TRANCHE], "reasons": REASONS},
    "budgeting.reject_application": {**ON_CASE, "reasons": REASONS},
    "budgeting.notify_decision": {**ON_CASE, "channel": "post"},
    "budgeting.waive_remedy": ON_CASE,
    "budgeting.record_finality": ON_CASE,
    "budgeting.set_retention_term": {**ON_CASE, "because": "asked"},
    "budgeting.set_legal_hold": {**ON_CASE, "hold": "h", "ground": "audit", "reason": "r"},
    "budgeting.lift_legal_hold": {**TODAY_ON_CASE, "hold": "h", "reason": "r"},
    "budgeting.request_erasure": {
        **ON_CASE,
        "request": "r",
        "subject": "00000000-0000-4000-8000-000000000000",
        "purposes": ["contact"],
        "received_on": "2021-01-11",
    },
    "budgeting.decide_erasure": {
        **ON_CASE,
        "request": "r",
        "decision": "refuse",
        "ground": "statistics",
        "reasons": "r",
    },
    "budgeting.propose_disposal": {**ON_CASE, "reasons": "r"},
    "budgeting.dispose_case": ON_CASE,
    "disbursement.submit_claim": {**ON_CASE, "claim": "1", "wanted": [TRANCHE], "purpose": "p"},
    "disbursement.certify_factually": ON_CLAIM,
    "disbursement.certify_arithmetically": ON_CLAIM,
    "disbursement.order_payment": ON_CLAIM,
    "disbursement.open_payment_run": {**RUN, "orders": [[CASE, "o"]]},
    "disbursement.confirm_payment": ON_PAYMENT,
    "disbursement.return_payment": {**ON_PAYMENT, "reason": "Konto erloschen"},
}
ABOUT_NO_CASE = {
    *("budgeting.open_budget_line", "budgeting.change_ceiling"),
    # Of the cases in a run it is the accounts that know; see the tests of disbursement.
    *("disbursement.write_payment_run", "disbursement.transmit_payment_run"),
    *("audit.replay_feeds", "audit.record_access", "audit.draw_sample"),
}
FOLLOWED = {
    "eligibility": "intake.CompletenessChecked",
    "budgeting": "eligibility.FoundEligible",
    "disbursement": "budgeting.WithdrawalNoted",
}
DECIDERS = sorted(FOLLOWED)


@pytest.fixture
def bureau(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bureau]:
    with a_bureau(request.param, tmp_path) as opened:
        yield opened


def of_a_later_version(bureau: Bureau, reference: str = CASE) -> CloudEvent:
    event = bureau.an_event(FOLLOWED[bureau.service.name], reference)
    return msgspec.structs.replace(event, schemaversion="99")


def test_every_command_of_every_follower_is_here() -> None:
    known = {
        f"{service.name}.{command}"
        for service in SERVICES.values()
        if service.policies.upstreams
        for command in set(service.commands) - MENDING - OF_HISTORY
    }
    assert known == set(ABOUT_A_CASE) | ABOUT_NO_CASE


@pytest.mark.parametrize(
    ("bureau", "name"),
    [(name.partition(".")[0], name) for name in ABOUT_A_CASE],
    indirect=["bureau"],
    ids=list(ABOUT_A_CASE),
)
def test_a_command_on_a_parked_case_is_not_yet_and_says_why(bureau: Bureau, name: str) -> None:
    if bureau.service.name == "disbursement":
        bureau.hear("intake.ProgrammeRegistered", PROGRAMME, **a_programme())
    bureau.hear_events(of_a_later_version(bureau))
    command = name.partition(".")[2]
    role = sorted(bureau.service.commands[command].roles)[0]

    answer = bureau.ask(command, person(role), **ABOUT_A_CASE[name])

    assert answer.kind == "not_yet"
    assert answer.reason.startswith(f"Case {case_id_of(CASE)} is parked here")
    assert bureau.head == 0


@pytest.mark.parametrize("bureau", DECIDERS, indirect=True)
def test_a_later_version_of_each_services_facts_is_parked(bureau: Bureau) -> None:
    bureau.hear_events(of_a_later_version(bureau))
    bureau.hear_events(of_a_later_version(bureau, "ZIQ-2020-0002"))

    assert len(bureau.store.documents(PARKED_CASE)) == 2
    known = FACTS[FOLLOWED[bureau.service.name]].VERSION
    said = f"has version 99; {known} is known"
    assert all(said in each.error for each in parked_events(bureau.store))


@pytest.mark.parametrize("bureau", DECIDERS, indirect=True)
@pytest.mark.parametrize("command", sorted(MENDING))
def test_only_operators_mend_and_the_others_go_on_record(bureau: Bureau, command: str) -> None:
    event = of_a_later_version(bureau)
    bureau.hear_events(event)
    payload: dict[str, Any] = {"case_id": str(case_id_of(CASE))}
    if command == "discard_parked":
        payload |= {"origin": event.origin, "position": event.at, "reason": "r"}
    for role in sorted(set(PERSON_IN) - {"operator"}):
        answer = bureau.ask(command, person(role), person("operator", "S-1802"), **payload)

        assert (answer.kind, answer.reason) == ("refused", "role_not_entitled")
    assert len(parked_events(bureau.store)) == 1


def a_programme() -> dict[str, Any]:
    return {
        "programme": PROGRAMME,
        "programme_version": VERSION,
        "definition": {"debtor": {"name": "Landeskasse", "iban": "DE64999999992024000001"}},
        "definition_sha256": "0" * 64,
        "registered_by": "S-1001",
    }
