"""Audit follows everybody: each event of each service goes into the case file."""

from __future__ import annotations

from grant_audit.pages import CASE, section_key
from grant_audit.projections import when_recorded
from grant_contracts.envelope import CloudEvent
from grant_store.work import Reading

__all__ = ["UPSTREAMS", "reads_for", "when_recorded"]

UPSTREAMS = ("intake", "eligibility", "budgeting", "disbursement")


def reads_for(event: CloudEvent) -> Reading:
    """The section of its case that an event is written into."""
    if event.caseid is None:
        return Reading()
    return Reading(documents=[(CASE, section_key(event.caseid, event.origin.partition("/")[0]))])
