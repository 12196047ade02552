"""Which commands intake takes, in which form, and who may give them."""

from __future__ import annotations

from grant_bus.desk import Command
from grant_contracts import intake_commands as wire
from grant_intake import application, personal

FILE_KEEPERS = frozenset(
    {
        "managing_authority",
        "formal_checker",
        "expert",
        "decider",
        "claim_checker",
        "payment_authoriser",
    }
)
DECLARERS = frozenset({"managing_authority", "formal_checker", "claim_checker"})

COMMANDS = {
    "register_programme": Command(
        wire.RegisterProgramme, application.register_programme, frozenset({"managing_authority"})
    ),
    "open_call": Command(wire.OpenCall, application.open_call, frozenset({"managing_authority"})),
    "close_call": Command(
        wire.CloseCall, application.close_call, frozenset({"managing_authority"})
    ),
    "submit_application": Command(
        wire.SubmitApplication,
        application.submit_application,
        frozenset({"applicant", "formal_checker"}),
    ),
    "check_completeness": Command(
        wire.CheckCompleteness, application.check_completeness, frozenset({"formal_checker"})
    ),
    "withdraw_application": Command(
        wire.WithdrawApplication,
        application.withdraw_application,
        frozenset({"applicant", "formal_checker"}),
    ),
    "file_document": Command(wire.FileDocument, application.file_document, FILE_KEEPERS),
    "supersede_document": Command(
        wire.SupersedeDocument, application.supersede_document, FILE_KEEPERS
    ),
    "declare_not_applicable": Command(
        wire.DeclareNotApplicable, application.declare_not_applicable, DECLARERS
    ),
    "declare_applicable": Command(
        wire.DeclareApplicable, application.declare_applicable, DECLARERS
    ),
    "record_personal_data": Command(
        wire.RecordPersonalData,
        personal.record_personal_data,
        frozenset({"applicant", "beneficiary", "formal_checker"}),
        reads=personal.records_named_in,
    ),
    "destroy_keys": Command(
        wire.DestroyKeys, personal.destroy_keys, frozenset({"records_keeper"}), takes_second=True
    ),
}
