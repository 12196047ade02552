"""What follows from an application here: checks, a referral, a proposal, and a second signature."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
import pytest

from grant_contracts.answers import Answer
from grant_contracts.intake_commands import SubmitApplication
from grant_values.cases import case_id_of
from grant_values.shapes import Actor
from support.authority import (
    APPLICATION,
    CASE,
    DEFINITION,
    MENDING,
    OF_HISTORY,
    PERSON_IN,
    PROGRAMME,
    VERSION,
    Bureau,
    person,
    the_programme,
)
from support.bad_input import NO_DATE, assert_form_is_checked, assert_invalid, changed
from support.personal import as_sealed

CHECKER, SECOND = person("formal_checker"), person("formal_checker", "S-1102")
PROPOSAL: dict[str, Any] = {"reference": CASE, "eligible": True, "effective_on": "2020-12-16"}
SIGNATURE: dict[str, Any] = {"reference": CASE, "effective_on": "2020-12-17"}
ENTITLED: dict[str, tuple[set[str], dict[str, Any]]] = {
    "propose_finding": ({"formal_checker"}, PROPOSAL),
    "sign_finding": ({"formal_checker", "expert"}, SIGNATURE),
}


def hear_of_application(
    eligibility: Bureau, path: str = "", value: Any = None, *, late: bool = False
) -> str:
    """Follow the example application, with one thing changed. Returns its reference."""
    reference = hear_of_unchecked_application(eligibility, path, value, late=late)
    hear_of_completeness(eligibility, reference)
    return reference


def hear_of_unchecked_application(
    eligibility: Bureau, path: str = "", value: Any = None, *, late: bool = False
) -> str:
    payload = changed(APPLICATION, path, value) if path else deepcopy(APPLICATION)
    loaded = SubmitApplication().load(as_sealed(payload))
    submitted = msgspec.to_builtins({**loaded, "payee": loaded["payee"].reference})
    del submitted["contacts"]
    data = submitted | {"programme_version": VERSION, "late": late}
    eligibility.hear("intake.ApplicationSubmitted", loaded["reference"], **data)
    return str(loaded["reference"])


def hear_of_completeness(
    eligibility: Bureau, reference: str, missing: tuple[str, ...] = ()
) -> None:
    eligibility.hear(
        "intake.CompletenessChecked",
        reference,
        complete=not missing,
        missing=missing,
        checklist="ziq-2020",
        checked_by="S-1100",
        effective_on="2020-12-14",
    )


def propose(eligibility: Bureau, by: Actor = CHECKER, **changes: Any) -> Answer:
    return eligibility.ask("propose_finding", by, **(PROPOSAL | changes))


def sign(eligibility: Bureau, by: Actor = SECOND, **changes: Any) -> Answer:
    return eligibility.ask("sign_finding", by, **(SIGNATURE | changes))


def test_every_rule_of_the_programme_is_checked_and_recorded(eligibility: Bureau) -> None:
    hear_of_application(eligibility)

    checks = eligibility.events("CheckRecorded")
    assert [check.rule for check in checks] == [rule["id"] for rule in DEFINITION["rules"]]
    assert {check.result for check in checks} == {"met"}
    assert all(check.rule_version == "1" for check in checks)
    [opened] = eligibility.events("AssessmentOpened")
    assert sum(each.amount_cents for each in opened.tranches) == 6_890_400
    assert opened.calculation["requested_cents"] == 6_890_400
    assert eligibility.kinds()[:2] == ["FingerprintTaken", "AssessmentOpened"]
    assert eligibility.events("CaseReferred") == []


def test_an_application_that_comes_twice_is_assessed_once(eligibility: Bureau) -> None:
    hear_of_application(eligibility)
    head = eligibility.head

    hear_of_application(eligibility)
    eligibility.hear("intake.ProgrammeRegistered", PROGRAMME, **the_programme())

    assert eligibility.head == head


def test_two_persons_find_an_application_eligible(eligibility: Bureau) -> None:
    hear_of_application(eligibility)

    assert propose(eligibility).kind == "recorded"
    assert sign(eligibility).kind == "recorded"

    [found] = eligibility.events("FoundEligible")
    assert (found.proposed_by, found.signed_by) == ("S-1101", "S-1102")
    assert found.rule.endswith("(R19)")
    [opened] = eligibility.events("AssessmentOpened")
    assert found.tranches == opened.tranches
    assert found.referred == ()


def test_an_incomplete_application_is_not_found_eligible_until_it_is_complete(
    eligibility: Bureau,
) -> None:
    reference = hear_of_application(eligibility)
    hear_of_completeness(eligibility, reference, ("Satzung", "Finanzplan"))

    refused = propose(eligibility)
    hear_of_completeness(eligibility, reference)
    proposed = propose(eligibility, reasons="Satzung und Finanzplan liegen vor.")

    assert refused.kind == "invalid"
    assert "Satzung, Finanzplan" in refused.errors["payload.eligible"][0]
    assert proposed.kind == "recorded"


def test_a_finding_waits_until_somebody_has_checked_completeness(eligibility: Bureau) -> None:
    hear_of_unchecked_application(eligibility)

    assert propose(eligibility).kind == "not_yet"


def test_nothing_is_found_before_the_application_was_received(eligibility: Bureau) -> None:
    hear_of_application(eligibility)

    answer = propose(eligibility, effective_on="2020-12-09")

    assert answer.errors == {"payload.effective_on": ["expected a day not before 2020-12-10"]}


def test_nobody_signs_their_own_proposal(eligibility: Bureau) -> None:
    """Four eyes (R19), in whatever role."""
    hear_of_application(eligibility)
    propose(eligibility)
    head = eligibility.head

    for spelled in (CHECKER.id, CHECKER.id.lower()):
        for role in ("formal_checker", "expert"):
            assert sign(eligibility, Actor(spelled, role)).reason == "proposer_is_signer"

    assert eligibility.kinds(after=head) == ["AccessRefused"] * 4


def test_a_program_finds_nothing_outside_a_demonstration(eligibility: Bureau) -> None:
    hear_of_application(eligibility)
    script = Actor("script-1", "formal_checker", scripted=True)
    head = eligibility.head

    assert propose(eligibility, script).reason == "scripted_actor"
    assert eligibility.kinds(after=head) == ["AccessRefused"]
    propose(eligibility)
    assert sign(eligibility, script).reason == "scripted_actor"
    assert eligibility.events("FoundEligible") == []

    eligibility.declare_demonstration()
    assert sign(eligibility, script).kind == "recorded"


def test_an_ineligible_application_needs_reasons_and_names_what_failed(
    eligibility: Bureau,
) -> None:
    hear_of_application(eligibility, "applicant.land", "DE-BY")

    cannot = propose(eligibility)
    assert cannot.errors == {
        "payload.eligible": ["expected false: these rules are not met: seat_in_land"]
    }
    silent = propose(eligibility, eligible=False)
    assert silent.errors == {"payload.reasons": ["expected the reasons of the person who decides"]}
    propose(eligibility, eligible=False, reasons="Sitz in Bayern")
    sign(eligibility)

    [found] = eligibility.events("FoundIneligible")
    assert (found.failed, found.reasons) == (("seat_in_land",), "Sitz in Bayern")


def test_what_a_rule_cannot_decide_is_referred_to_a_person_with_reasons(
    eligibility: Bureau,
) -> None:
    hear_of_application(eligibility, "applicant.kind", "other_quarter_actor")

    [referral] = eligibility.events("CaseReferred")
    assert referral.rules == ("addressee_kind",)
    assert list(propose(eligibility).errors) == ["payload.reasons"]
    propose(eligibility, reasons="Im Quartier aktiv")
    sign(eligibility)
    [found] = eligibility.events("FoundEligible")
    assert (found.referred, found.reasons) == (("addressee_kind",), "Im Quartier aktiv")


def test_a_referred_case_found_ineligible_names_what_was_referred(eligibility: Bureau) -> None:
    hear_of_application(eligibility, "applicant.kind", "other_quarter_actor")

    propose(eligibility, eligible=False, reasons="Nicht im Quartier aktiv")
    sign(eligibility)

    assert eligibility.events("FoundIneligible")[0].failed == ("addressee_kind",)


def test_a_case_without_a_grant_cannot_be_found_eligible(eligibility: Bureau) -> None:
    plan = {"eligible": "0.01", "requested": "0.00", "own": "0.01", "others": "0.00"}
    hear_of_application(eligibility, "plan", plan)

    assert list(propose(eligibility, reasons="doch").errors) == ["payload.eligible"]


def test_a_repeat_of_an_operation_is_referred_and_names_the_original(eligibility: Bureau) -> None:
    """Double funding, Art. 65 Abs. 11 VO (EU) Nr. 1303/2013."""
    hear_of_application(eligibility)

    second = hear_of_application(eligibility, "reference", "ZIQ-2020-0002")

    [referral] = eligibility.events("CaseReferred")
    assert referral.originator_id == case_id_of(second)
    assert referral.rules == ("not_funded_before",)
    [check] = [each for each in eligibility.events("CheckRecorded") if each.result == "referred"]
    assert CASE in msgspec.json.encode(check.inputs).decode()
    assert len(eligibility.events("FingerprintTaken")) == 1


def test_a_late_application_carries_its_lateness_to_the_decision(eligibility: Bureau) -> None:
    hear_of_application(eligibility, late=True)
    propose(eligibility, reasons="Poststreik")
    sign(eligibility)

    assert [event.late for event in eligibility.events("FoundEligible")] == [True]


def test_a_new_proposal_replaces_one_that_nobody_signed(eligibility: Bureau) -> None:
    hear_of_application(eligibility)
    propose(eligibility)
    propose(eligibility, SECOND, eligible=False, reasons="Doch nicht")

    assert sign(eligibility, SECOND).reason == "proposer_is_signer"
    assert sign(eligibility, CHECKER).kind == "recorded"
    assert eligibility.events("FoundIneligible")[0].proposed_by == "S-1102"


def test_a_finding_is_signed_once_after_it_was_proposed(eligibility: Bureau) -> None:
    head = eligibility.head
    assert sign(eligibility).kind == propose(eligibility).kind == "not_yet"
    assert eligibility.head == head
    hear_of_application(eligibility)
    assert sign(eligibility).errors == {
        "payload.reference": ["expected a case with a proposed finding"]
    }
    propose(eligibility)
    assert sign(eligibility, effective_on="2020-12-15").errors == {
        "payload.effective_on": ["expected a day not before the proposal on 2020-12-16"]
    }
    sign(eligibility)
    head = eligibility.head

    unsigned = {"payload.reference": ["expected a case without a signed finding"]}
    assert sign(eligibility, CHECKER).errors == propose(eligibility).errors == unsigned
    assert eligibility.head == head


def test_every_command_of_eligibility_is_in_the_matrix(eligibility: Bureau) -> None:
    assert set(ENTITLED) == set(eligibility.service.commands) - MENDING - OF_HISTORY


@pytest.mark.parametrize("command", ENTITLED)
def test_only_the_entitled_roles_give_a_command_and_others_go_on_record(
    eligibility: Bureau, command: str
) -> None:
    hear_of_application(eligibility)
    entitled, payload = ENTITLED[command]
    for role in sorted(set(PERSON_IN) - entitled):
        head = eligibility.head
        answer = eligibility.ask(command, person(role), **payload)
        assert (answer.kind, answer.reason) == ("refused", "role_not_entitled")
        assert eligibility.kinds(after=head) == ["AccessRefused"]
    for role in sorted(entitled):
        assert eligibility.ask(command, person(role), **payload).kind != "refused"


@pytest.mark.parametrize("command", ENTITLED)
def test_a_malformed_command_is_invalid(eligibility: Bureau, command: str) -> None:
    hear_of_application(eligibility)
    role = sorted(ENTITLED[command][0])[0]
    assert_form_is_checked(eligibility, role, command, ENTITLED[command][1])


@pytest.mark.parametrize("value", NO_DATE)
@pytest.mark.parametrize("command", ENTITLED)
def test_a_day_is_text_as_year_month_day(eligibility: Bureau, command: str, value: Any) -> None:
    payload = ENTITLED[command][1] | {"effective_on": value}

    assert_invalid(eligibility, "formal_checker", command, payload, "payload.effective_on")


@pytest.mark.parametrize("value", ["true", 1, None])
def test_eligible_is_true_or_false(eligibility: Bureau, value: Any) -> None:
    hear_of_application(eligibility)

    payload = PROPOSAL | {"eligible": value}
    assert_invalid(eligibility, "formal_checker", "propose_finding", payload, "payload.eligible")
