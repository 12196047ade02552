"""Whom to pay: sealed accounts as intake records them, opened for as long as a payment needs them.

Sealed they stand in the working data; opened they are written nowhere but in the bank's file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from grant_contracts.intake import KeyDestroyed, PersonalDataRecorded
from grant_disbursement.runs import PaymentRun
from grant_store.personal.access import Opener
from grant_store.personal.vault import DESTROYED
from grant_store.rows import KindAndKey
from grant_store.store import Store
from grant_store.work import NotYet, UnitOfWork
from grant_values.payments import RunPayment
from grant_values.personal import Account, Sealed, place_of
from grant_values.shapes import Payee

KIND = "account"  # <subject>: the sealed account, or that its key was destroyed
_IS_DESTROYED = {"destroyed": True}


class AccountDestroyed(ValueError):
    """The key of an account was destroyed, so that nobody can say any more where money went."""


def remember(work: UnitOfWork, fact: PersonalDataRecorded) -> None:
    """Keep a sealed account until it is paid to. Other personal data are not needed here."""
    if fact.kind == KIND:
        sealed = Sealed(fact.subject, fact.record, fact.purpose, fact.kind, fact.key, fact.sealed)
        work.write_document(KIND, str(fact.subject), msgspec.to_builtins(sealed))


def forget(work: UnitOfWork, fact: KeyDestroyed) -> None:
    """Drop the sealed account that nobody can open any more."""
    if fact.purpose == "payment":
        work.write_document(KIND, str(fact.subject), _IS_DESTROYED)


def names_of_case(case_id: UUID) -> list[KindAndKey]:
    """Under which name the sealed account of a case is kept."""
    return [(KIND, str(place_of(case_id, KIND).subject))]


def account_for(work: UnitOfWork, case_id: UUID, payee: Payee) -> Account | None:
    """The account of a case's payee, or None where its key was destroyed. `NotYet` until intake's
    record of it has come."""
    if payee.subject is None:
        return account_in_clear(work.store, case_id)
    known = _known(work.document(KIND, _key(payee)), case_id)
    return _opened(work.vault, [known])[0]


def accounts_for(work: UnitOfWork, payments: Sequence[RunPayment]) -> list[Account | None]:
    """The same for many payments, with one question to the store and one to the vault."""
    work.read_ahead(documents=[(KIND, _key(each.payee)) for each in payments if each.payee.subject])
    known = [
        account_in_clear(work.store, each.case_id)
        if each.payee.subject is None
        else _known(work.document(KIND, _key(each.payee)), each.case_id)
        for each in payments
    ]
    return _opened(work.vault, known)


def recorded_accounts(store: Store, vault: Opener, run: PaymentRun) -> list[Account]:
    """The accounts of a recorded run. `AccountDestroyed` names the first order without one."""
    names = [(KIND, _key(each.payee)) for each in run.payments if each.payee.subject]
    bodies = store.documents_at(names)
    in_clear = iter(run_in_clear(store, run) if len(names) < len(run.payments) else ())
    known: list[Account | Sealed | None] = []
    for each in run.payments:
        if each.payee.subject is None:
            known.append(next(in_clear))
        else:
            body = bodies.get((KIND, _key(each.payee)))
            known.append(_known(msgspec.json.decode(body) if body else None, each.case_id))
    return all_there(run.payments, _opened(vault, known))


def first_without_account(
    payments: Sequence[RunPayment], accounts: Sequence[Account | None]
) -> RunPayment | None:
    """The first payment whose account can never be opened again."""
    found = zip(payments, accounts, strict=True)
    return next((payment for payment, account in found if account is None), None)


def all_there(payments: Sequence[RunPayment], accounts: Sequence[Account | None]) -> list[Account]:
    """The accounts, if none is missing; `AccountDestroyed` names the first order whose is."""
    lost = first_without_account(payments, accounts)
    if lost is not None:
        raise AccountDestroyed(f"the key of the account of {lost.order_id} was destroyed")
    return [account for account in accounts if account is not None]


def account_in_clear(store: Store, case_id: UUID) -> Account:
    """The account that version 1 of `GrantAccountOpened` has recorded in clear in this ledger."""
    rows = store.stream(case_id)[:1]
    if not rows or rows[0].schema_version > 1:
        raise NotYet(f"The account of case {case_id} was recorded before accounts were sealed.")
    return Account.of(msgspec.json.decode(rows[0].state)["payee"])


def run_in_clear(store: Store, run: PaymentRun) -> list[Account]:
    """The accounts that version 1 of `PaymentRunOpened` has recorded in clear."""
    [opened] = store.stream(run.id)[:1]
    if opened.schema_version > 1:
        return [
            account_in_clear(store, each.case_id) for each in run.payments if not each.payee.subject
        ]
    return [Account.of(each["payee"]) for each in msgspec.json.decode(opened.state)["payments"]]


def _key(payee: Payee) -> str:
    return str(payee.subject)


def _known(body: Any, case_id: UUID) -> Sealed | None:
    """The sealed account in a document; None where its key was destroyed."""
    if body is None:
        raise NotYet(f"The account of case {case_id} is not known here yet.")
    return None if body == _IS_DESTROYED else msgspec.convert(body, Sealed)


def _opened(vault: Opener, known: Sequence[Account | Sealed | None]) -> list[Account | None]:
    """Each sealed account opened, in its place."""
    contents = iter(vault.open_all([each for each in known if isinstance(each, Sealed)]))
    opened: list[Account | None] = []
    for each in known:
        if isinstance(each, Sealed):
            content = next(contents)
            opened.append(None if content is DESTROYED else Account.of(content))
        else:
            opened.append(each)
    return opened
