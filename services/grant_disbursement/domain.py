"""Accounts, payment runs and the cashbook: all that disbursement records.

Permanent events: GrantAccountOpened, GrantRenounced, ClaimSubmitted, FactualCorrectnessCertified,
ArithmeticCorrectnessCertified, CertificationRefused, PaymentOrdered, PaymentOrderRefused,
PaymentTransmitted, PaymentExecuted, PaymentReturned (accounts.py); PaymentRunOpened,
PaymentRunWritten, CashbookOpened, PaymentRunEntered, PaymentRunRefused, PaymentRunTransmitted
(runs.py).
"""

from __future__ import annotations

from grant_disbursement.accounts import GrantAccount
from grant_disbursement.runs import CASHBOOK_ID, Cashbook, PaymentRun

__all__ = ["CASHBOOK_ID", "Cashbook", "GrantAccount", "PaymentRun"]
