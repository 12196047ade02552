"""The commands of intake as RPC methods. They hand to the one writer and decide nothing."""

from __future__ import annotations

from grant_bus.nameko.extensions import command
from grant_bus.nameko.service import ServiceOnTheBus


class IntakeService(ServiceOnTheBus):
    """Takes in programmes, calls, applications and the documents of their cases."""

    name = "intake"

    register_programme = command("intake.register_programme")
    open_call = command("intake.open_call")
    close_call = command("intake.close_call")
    submit_application = command("intake.submit_application")
    check_completeness = command("intake.check_completeness")
    withdraw_application = command("intake.withdraw_application")
    file_document = command("intake.file_document")
    supersede_document = command("intake.supersede_document")
    declare_not_applicable = command("intake.declare_not_applicable")
    declare_applicable = command("intake.declare_applicable")
    record_personal_data = command("intake.record_personal_data")
    enrol_participant = command("intake.enrol_participant")
    record_departure = command("intake.record_departure")
    count_participants = command("intake.count_participants")
    destroy_keys = command("intake.destroy_keys")
    destroy_restored_key = command("intake.destroy_restored_key")
    anchor_head = command("intake.anchor_head")
    record_incident = command("intake.record_incident")
