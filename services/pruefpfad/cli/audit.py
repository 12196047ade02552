"""`pruefpfad audit …`: what an auditor asks. Each command stands in a module of its own."""

from __future__ import annotations

import click

from pruefpfad.cli import (
    audit_bundle,
    audit_changes,
    audit_compare,
    audit_documents,
    audit_drill,
    audit_matrix,
    audit_overrides,
    audit_roles,
    audit_sample,
)


@click.group(epilog="Example: pruefpfad --data var/demo audit matrix --case ESF1420-000015")
def audit() -> None:
    """What an auditor asks of the history."""


for _module in (
    audit_bundle,
    audit_changes,
    audit_compare,
    audit_documents,
    audit_drill,
    audit_matrix,
    audit_overrides,
    audit_roles,
    audit_sample,
):
    for _command in _module.AUDIT_COMMANDS:
        audit.add_command(_command)

COMMANDS = (audit,)
