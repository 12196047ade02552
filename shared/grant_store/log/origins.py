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
    return epoch_origin(f"{log_name}/{service}/{lane}", epoch)


def epoch_origin(first_origin: str, epoch: int) -> str:
    """The origin of another epoch of the same log."""
    return f"{first_origin}/{epoch}" if epoch > 1 else first_origin


def incident_topic(service: str) -> str:
    return f"{service}.{INCIDENT}"


class _Incident(msgspec.Struct):
    """What the log must know of the event; the rest is for people."""

    epoch: int


def epoch_begun_by(incident: LedgerEvent) -> int:
    """The number of the epoch that begins with a recorded incident."""
    return msgspec.json.decode(incident.state, type=_Incident).epoch
