"""Which commands intake takes, in which form, and who may give them."""

from __future__ import annotations

from grant_bus.desk import Command
from grant_contracts import intake_commands as wire
from grant_intake import application, participant_counts, participants, personal

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
ENROLLERS = frozenset({"beneficiary", "formal_checker", "claim_checker"})
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
    "enrol_participant": Command(
        wire.EnrolParticipant,
        participants.enrol_participant,
        ENROLLERS,
        reads=participants.read_for_enrolment,
    ),
    "record_departure": Command(wire.RecordDeparture, participants.record_departure, ENROLLERS),
    "count_participants": Command(
        wire.CountParticipants,
        participant_counts.count_participants,
        frozenset({"managing_authority"}),
    ),
    "destroy_keys": Command(
        wire.DestroyKeys,
        personal.destroy_keys,
        frozenset({"records_keeper"}),
        takes_second=True,
        dated_today=True,
    ),
    "destroy_restored_key": Command(
        wire.DestroyRestoredKey,
        personal.destroy_restored_key,
        frozenset({"records_keeper"}),
        takes_second=True,
        dated_ahead=False,
    ),
}
