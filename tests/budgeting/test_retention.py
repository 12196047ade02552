"""Holds, requests for erasure and disposal: what may happen when, and by whom (R99, R100)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from budgeting.office import DECIDER, BudgetOffice
from grant_contracts.answers import Answer
from grant_contracts.reasons import codes_of
from grant_values.cases import case_id_of
from grant_values.personal import PURPOSES, place_of
from grant_values.shapes import Actor
from support.authority import CASE, DEFINITION, person

KEEPER, SECOND_KEEPER = person("records_keeper"), person("records_keeper", "S-1702")
SUBJECT = str(place_of(case_id_of(CASE), "account").subject)
TODAY = "2026-01-15"


class RecordsOffice:
    """What the keepers of the records ask of budgeting."""

    def __init__(self, office: BudgetOffice) -> None:
        self.office = office

    def ask(self, command: str, by: Actor, **payload: Any) -> Answer:
        return self.office.ask(command, by, reference=CASE, **({"effective_on": TODAY} | payload))

    def compute(
        self, because: str = "asked", happened_on: str | None = None, second: Actor | None = None
    ) -> Answer:
        payload = {"reference": CASE, "because": because, "effective_on": TODAY}
        return self.office.ask(
            "set_retention_term", KEEPER, second, **payload, happened_on=happened_on
        )

    def hold(self, name: str = "7K-12/25", ground: str = "audit", **changed: Any) -> Answer:
        payload = {"hold": name, "ground": ground, "reason": "Prüfung"} | changed
        return self.ask("set_legal_hold", KEEPER, **payload)

    def lift(self, name: str = "7K-12/25", **changed: Any) -> Answer:
        return self.ask("lift_legal_hold", KEEPER, hold=name, reason="Ende", **changed)

    def request(self, *purposes: str, received_on: str = "2025-12-01") -> Answer:
        return self.ask(
            "request_erasure",
            KEEPER,
            request="DSB-1/25",
            subject=SUBJECT,
            purposes=list(purposes or ("follow_up",)),
            received_on=received_on,
        )

    def decide(self, decision: str, ground: str, **changed: Any) -> Answer:
        payload = {"request": "DSB-1/25", "decision": decision, "ground": ground} | changed
        return self.ask("decide_erasure", DECIDER, reasons="Gründe", **payload)

    def propose(self, by: Actor = KEEPER, **changed: Any) -> Answer:
        return self.ask("propose_disposal", by, reasons="Frist abgelaufen", **changed)

    def dispose(self, by: Actor = SECOND_KEEPER, **changed: Any) -> Answer:
        return self.ask("dispose_case", by, **changed)

    def term(self) -> Any:
        return self.office.events("RetentionTermSet")[-1]


def _shortened(years: int) -> dict[str, Any]:
    """The example programme with its rules cut to so many years, so that they end before today."""
    section = DEFINITION["retention"]
    rules = [each | {"years": years} for each in section["rules"]]
    return DEFINITION | {"retention": section | {"rules": rules}}


def _with_years(office: BudgetOffice, years: int) -> None:
    _register(office, _shortened(years))


def _register(office: BudgetOffice, definition: dict[str, Any]) -> None:
    office.hear(
        "intake.ProgrammeRegistered",
        DEFINITION["code"],
        programme=DEFINITION["code"],
        programme_version=DEFINITION["version"],
        definition=definition,
        definition_sha256="0" * 64,
        registered_by="S-1001",
    )


def _pay(office: BudgetOffice, day: str, order: str = "o-1", cents: int = 10_000) -> None:
    office.hear(
        "disbursement.PaymentExecuted",
        order_id=order,
        end_to_end_id=f"E2E-{order}",
        tranches=[{"fund": "ESF", "year": 2021, "amount_cents": cents}],
        amount_cents=cents,
        effective_on=day,
    )


def _return(office: BudgetOffice, day: str, order: str = "o-1", cents: int = 10_000) -> None:
    office.hear(
        "disbursement.PaymentReturned",
        order_id=order,
        end_to_end_id=f"E2E-{order}",
        tranches=[{"fund": "ESF", "year": 2021, "amount_cents": cents}],
        amount_cents=cents,
        was_executed=True,
        reason="AC04",
        effective_on=day,
    )


@pytest.fixture
def withdrawn(office: BudgetOffice) -> RecordsOffice:
    """A case that was taken back in 2021, and of which every rule has ended by 2026."""
    _with_years(office, 3)
    office.hear_of_withdrawal()
    return RecordsOffice(office)


@pytest.fixture
def paid(waiting: BudgetOffice) -> RecordsOffice:
    """A case with a payment of December 2021; accounts and proof of use are not reported yet."""
    waiting.make_final()
    _pay(waiting, "2021-12-20")
    return RecordsOffice(waiting)


# The term.
def test_r100_the_longest_of_the_rules_decides(paid: RecordsOffice) -> None:
    assert paid.compute().kind == "recorded"
    assert paid.term().retain_until is None
    assert set(paid.term().missing) == {"accounts_submitted", "proof_submitted"}

    paid.compute("accounts_submitted", "2023-02-15")
    paid.compute("proof_submitted", "2022-06-30")

    ends = {term.rule: str(term.retain_until) for term in paid.term().by_rule}
    assert ends == {
        "esf-plus-82": "2026-12-31",
        "esf-140": "2025-12-31",
        "anbest": "2027-06-30",
    }
    assert str(paid.term().retain_until) == "2027-06-30"
    assert paid.term().rule.startswith("anbest: ")


def test_r100_a_later_payment_recomputes_the_term_and_a_returned_one_takes_it_back(
    paid: RecordsOffice,
) -> None:
    paid.compute("accounts_submitted", "2022-02-15")
    paid.compute("proof_submitted", "2021-12-31")
    assert str(paid.term().retain_until) == "2026-12-31"

    _pay(paid.office, "2022-01-03", "o-2")
    assert (paid.term().because, str(paid.term().retain_until)) == ("last_payment", "2027-12-31")

    _return(paid.office, "2022-01-05", "o-2")
    assert paid.term().because == "payment_returned"
    assert str(paid.term().retain_until) == "2026-12-31"


def test_a_case_whose_retention_nobody_watches_gets_no_events_of_it(paid: RecordsOffice) -> None:
    assert paid.office.events("RetentionTermSet") == []


def test_computing_what_is_on_record_changes_nothing(withdrawn: RecordsOffice) -> None:
    withdrawn.compute()
    head = withdrawn.office.head

    again = withdrawn.compute()

    assert (again.kind, withdrawn.office.head) == ("invalid", head)
    assert again.errors == {
        "payload.because": ["expected something that changes the term on record"]
    }


def test_proceedings_interrupt_a_term_and_it_begins_anew(paid: RecordsOffice) -> None:
    paid.compute("accounts_submitted", "2022-02-15")
    paid.compute("proof_submitted", "2021-12-31")
    paid.hold(ground="legal_proceedings", effective_on="2023-03-01")

    assert paid.lift().kind == "recorded"

    assert (paid.term().because, str(paid.term().retain_until)) == ("hold_lifted", "2031-12-31")


@pytest.mark.parametrize("day", ["2023-03-01", "2026-01-14", "2026-01-16"])
def test_an_interruption_runs_to_the_day_on_which_its_end_is_recorded(
    paid: RecordsOffice, day: str
) -> None:
    """Dated back, a lift would end the interruption before anybody could have relied on it."""
    paid.hold(ground="legal_proceedings", effective_on="2023-03-01")

    answer = paid.lift(effective_on=day)

    assert list(answer.errors) == ["payload.effective_on"]
    assert "2026-01-15" in str(answer.errors) or day > TODAY
    assert paid.office.events("LegalHoldLifted") == []


@pytest.mark.parametrize("because", ["accounts_submitted", "proof_submitted"])
def test_r100_nothing_is_reported_from_before_the_decision_was_final(
    paid: RecordsOffice, because: str
) -> None:
    """Or one keeper would end the term before there was an award."""
    answer = paid.compute(because, "2021-01-19")

    assert answer.errors == {
        "payload.happened_on": ["expected a day from 2021-01-20 on, when the decision became final"]
    }
    assert paid.compute(because, "2021-01-20").kind == "recorded"


def test_r100_nothing_is_reported_of_a_case_that_was_not_decided(waiting: BudgetOffice) -> None:
    answer = RecordsOffice(waiting).compute("proof_submitted", "2022-06-30")

    assert answer.errors == {"payload.because": ["expected a case whose decision is final"]}


def test_r100_a_report_that_shortens_a_term_is_borne_by_two_persons(paid: RecordsOffice) -> None:
    paid.compute("accounts_submitted", "2023-02-15")
    paid.compute("proof_submitted", "2022-06-30")
    until = paid.term().retain_until

    for second in (None, KEEPER, Actor(KEEPER.id.lower(), KEEPER.role)):
        answer = paid.compute("proof_submitted", "2021-06-30", second)
        assert (answer.kind, answer.reason) == ("refused", "second_person_missing")
    assert paid.term().retain_until == until

    assert paid.compute("proof_submitted", "2021-06-30", SECOND_KEEPER).kind == "recorded"
    assert {str(each.retain_until) for each in paid.term().by_rule} >= {"2026-06-30"}
    assert paid.compute("proof_submitted", "2022-07-01").kind == "recorded"


def test_r100_not_even_a_term_that_waits_for_another_rule_is_shortened_by_one(
    paid: RecordsOffice,
) -> None:
    paid.compute("proof_submitted", "2022-06-30")
    assert paid.term().retain_until is None

    assert paid.compute("proof_submitted", "2021-06-30").reason == "second_person_missing"


def test_r100_a_payment_from_before_the_first_row_of_a_rule_leaves_the_term_open(
    waiting: BudgetOffice,
) -> None:
    section = DEFINITION["retention"]
    rules = [
        each | {"valid_from": "2021-07-01"}
        for each in section["rules"]
        if (each["id"], each["valid_from"]) != ("esf-plus-82", "2021-07-01")
    ]
    _register(waiting, DEFINITION | {"retention": section | {"rules": rules}})
    waiting.make_final()
    _pay(waiting, "2021-06-20")
    records = RecordsOffice(waiting)
    records.compute("accounts_submitted", "2022-02-15")
    records.compute("proof_submitted", "2022-06-30")

    assert (records.term().retain_until, records.term().missing) == (None, ("rule_in_force",))
    assert records.propose().reason == "term_not_known"


def test_what_only_a_person_can_report_needs_its_day(withdrawn: RecordsOffice) -> None:
    missing = withdrawn.compute("proof_submitted")
    ahead = withdrawn.compute("proof_submitted", "2026-01-16")
    needless = withdrawn.compute("asked", "2021-01-16")

    assert [each.kind for each in (missing, ahead, needless)] == ["invalid"] * 3
    assert all(list(each.errors) == ["payload.happened_on"] for each in (missing, ahead, needless))


# Disposal.
def test_r100_a_case_is_disposed_of_by_two_persons_after_its_term(withdrawn: RecordsOffice) -> None:
    assert withdrawn.propose().kind == "recorded"
    assert withdrawn.dispose().kind == "recorded"

    [disposed] = withdrawn.office.events("CaseDisposed")
    assert (disposed.proposed_by, disposed.disposed_by) == (KEEPER.id, SECOND_KEEPER.id)
    assert str(disposed.retain_until) == "2024-12-31"
    assert "payment" in disposed.purposes


def test_r100_nobody_disposes_of_a_case_before_its_term(office: BudgetOffice) -> None:
    office.hear_of_withdrawal()
    records = RecordsOffice(office)

    assert records.propose().reason == "retention_runs"
    assert records.dispose().reason == "retention_runs"
    assert office.events("CaseDisposed") == office.events("DisposalProposed") == []


def test_a_day_to_come_passes_no_term(office: BudgetOffice) -> None:
    office.hear_of_withdrawal()

    answer = RecordsOffice(office).propose(effective_on="2029-01-01")

    assert answer.kind == "invalid"
    assert answer.errors == {"payload.effective_on": ["expected a day up to 2026-01-15"]}


def test_a_case_that_has_not_ended_has_no_term(waiting: BudgetOffice) -> None:
    assert RecordsOffice(waiting).propose().reason == "term_not_known"


def test_a_paid_case_is_kept_until_all_rules_have_begun(paid: RecordsOffice) -> None:
    _with_years(paid.office, 1)

    assert paid.propose().reason == "term_not_known"

    paid.compute("accounts_submitted", "2022-02-15")
    paid.compute("proof_submitted", "2021-12-31")
    assert paid.propose().kind == "recorded"


def test_r100_under_a_hold_nothing_is_disposed_of(withdrawn: RecordsOffice) -> None:
    withdrawn.propose()
    withdrawn.hold()

    assert withdrawn.propose().reason == "legal_hold"
    assert withdrawn.dispose().reason == "legal_hold"

    withdrawn.lift()
    assert withdrawn.dispose().kind == "recorded"


def test_a_payment_heard_of_after_the_proposal_is_not_overlooked(paid: RecordsOffice) -> None:
    _with_years(paid.office, 3)
    paid.compute("accounts_submitted", "2022-02-15")
    paid.compute("proof_submitted", "2021-12-31")
    assert paid.propose().kind == "recorded"

    _pay(paid.office, "2025-02-01", "o-2")

    assert paid.dispose().reason == "retention_runs"


def _nothing(records: RecordsOffice) -> None:
    pass


@pytest.mark.parametrize(
    ("before", "by", "reason"),
    [
        (_nothing, SECOND_KEEPER, "not_proposed"),
        (RecordsOffice.propose, KEEPER, "proposer_is_disposer"),
        (RecordsOffice.request, SECOND_KEEPER, "erasure_open"),
        (RecordsOffice.hold, SECOND_KEEPER, "legal_hold"),
        (_nothing, Actor("S-1702", "records_keeper", scripted=True), "scripted_actor"),
    ],
)
def test_a_disposal_that_may_not_be_is_refused_on_record(
    withdrawn: RecordsOffice, before: Callable[[RecordsOffice], object], by: Actor, reason: str
) -> None:
    before(withdrawn)

    assert withdrawn.dispose(by).reason == reason
    assert withdrawn.office.events("DisposalRefused")[-1].reason == reason
    assert reason in codes_of("budgeting.DisposalRefused")["reason"]


def test_a_case_is_disposed_of_once(withdrawn: RecordsOffice) -> None:
    withdrawn.propose()
    withdrawn.dispose()

    assert withdrawn.dispose().reason == "already_disposed"


def test_a_hold_takes_a_disposal_back_that_may_not_be_carried_out_yet(
    withdrawn: RecordsOffice,
) -> None:
    """Budgeting does not know whether keys are left: whoever destroys them asks it (R100)."""
    withdrawn.propose()
    withdrawn.dispose()

    assert withdrawn.hold().kind == "recorded"
    assert withdrawn.dispose().reason == "legal_hold"
    withdrawn.lift()
    assert withdrawn.dispose().reason == "not_proposed"
    withdrawn.propose()
    assert withdrawn.dispose().kind == "recorded"


def test_an_interruption_after_a_disposal_makes_the_term_run_anew(paid: RecordsOffice) -> None:
    _with_years(paid.office, 3)
    paid.compute("accounts_submitted", "2022-02-15")
    paid.compute("proof_submitted", "2021-12-31")
    paid.propose()
    assert paid.dispose().kind == "recorded"

    paid.hold(ground="legal_proceedings")
    paid.lift()

    assert paid.propose().reason == "retention_runs"


def test_a_hold_takes_a_decision_to_erase_back_and_it_is_decided_again(
    withdrawn: RecordsOffice,
) -> None:
    withdrawn.request("payment")
    withdrawn.decide("erase", "no_longer_necessary")
    assert "payload.request" in withdrawn.decide("erase", "no_longer_necessary").errors

    withdrawn.hold()
    assert withdrawn.decide("erase", "no_longer_necessary").reason == "legal_hold"
    withdrawn.lift()

    assert withdrawn.decide("erase", "no_longer_necessary").kind == "recorded"
    assert "payload.request" in withdrawn.decide("refuse", "not_concerned").errors


def test_only_keepers_of_records_dispose(withdrawn: RecordsOffice) -> None:
    assert withdrawn.propose(DECIDER).reason == "role_not_entitled"
    withdrawn.propose()
    assert withdrawn.dispose(DECIDER).reason == "role_not_entitled"


# Holds.
def test_a_hold_has_a_name_of_its_own_and_ends_once(withdrawn: RecordsOffice) -> None:
    withdrawn.hold(effective_on="2026-01-10")

    assert "payload.hold" in withdrawn.hold().errors
    assert withdrawn.lift().kind == "recorded"
    assert "payload.hold" in withdrawn.lift().errors
    assert "payload.hold" in withdrawn.hold().errors


# Requests for erasure.
def test_r99_a_request_is_on_record_with_the_day_by_which_it_is_answered(
    withdrawn: RecordsOffice,
) -> None:
    # 30 November 2025 is a Sunday; a month later ends on 30 December, a Tuesday.
    assert withdrawn.request(received_on="2025-11-30").kind == "recorded"

    [asked] = withdrawn.office.events("ErasureRequested")
    assert str(asked.due_on) == "2025-12-30"
    assert "payload.request" in withdrawn.request().errors


def test_r99_an_answer_after_the_term_is_recorded_and_says_that_it_is_late(
    withdrawn: RecordsOffice,
) -> None:
    withdrawn.request(received_on="2025-12-01")

    assert withdrawn.decide("erase", "consent_withdrawn", effective_on="2026-01-05").kind == (
        "recorded"
    )
    [decided] = withdrawn.office.events("ErasureDecided")
    assert (str(decided.due_on), decided.late) == ("2026-01-02", True)


def test_what_a_person_agreed_to_is_erased_at_once(office: BudgetOffice) -> None:
    office.hear_of_withdrawal()
    records = RecordsOffice(office)
    records.request("follow_up")

    assert records.decide("erase", "consent_withdrawn").kind == "recorded"
    assert office.events("ErasureDecided")[0].purposes == ("follow_up",)


@pytest.mark.parametrize("purposes", [("payment",), ("follow_up", "payment")])
def test_r99_what_the_law_demands_is_not_erased_during_its_term_but_refused_with_its_ground(
    office: BudgetOffice, purposes: tuple[str, ...]
) -> None:
    office.hear_of_withdrawal()
    records = RecordsOffice(office)
    records.request(*purposes)

    assert records.decide("erase", "no_longer_necessary").reason == "retention_runs"
    assert office.events("ErasureDecided") == []
    assert records.decide("refuse", "legal_obligation").kind == "recorded"


def test_under_a_hold_nothing_is_erased(withdrawn: RecordsOffice) -> None:
    withdrawn.request("payment")
    withdrawn.hold()

    assert withdrawn.decide("erase", "no_longer_necessary").reason == "legal_hold"

    withdrawn.lift()
    assert withdrawn.decide("erase", "no_longer_necessary").kind == "recorded"


def test_a_ground_carries_only_decisions_that_the_law_gives_it_for(
    withdrawn: RecordsOffice,
) -> None:
    withdrawn.request()

    assert "payload.ground" in withdrawn.decide("refuse", "consent_withdrawn").errors
    assert "payload.ground" in withdrawn.decide("erase", "legal_obligation").errors
    assert withdrawn.decide("restrict", "accuracy_contested").kind == "recorded"
    assert "payload.request" in withdrawn.decide("refuse", "not_concerned").errors


def test_what_an_older_definition_does_not_name_is_kept_by_law_and_disposed_of_with_the_rest(
    office: BudgetOffice,
) -> None:
    section = DEFINITION["retention"]
    few = [each for each in section["purposes"] if each["purpose"] == "payment"]
    rules = [each | {"years": 3} for each in section["rules"]]
    office.hear(
        "intake.ProgrammeRegistered",
        DEFINITION["code"],
        programme=DEFINITION["code"],
        programme_version=DEFINITION["version"],
        definition=DEFINITION | {"retention": section | {"purposes": few, "rules": rules}},
        definition_sha256="0" * 64,
        registered_by="S-1001",
    )

    office.hear_of_withdrawal()
    records = RecordsOffice(office)

    assert records.request("follow_up").kind == "recorded"
    assert records.decide("erase", "consent_withdrawn").kind == "recorded"
    records.propose()
    records.dispose()
    assert set(office.events("CaseDisposed")[0].purposes) == set(PURPOSES)


def test_a_case_that_was_never_heard_of_is_waited_for(
    an_office: Callable[[], BudgetOffice],
) -> None:
    assert RecordsOffice(an_office()).hold().kind == "not_yet"
