"""Refusals of access, decided again as far as they hold what they rest upon.

The command that was refused is not recorded: an unauthorised one must not write its content into
a history. So whether its role was entitled to the command can be told, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from grant_store.lifted import lifted_state
from grant_store.rows import LedgerEvent
from pruefpfad.assembly import Service
from pruefpfad.decided_again.differences import Found

REFUSED_FOR_ROLE = "role_not_entitled"


class _Refused(msgspec.Struct):
    command: str
    role: str
    reason: str


def is_refusal(topic: str) -> bool:
    return topic.endswith(".AccessRefused")


def differences(service: Service, row: LedgerEvent) -> Iterator[Found]:
    """The role comes first: where it is not entitled there is no other reason, and the reverse."""
    refused = lifted_state(row, _Refused)
    command = service.commands.get(refused.command.partition(".")[2])
    if command is None:
        yield row, "command", refused.command, None
    elif refused.role not in command.roles and refused.reason != REFUSED_FOR_ROLE:
        yield row, "reason", refused.reason, REFUSED_FOR_ROLE
    elif refused.role in command.roles and refused.reason == REFUSED_FOR_ROLE:
        yield row, "reason", refused.reason, None
