"""Which commands audit takes: auditors put on record what they look at and what they draw."""

from __future__ import annotations

from collections.abc import Mapping

from grant_audit import application
from grant_bus.desk import Command
from grant_contracts import audit_commands as wire
from grant_contracts.questions import AUDITOR

COMMANDS: Mapping[str, Command] = {
    "record_access": Command(wire.RecordAccess, application.record_access, frozenset({AUDITOR})),
    "draw_sample": Command(wire.DrawSample, application.draw_sample, frozenset({AUDITOR})),
}
