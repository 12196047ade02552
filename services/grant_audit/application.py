"""What an auditor may have put on record. Audit decides nothing about a case."""

from __future__ import annotations

from typing import Any

from grant_audit.domain import AuditorAccess
from grant_audit.pages import SECTIONS
from grant_store.work import UnitOfWork
from grant_values.shapes import Actor


def record_access(
    work: UnitOfWork,
    by: Actor,
    question: str,
    scope: str,
    subject: str,
    purpose: str,
    arguments: dict[str, Any],
) -> None:
    """Put an auditor's question on record before it is answered, with what can be seen by now."""
    work.keep(
        AuditorAccess(
            actor_id=by.id,
            question=question,
            scope=scope,
            subject=subject,
            arguments=arguments,
            positions=followed(work),
            purpose=purpose,
            key=work.context.command_key,
        )
    )


def followed(work: UnitOfWork) -> dict[str, Any]:
    """Up to which position of each upstream the case files reach, by origin."""
    origins = [f"{service}/{work.store.lane}" for service in SECTIONS]
    return {origin: work.tracked(origin).position for origin in origins}
