"""Which application was the first for an operation. No broker, no database, no clock."""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event


class OperationFingerprint(Aggregate):
    """The first application for an operation. What has the same fingerprint later, repeats it.

    It is an aggregate and no read model, so that two repeats in one instant cannot both be first
    (double funding, Art. 65 Abs. 11 VO (EU) 1303/2013; Art. 63 Abs. 9 VO (EU) 2021/1060).
    """

    class FingerprintTaken(Aggregate.Created):
        TOPIC = "eligibility.FingerprintTaken"
        case_id: UUID
        fingerprint: str
        reference: str
        number: int | None

    @staticmethod
    def create_id(fingerprint: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/fingerprints/{fingerprint}")

    @event(FingerprintTaken)
    def __init__(self, case_id: UUID, fingerprint: str, reference: str, number: int | None) -> None:
        self.case_id = case_id
        self.reference = reference
        self.number = number
