"""What an auditor may have put on record. Audit decides nothing about a case."""

from __future__ import annotations

from datetime import date
from typing import Any

from grant_audit import sampling
from grant_audit.domain import AuditorAccess, Sample
from grant_audit.pages import SECTIONS
from grant_audit.population import population as population_of
from grant_store.work import NotYet, UnitOfWork
from grant_values.invalid import Invalid
from grant_values.shapes import Actor, SampledItem


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


def draw_sample(
    work: UnitOfWork,
    by: Actor,
    sample: str,
    method: str,
    population: str,
    programme: str,
    starts_on: date,
    ends_on: date,
    size: int,
    seed: str,
    purpose: str,
    effective_on: date,
) -> None:
    """Draw a sample from the case files as they stand, and keep all that draws it again."""
    if work.find(Sample, Sample.create_id(sample)):
        raise Invalid("sample", f"expected a new id: {sample} was drawn before")
    positions = followed(work)
    found = population_of(work.store, population, programme, starts_on, ends_on)
    if followed(work) != positions:
        raise NotYet("The case files have moved on meanwhile. Send the same key again.")
    drawn = sampling.draw(method, found, size, seed)
    text = sampling.method_on(method, effective_on)
    work.keep(
        Sample(
            sample=sample,
            purpose=purpose,
            method=method,
            method_version=text.value.version,
            method_text=text.value.de,
            source=text.source,
            population=population,
            programme=programme,
            starts_on=starts_on,
            ends_on=ends_on,
            size=size,
            seed=seed,
            positions=positions,
            population_sha256=found.sha256,
            population_count=len(found.items),
            population_cents=found.amount_cents,
            interval_cents=drawn.interval_cents,
            selected=selected(drawn),
            drawn_by=by.id,
            effective_on=effective_on,
        )
    )


def selected(drawn: sampling.Drawn) -> tuple[SampledItem, ...]:
    """What was drawn, as it stands in the event."""
    return tuple(
        SampledItem(item.id, item.reference, item.amount_cents, item.place, certain)
        for item, certain in drawn.items
    )


def followed(work: UnitOfWork) -> dict[str, Any]:
    """Up to which position of each upstream the case files reach, by origin."""
    origins = [f"{service}/{work.store.lane}" for service in SECTIONS]
    return {origin: work.tracked(origin).position for origin in origins}
