"""Audit follows everybody: each event of each service goes into the case file."""

from __future__ import annotations

from grant_audit.projections import when_recorded

__all__ = ["UPSTREAMS", "when_recorded"]

UPSTREAMS = ("intake", "eligibility", "budgeting", "disbursement")
