"""What the log of a ledger is called in the heads that it signs."""

from __future__ import annotations

INCIDENT = "IncidentRecorded"
"""The event that ends an epoch: after it, no head of the log before it can be continued."""


def origin_line(log_name: str, service: str, lane: str, epoch: int = 1) -> str:
    """ "pruefpfad.local/intake/main", and "pruefpfad.local/intake/main/2" after one incident.

    `log_name` is the installation's, which says whose logs these are.
    """
    return f"{log_name}/{service}/{lane}" + (f"/{epoch}" if epoch > 1 else "")


def incident_topic(service: str) -> str:
    return f"{service}.{INCIDENT}"
