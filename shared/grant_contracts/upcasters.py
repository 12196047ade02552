"""The one list of upcasters. The service that records an event and all that follow it use the same.

To raise an event's version, see docs/events.md. A step stays for good, as the events do.
"""

from __future__ import annotations

from typing import Final

from grant_contracts.sealed_payees import payee_by_reference, payees_by_reference
from grant_contracts.upcasting import Upcast, Upcasters

STEPS: Final[dict[tuple[str, int], Upcast]] = {
    ("intake.ApplicationSubmitted", 1): payee_by_reference,
    ("eligibility.AssessmentOpened", 1): payee_by_reference,
    ("eligibility.FoundEligible", 1): payee_by_reference,
    ("budgeting.FindingNoted", 1): payee_by_reference,
    ("budgeting.DecisionBecameFinal", 1): payee_by_reference,
    ("disbursement.GrantAccountOpened", 1): payee_by_reference,
    ("disbursement.PaymentRunOpened", 1): payees_by_reference,
}
"""Topic and version that a step begins at."""

UPCASTERS: Final = Upcasters(STEPS)
