"""What follows in disbursement from what intake and budgeting recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from grant_bus.policies import Policy
from grant_contracts.budgeting import DecisionBecameFinal, WithdrawalNoted
from grant_contracts.envelope import Fact
from grant_contracts.intake import KeyDestroyed, PersonalDataRecorded, ProgrammeRegistered
from grant_disbursement import awaiting, payees
from grant_disbursement.domain import GrantAccount
from grant_store.work import Reading, UnitOfWork

REJECTED = "rejected"


def when_programme_registered(work: UnitOfWork, fact: ProgrammeRegistered) -> None:
    """Remember the definition: it names the account that pays."""
    work.write_document("programme", f"{fact.programme}/{fact.programme_version}", fact.definition)


def when_personal_data_recorded(work: UnitOfWork, fact: PersonalDataRecorded) -> None:
    """Keep the sealed account of a case: the decision on it names it by reference only."""
    payees.remember(work, fact)


def when_key_destroyed(work: UnitOfWork, fact: KeyDestroyed) -> None:
    """Let go of what nobody can open any more."""
    payees.forget(work, fact)


def when_decision_became_final(work: UnitOfWork, fact: DecisionBecameFinal) -> None:
    """Only a final award can be drawn upon (VV 7.1 zu § 44 LHO NRW)."""
    case_id = GrantAccount.create_id(fact.reference)
    if fact.outcome == REJECTED or work.find(GrantAccount, case_id):
        return
    if fact.payee is None:
        raise ValueError(f"{fact.reference} was {fact.outcome}, but nobody is named as payee.")
    account = GrantAccount(
        reference=fact.reference,
        programme=fact.programme,
        programme_version=fact.programme_version,
        payee=fact.payee,
        tranches=fact.tranches,
        final_on=fact.final_on,
    )
    renounced_on = _remembered_renunciation(work, case_id)
    if renounced_on:
        account.renounce(renounced_on)
    work.keep(account)


def when_withdrawal_noted(work: UnitOfWork, fact: WithdrawalNoted) -> None:
    """A renunciation ends further orders; it may come before the award has become final."""
    if not fact.renunciation:
        return  # Before an award there is nothing to draw upon.
    account = work.find(GrantAccount, fact.about)
    if account is None:
        work.write_document(*renunciation_of(fact))
        return
    account.renounce(fact.effective_on)
    work.keep(account)
    for order_id, order in account.drawn.orders.items():
        if order.state == "ordered":
            awaiting.forget(work, account, order_id)


def renunciation_of(fact: WithdrawalNoted) -> tuple[str, str, dict[str, str]]:
    """What is remembered until there is an account: kind, key and body of a document."""
    return "renounced", str(fact.about), {"effective_on": fact.effective_on.isoformat()}


def _remembered_renunciation(work: UnitOfWork, case_id: UUID) -> date | None:
    remembered = work.document("renounced", str(case_id))
    return None if remembered is None else date.fromisoformat(remembered["effective_on"])


def _read_for_finality(fact: DecisionBecameFinal) -> Reading:
    return Reading(documents=[("renounced", str(fact.about))])


READS: Mapping[type[Fact], Callable[[Any], Reading]] = {DecisionBecameFinal: _read_for_finality}

FOLLOWS: Mapping[type[Fact], Policy] = {
    ProgrammeRegistered: when_programme_registered,
    PersonalDataRecorded: when_personal_data_recorded,
    KeyDestroyed: when_key_destroyed,
    DecisionBecameFinal: when_decision_became_final,
    WithdrawalNoted: when_withdrawal_noted,
}

# These only remember: what they write follows from the facts alone, and is made again from them.
REMEMBERED: Mapping[type[Fact], Policy] = {
    ProgrammeRegistered: when_programme_registered,
    PersonalDataRecorded: when_personal_data_recorded,
    KeyDestroyed: when_key_destroyed,
}
