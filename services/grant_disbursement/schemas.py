"""Which commands disbursement takes, in which form, and who may give them."""

from __future__ import annotations

from grant_bus.desk import Command
from grant_contracts import disbursement_commands as wire
from grant_disbursement import application, payees

RECIPIENT = frozenset({"beneficiary", "applicant"})
CHECKER = frozenset({"claim_checker"})
AUTHORISER = frozenset({"payment_authoriser"})
CASHIER = frozenset({"cashier"})

COMMANDS = {
    "submit_claim": Command(wire.SubmitClaim, application.submit_claim, RECIPIENT),
    "certify_factually": Command(wire.CertifyFactually, application.certify_factually, CHECKER),
    "certify_arithmetically": Command(
        wire.CertifyArithmetically, application.certify_arithmetically, CHECKER
    ),
    "order_payment": Command(
        wire.OrderPayment, application.order_payment, AUTHORISER, reads_of_case=payees.names_of_case
    ),
    "open_payment_run": Command(wire.OpenPaymentRun, application.open_payment_run, CASHIER),
    "write_payment_run": Command(wire.WritePaymentRun, application.write_payment_run, CASHIER),
    "transmit_payment_run": Command(
        wire.TransmitPaymentRun, application.transmit_payment_run, CASHIER
    ),
    "confirm_payment": Command(wire.ConfirmPayment, application.confirm_payment, CASHIER),
    "return_payment": Command(wire.ReturnPayment, application.return_payment, CASHIER),
}
