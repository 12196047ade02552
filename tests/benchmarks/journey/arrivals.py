"""What a grant leaves in the stores of either side, and whether all of it is there."""

from __future__ import annotations

from collections import Counter

EVENTS_PER_GRANT = Counter(
    [
        *("ApplicationSubmitted", "CompletenessChecked"),
        *("FingerprintTaken", "AssessmentOpened", *("CheckRecorded",) * 4),
        *("CompletenessNoted", "FindingProposed", "FoundEligible"),
        *("ProceedingsOpened", "FindingNoted", "FundsEarmarked", "EarmarkMade"),
        *("GrantApproved", "DecisionNotified", "RemedyWaived", "DecisionBecameFinal"),
        *("FundsCommitted", "GrantAccountOpened", "ClaimSubmitted"),
        *("FactualCorrectnessCertified", "ArithmeticCorrectnessCertified", "PaymentOrdered"),
        *("PaymentTransmitted", "PaymentExecuted", "FundsSpent"),
    ]
)
EVENTS_PER_RUN = Counter(
    ("PaymentRunEntered", "PaymentRunOpened", "PaymentRunWritten", "PaymentRunTransmitted")
)
EVENTS_BEFORE = Counter(
    {"ProgrammeRegistered": 1, "CallOpened": 1, "BudgetLineOpened": 2, "CashbookOpened": 1}
)


def check_all_arrived(recorded: Counter[str], grants: int, runs: int) -> None:
    """Every event of every grant is in the stores once, and nothing else is."""
    expected = EVENTS_BEFORE.copy()
    for event, count in EVENTS_PER_GRANT.items():
        expected[event] += count * grants
    for event, count in EVENTS_PER_RUN.items():
        expected[event] += count * runs
    if recorded != expected:
        raise AssertionError(
            f"lost: {dict(expected - recorded)}; too many: {dict(recorded - expected)}"
        )
