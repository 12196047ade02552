"""What must be true of findings and decisions: how many, by whom, and upon what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from pruefpfad.decided_again.replay import CALLS, Selection, Tally, decided_again
from simulation.attempts import SCRIPT
from simulation.ledgers import Evidence, Recorded, need, need_once

DECISIONS = ("GrantApproved", "GrantPartiallyApproved", "ApplicationRejected")
FINDINGS = ("FoundEligible", "FoundIneligible")
AFTER_A_WITHDRAWAL = (*DECISIONS, "FundsEarmarked", "FundsCommitted", "DecisionBecameFinal")


def there_is_one_decision_per_question(found: Evidence) -> None:
    need_once(found.of_kind("eligibility", *FINDINGS), "case_id")
    need_once(found.of_kind("eligibility", "FingerprintTaken"), "originator_id")
    need_once(found.of_kind("budgeting", *DECISIONS), "case_id")
    need_once(found.of_kind("budgeting", "DecisionNotified"), "case_id")
    need_once(found.of_kind("budgeting", "DecisionBecameFinal"), "case_id")


def every_decision_comes_out_again(found: Evidence) -> None:
    """Whoever was first, and whatever was parked meanwhile: the record alone says why."""
    with ExitStack() as opened:
        stores = {name: opened.enter_context(found.world.reading(name)) for name in CALLS}
        differing = list(decided_again(stores, Selection(), Tally(), lambda *_: None))
    need(not differing, f"{differing[:3]}")


def nobody_does_two_persons_work(found: Evidence) -> None:
    """Proposer, signer, decider and whoever bears an exception; certifiers, authoriser, cashier."""
    for case, persons in _checkers_and_deciders(found):
        need(len(set(persons)) == len(persons), f"{case}: {persons} checked and decided")
    for order, persons in _certifiers_and_payers(found):
        need(len(set(persons)) == len(persons), f"{order}: {persons} certified, ordered and paid")


def _checkers_and_deciders(found: Evidence) -> Iterator[tuple[str, list[str]]]:
    checkers = {
        event.case_id: [event.data["proposed_by"], event.data["signed_by"]]
        for event in found.of_kind("eligibility", *FINDINGS)
    }
    yield from checkers.items()
    late = {event.case_id for event in found.of_kind("budgeting", "FindingNoted")
            if event.data["late"]}  # fmt: skip
    for event in found.of_kind("budgeting", *DECISIONS):
        deciders = [event.data["decided_by"]]
        if event.case_id in late and event.kind != "ApplicationRejected":
            deciders.append(event.data["seconded_by"] or event.data["decided_by"])
        # A restored eligibility may have forgotten what budgeting has heard.
        yield event.case_id, [*checkers.get(event.case_id, ()), *deciders]


def _certifiers_and_payers(found: Evidence) -> Iterator[tuple[str, list[str]]]:
    certified: dict[tuple[str, str], list[str]] = {}
    persons: dict[str, list[str]] = {}
    for event in found.ledgers["disbursement"]:
        match event.kind:
            case "FactualCorrectnessCertified" | "ArithmeticCorrectnessCertified":
                claim = event.case_id, event.data["claim"]
                certified.setdefault(claim, []).append(event.data["certified_by"])
            case "PaymentOrdered":
                claim = event.case_id, event.data["claim"]
                own = [*certified[claim], event.data["ordered_by"]]
                persons[event.data["order_id"]] = own
                yield event.data["order_id"], own
            case "PaymentTransmitted" | "PaymentExecuted" | "PaymentReturned":
                order = event.data["order_id"]
                yield order, [*persons[order], event.sender]


def no_program_decides(found: Evidence) -> None:
    """What a program asked for in a store that is no demonstration is on record as refused."""
    for service, ledger in found.ledgers.items():
        for event in ledger:
            is_refusal = event.kind.endswith("Refused")
            need(event.sender != SCRIPT or is_refusal, f"{service}/{event.position} is a program's")


def of_twins_one_is_the_first(found: Evidence) -> None:
    """Of applications for one operation one is the first, and the rules refer all others."""
    referred = {
        event.originator_id
        for event in found.of_kind("eligibility", "CaseReferred")
        if "not_funded_before" in event.data["rules"]
    }
    opened = {
        event.data["reference"]: event.originator_id
        for event in found.of_kind("eligibility", "AssessmentOpened")
    }
    for twins in found.plan.twins:
        first = [reference for reference in twins if opened[reference] not in referred]
        need(len(first) == 1, f"of {twins} these are the first: {first}")


def nothing_is_decided_on_what_was_withdrawn(found: Evidence) -> None:
    """Each withdrawal was noted, whatever came first, and nothing was promised or decided after."""
    withdrawn = {event.case_id for event in found.of_kind("intake", "ApplicationWithdrawn")}
    noted = {event.case_id: event for event in found.of_kind("budgeting", "WithdrawalNoted")}
    need(withdrawn == noted.keys(), f"withdrawn {withdrawn}, but noted {noted.keys()}")
    for event in found.of_kind("budgeting", *AFTER_A_WITHDRAWAL):
        withdrawal = noted.get(event.case_id)
        is_before = withdrawal is None or event.position < withdrawal.position
        need(is_before, f"{event.kind} at budgeting/{event.position} comes after the withdrawal")
    for event in noted.values():
        _check_renunciation(found, event)


def _check_renunciation(found: Evidence, withdrawal: Recorded) -> None:
    granted = [
        event
        for event in found.of_kind("budgeting", *DECISIONS[:2])
        if event.case_id == withdrawal.case_id
    ]
    is_told = withdrawal.data["renunciation"] == bool(granted)
    need(is_told, f"{withdrawal.case_id} was granted {len(granted)} times: {withdrawal.data}")
    accounts = [
        event.kind
        for event in found.of_kind("disbursement", "GrantAccountOpened", "GrantRenounced")
        if event.case_id == withdrawal.case_id
    ]
    need(accounts in ([], ["GrantAccountOpened", "GrantRenounced"]), f"the account has {accounts}")


def only_final_awards_become_debts(found: Evidence) -> None:
    """A decision is final once it was notified, and only then is money committed or drawn upon."""
    notified, final = set(), {}
    for event in found.ledgers["budgeting"]:
        match event.kind:
            case "DecisionNotified":
                notified.add(event.case_id)
            case "DecisionBecameFinal":
                need(event.case_id in notified, f"{event.case_id} is final and nobody was told")
                final[event.case_id] = sorted(event.tranches)
            case "FundsCommitted":
                need(event.case_id in final, f"{event.case_id} became a debt before it was final")
    for event in found.of_kind("disbursement", "GrantAccountOpened"):
        drawn = sorted(event.tranches)
        need(drawn == final.get(event.case_id), f"{event.case_id} may draw {drawn}")
