"""What was sealed, opened only to see that it is a record of its kind.

The ledger keeps what it takes for good: so nothing is taken that cannot be opened, or that does not
have its form. It is never written anywhere in clear, and no error says what is in it.
"""

from __future__ import annotations

from grant_contracts.personal import IN_CLEAR
from grant_store.personal.cipher import SealBroken
from grant_store.personal.vault import DESTROYED, Content, NotInVault
from grant_store.work import UnitOfWork
from grant_values.invalid import Invalid
from grant_values.personal import Account, Sealed

NAMES = {"account": "an account", "contact_person": "a contact person"}
_FORMS = {kind: form() for kind, form in IN_CLEAR.items()}


def check_content(work: UnitOfWork, field: str, sealed: Sealed) -> None:
    """`Invalid` unless it was sealed with this vault, can still be opened and has its form."""
    name = NAMES.get(sealed.kind, "a record")
    try:
        content = work.vault.open(sealed)
    except (NotInVault, SealBroken) as error:
        raise Invalid(field, f"expected {name} sealed with this vault") from error
    if content is DESTROYED:
        raise Invalid(field, f"expected {name} whose key was not destroyed")
    if sealed.kind == "account":
        _check_account(field, content)
    elif sealed.kind in _FORMS:
        _check_form(field, sealed.kind, content)


def _check_account(field: str, content: Content) -> None:
    try:
        Account.of(content).check()
    except ValueError as error:
        raise Invalid(field, f"expected a sealed account; in it {error}") from error


def _check_form(field: str, kind: str, content: Content) -> None:
    """A field that the form does not have is not named: its name may be what was to be sealed."""
    form = _FORMS[kind]
    known = sorted(form.fields)
    if not content.keys() <= form.fields.keys():
        raise Invalid(field, f"expected no other fields in it than {', '.join(known)}")
    errors = form.validate(content)
    for name in known:
        if name in errors:
            raise Invalid(f"{field}.{name}", "; ".join(errors[name]))
