"""What the log of a ledger is called in the heads that it signs."""

from __future__ import annotations

import msgspec

from grant_store.rows import LedgerEvent

INCIDENT = "IncidentRecorded"
"""The event that ends an epoch: after it, no head of the log before it can be continued."""


def origin_line(log_name: str, service: str, lane: str, epoch: int = 1) -> str:
    """ "pruefpfad.local/intake/main", and "pruefpfad.local/intake/main/2" after one incident.

    `log_name` is the installation's, which says whose logs these are.
    """
    return f"{log_name}/{service}/{lane}" + (f"/{epoch}" if epoch > 1 else "")


def incident_topic(service: str) -> str:
    return f"{service}.{INCIDENT}"


class _Incident(msgspec.Struct):
    """What the log must know of the event; the rest is for people."""

    epoch: int


def epoch_begun_by(incident: LedgerEvent) -> int:
    """The number of the epoch that begins with a recorded incident."""
    return msgspec.json.decode(incident.state, type=_Incident).epoch
