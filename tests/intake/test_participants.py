"""Participants: enrolled sealed, left, counted in groups, and what is left when keys are gone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from grant_contracts.answers import Answer
from grant_contracts.commands import command_message
from grant_contracts.personal import IN_CLEAR
from grant_intake.personal import UNCOUNTED
from grant_store.personal.vault import DESTROYED
from grant_values.cases import case_id_of
from grant_values.participants import INDICATORS
from grant_values.personal import Sealed, place_of
from support.authority import (
    APPLICATION,
    CASE,
    DEFINITION,
    PERSON_IN,
    PROGRAMME,
    VERSION,
    Bureau,
    a_token,
    person,
)
from support.participants import a_participant

OFFICER, AUTHORITY = person("formal_checker"), person("managing_authority")
KEEPER, SECOND = person("records_keeper"), person("records_keeper", "S-1702")
OTHER = "ZIQ-2020-0002"
COUNT = {
    "programme": PROGRAMME,
    "programme_version": VERSION,
    "counted_until": "2021-12-31",
    "effective_on": "2022-01-10",
}


@pytest.fixture
def office(intake: Bureau) -> Bureau:
    """An intake with two applications of the example programme."""
    for reference in (CASE, OTHER):
        payload = APPLICATION | {"reference": reference}
        assert intake.ask("submit_application", person("applicant"), **payload).kind == "recorded"
    return intake


def enrol(office: Bureau, number: int = 1, reference: str = CASE, **changes: Any) -> Answer:
    payload = a_participant(number, reference, **changes)
    return office.ask("enrol_participant", OFFICER, **payload)


def enrol_all(office: Bureau, numbers: range, reference: str = CASE, **changes: Any) -> None:
    for number in numbers:
        assert enrol(office, number, reference, **changes).kind == "recorded"


def count(office: Bureau, **changes: Any) -> Answer:
    return office.ask("count_participants", AUTHORITY, **(COUNT | changes))


def destroy(office: Bureau, purpose: str, number: int | None = None) -> None:
    subject = place_of(case_id_of(CASE), "participant", number).subject if number else None
    office.ends.say("consent_withdrawn", purpose)
    answer = office.ask(
        "destroy_keys",
        *(KEEPER, SECOND),
        reference=CASE,
        purpose=purpose,
        subject=str(subject) if subject else None,
        reason="consent_withdrawn",
        effective_on="2026-01-15",
    )
    assert answer.kind == "recorded"


def cells_of(event: Any) -> dict[tuple[str, str, str], int]:
    return {(each.characteristic, each.value, each.gender): each.persons for each in event.cells}


def ledger(office: Bureau) -> bytes:
    return b"".join(row.state + row.metadata for row in office.store.events_after(0, 1_000))


# Enrolled.


def test_a_participant_is_a_number_and_a_day_and_all_else_is_sealed(office: Bureau) -> None:
    answer = enrol(office, follow_up={"email": "kirschkernmarke@m.example"})

    assert answer.kind == "recorded"
    enrolled, *records = office.events()[-4:]
    assert (enrolled.number, enrolled.programme) == (1, PROGRAMME)
    assert enrolled.entered_on.isoformat() == "2021-03-01"
    kinds = ["participant", "participant_characteristics", "participant_follow_up"]
    assert [each.kind for each in records] == kinds
    assert {each.subject for each in records} == {enrolled.subject}
    for clear in (b"Kirschkernmarke", b"kirschkernmarke", b"1990-08-12", b"long_term", b"isced"):
        assert clear not in ledger(office).replace(msgspec.json.encode(DEFINITION), b"")


def test_sent_again_the_same_enrolment_is_the_same_command(office: Bureau) -> None:
    token = a_token(OFFICER)
    messages = [
        command_message("intake.enrol_participant", "k", token, a_participant(1)) for _ in range(2)
    ]

    first, again = (office.send(each) for each in messages)

    assert first.kind == "recorded"
    assert again == first


def test_somebody_who_was_not_identified_and_asked_is_no_participant(office: Bureau) -> None:
    """R97: contacts of a drop-in are no participants, however many there were."""
    head = office.head
    for missing in ("identity", "characteristics"):
        payload = {k: v for k, v in a_participant(1).items() if k != missing}
        answer = office.ask("enrol_participant", OFFICER, **payload)
        assert answer.errors == {f"payload.{missing}": ["expected a value"]}
    assert office.head == head


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"characteristics": {"gender": "x"}}, "characteristics.gender"),
        ({"characteristics": {"labour_status": "retired"}}, "characteristics.labour_status"),
        ({"characteristics": {"age": 200}}, "characteristics.age"),
        ({"characteristics": {"age": 31}}, "characteristics.age"),
        ({"characteristics": {"religion": "?"}}, "characteristics.religion"),
        ({"identity": {"date_of_birth": "12.08.1990"}}, "identity.date_of_birth"),
        ({"identity": {"family_name": ""}}, "identity.family_name"),
        ({"special_categories": {"disability": "50 %"}}, "special_categories.disability"),
        ({"follow_up": {"email": "nobody"}}, "follow_up.email"),
    ],
)
def test_a_form_that_does_not_fit_names_the_field_and_repeats_nothing(
    office: Bureau, changes: dict[str, Any], field: str
) -> None:
    identity = {"date_of_birth": "1990-08-12"} | changes.pop("identity", {})
    payload = a_participant(1, **changes)
    payload["identity"] |= identity
    head = office.head

    answer = office.ask("enrol_participant", OFFICER, **payload)

    assert list(answer.errors) == [f"payload.{field}"]
    assert office.head == head
    for clear in ("Kirschkernmarke", "1990", "retired", "50 %", "nobody"):
        assert clear not in str(answer)


def test_what_was_sealed_past_the_border_is_checked_as_well(office: Bureau) -> None:
    """Whoever seals by itself can seal anything."""
    assert office.vault
    payload = a_participant(1)
    contents = {
        "participant": payload["identity"],
        "participant_characteristics": payload["characteristics"]
        | {"age": 30, "gender": "Kirschkern"},
    }
    seals = office.vault.seal_all(
        [(place_of(case_id_of(CASE), kind), content) for kind, content in contents.items()]
    )
    payload["identity"], payload["characteristics"] = map(msgspec.to_builtins, seals)

    answer = office.ask("enrol_participant", OFFICER, **payload)

    expected = "expected one of women, men, non_binary"
    assert answer.errors == {"payload.characteristics.gender": [expected]}


def test_a_record_of_one_kind_does_not_stand_for_another(office: Bureau) -> None:
    assert office.vault
    place = place_of(case_id_of(CASE), "participant_follow_up")
    [sealed] = office.vault.seal_all([(place, {"email": ""})])
    payload = a_participant(1, characteristics={"age": 30})
    payload["identity"] = msgspec.to_builtins(sealed)

    answer = office.ask("enrol_participant", OFFICER, **payload)

    assert answer.errors == {"payload.identity.kind": ["expected 'participant'"]}


def test_a_number_is_enrolled_once_and_only_in_a_case_that_is_there(office: Bureau) -> None:
    enrol(office)

    assert list(enrol(office).errors) == ["payload.number"]
    assert enrol(office, 1, "ZIQ-2020-0099").kind == "not_yet"
    early = a_participant(2) | {"entered_on": "2020-01-01"}
    answer = office.ask("enrol_participant", OFFICER, **early)
    assert list(answer.errors) == ["payload.entered_on"]


def test_nobody_is_enrolled_in_a_case_that_was_withdrawn(office: Bureau) -> None:
    withdrawal = {"reference": CASE, "reason": "Verzicht", "effective_on": "2021-01-10"}
    office.ask("withdraw_application", person("applicant"), **withdrawal)

    assert list(enrol(office).errors) == ["payload.reference"]


def test_a_participant_is_not_recorded_beside_an_enrolment(office: Bureau) -> None:
    record = {"kind": "participant", "number": 1, **a_participant(1)["identity"]}

    answer = office.ask(
        "record_personal_data",
        OFFICER,
        reference=CASE,
        records=[record],
        effective_on="2021-03-01",
    )

    assert answer.errors == {
        "payload.records.0.kind": ["expected another kind: this comes with an enrolment"]
    }


def test_a_participant_leaves_once_and_not_before_entering(office: Bureau) -> None:
    enrol(office)

    def leave(number: int, left_on: str) -> Answer:
        on_case = {"reference": CASE, "number": number, "left_on": left_on}
        return office.ask("record_departure", OFFICER, **on_case)

    assert list(leave(2, "2021-06-30").errors) == ["payload.number"]
    assert list(leave(1, "2021-02-28").errors) == ["payload.left_on"]
    assert leave(1, "2021-06-30").kind == "recorded"
    assert list(leave(1, "2021-07-31").errors) == ["payload.number"]


@pytest.mark.parametrize(
    ("command", "payload"),
    [
        ("enrol_participant", a_participant(1)),
        ("record_departure", {"reference": CASE, "number": 1, "left_on": "2021-06-30"}),
        ("count_participants", COUNT),
    ],
)
def test_only_the_entitled_roles_give_a_command_and_others_go_on_record(
    office: Bureau, command: str, payload: dict[str, Any]
) -> None:
    for role in sorted(set(PERSON_IN) - office.service.commands[command].roles):
        answer = office.ask(command, person(role), **payload)
        assert (answer.kind, answer.reason) == ("refused", "role_not_entitled")


# Counted.


def test_a_count_says_how_many_and_never_of_fewer_than_the_definition_asks(office: Bureau) -> None:
    enrol_all(office, range(1, 7))
    enrol_all(office, range(7, 13), characteristics={"gender": "men"})
    enrol_all(office, range(13, 15), characteristics={"gender": "men", "homeless": "yes"})

    assert count(office, reference=CASE).kind == "recorded"

    [counted] = office.events("ParticipantsCounted")
    assert counted.smallest_group == 5
    assert "BStatG" in counted.source
    cells = cells_of(counted)
    assert min(cells.values()) >= 5
    assert ("homeless", "yes", "men") not in cells
    assert len(counted.left_out) + counted.persons == 14
    assert len(counted.left_out) >= 5


def test_a_person_is_counted_once_and_later_ones_later(office: Bureau) -> None:
    enrol_all(office, range(1, 7))
    count(office, reference=CASE)
    enrol_all(office, range(7, 13))

    answer = count(office, reference=CASE, counted_until="2021-11-30")

    assert answer.kind == "recorded"
    first, second = office.events("ParticipantsCounted")
    assert (first.persons, second.persons) == (6, 6)
    assert office.store.documents(UNCOUNTED) == []


def test_cases_too_small_to_be_counted_alone_are_counted_together(office: Bureau) -> None:
    enrol_all(office, range(1, 4))
    enrol_all(office, range(1, 4), OTHER)

    assert count(office, reference=CASE).kind == "recorded"
    assert count(office).kind == "recorded"

    alone, together = office.events("ParticipantsCounted")
    assert (alone.persons, alone.cells, len(alone.left_out)) == (0, (), 3)
    assert (together.persons, together.reference) == (6, "")


def test_who_entered_after_the_day_is_not_counted_yet(office: Bureau) -> None:
    enrol_all(office, range(1, 7))

    answer = count(office, counted_until="2021-02-28")

    assert list(answer.errors) == ["payload.counted_until"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"programme": "another"}, "programme"),
        ({"programme_version": "v9"}, "programme"),
        ({"effective_on": "2021-12-30"}, "counted_until"),
        ({"reference": "?"}, "reference"),
    ],
)
def test_a_count_that_cannot_be_names_the_field(
    office: Bureau, changes: dict[str, Any], field: str
) -> None:
    enrol_all(office, range(1, 7))
    head = office.head

    answer = count(office, **changes)

    assert list(answer.errors) == [f"payload.{field}"]
    assert office.head == head


def test_a_definition_that_does_not_say_how_to_count_is_asked_for(office: Bureau) -> None:
    later = {"valid_from": "2030-01-01", "persons": 5, "source": "Erlass"}
    without = {name: value for name, value in DEFINITION.items() if name != "participants"}
    with_later = without | {"participants": {"smallest_group": [later]}}
    for version, definition in (("v0", without), ("v2030", with_later)):
        office.ask("register_programme", AUTHORITY, definition=definition | {"version": version})
        answer = count(office, programme_version=version)
        assert list(answer.errors) == ["payload.programme_version"]


# When keys are gone.


def test_what_was_counted_stays_when_the_keys_are_destroyed(office: Bureau) -> None:
    """R98: the totals stay equal."""
    enrol_all(office, range(1, 7), special_categories={"disability": "yes"})
    count(office, reference=CASE)
    [before] = office.events("ParticipantsCounted")
    seals = [
        Sealed(each.subject, each.record, each.purpose, each.kind, each.key, each.sealed)
        for each in office.events("PersonalDataRecorded")
        if each.kind.startswith("participant")
    ]

    for purpose in ("identity", "characteristics", "special_categories"):
        destroy(office, purpose)

    assert office.vault
    assert office.vault.open_all(seals) == [DESTROYED] * len(seals)
    [after] = office.events("ParticipantsCounted")
    assert cells_of(after) == cells_of(before)
    assert len(office.events("ParticipantEnrolled")) == 6


def test_who_can_no_longer_be_read_is_left_out_and_counts_in_the_total_alone(
    office: Bureau,
) -> None:
    enrol_all(office, range(1, 8))
    destroy(office, "characteristics", 7)

    assert count(office, reference=CASE).kind == "recorded"

    [counted] = office.events("ParticipantsCounted")
    gone = place_of(case_id_of(CASE), "participant", 7).subject
    assert (counted.persons, counted.left_out) == (6, (gone,))


def test_when_the_time_has_run_out_a_count_comes_before_the_keys_go(office: Bureau) -> None:
    enrol_all(office, range(1, 3))
    retention_ended = {
        "reference": CASE,
        "purpose": "characteristics",
        "reason": "retention_ended",
        "effective_on": "2026-01-15",
    }
    office.ends.say("retention_ended", "characteristics")

    too_early = office.ask("destroy_keys", KEEPER, SECOND, **retention_ended)
    count(office, reference=CASE)
    after_a_count = office.ask("destroy_keys", KEEPER, SECOND, **retention_ended)

    assert list(too_early.errors) == ["payload.purpose"]
    assert after_a_count.kind == "recorded"
    assert office.vault
    assert not office.vault.has_key(
        place_of(case_id_of(CASE), "participant_characteristics", 1).holder
    )


def test_who_has_withdrawn_consent_counts_without_what_it_was_for(office: Bureau) -> None:
    enrol_all(office, range(1, 7), special_categories={"disability": "yes"})
    destroy(office, "special_categories")

    count(office, reference=CASE)

    [counted] = office.events("ParticipantsCounted")
    assert cells_of(counted)["disability", "not_stated", "women"] == 6


def test_each_indicator_counts_values_that_a_form_can_have() -> None:
    asked = {
        name
        for kind in ("participant_characteristics", "participant_special_categories")
        for name in IN_CLEAR[kind]().fields
    }
    assert {each.characteristic for each in INDICATORS} <= asked | {"age_group"}
    assert [each.code for each in INDICATORS] == [f"EECO{n:02}" for n in range(2, 18)]
