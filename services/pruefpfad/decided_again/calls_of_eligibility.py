"""Eligibility's commands as its events record them."""

from __future__ import annotations

from grant_eligibility import application
from pruefpfad.decided_again.calls import Calls, RecordedCall, fields, on_case

_SIGNED = RecordedCall(application.sign_finding, fields("reference", "effective_on"))

CALLS: Calls = {
    "eligibility.FindingProposed": RecordedCall(
        application.propose_finding, on_case("eligible", "reasons", "effective_on")
    ),
    "eligibility.FoundEligible": _SIGNED,
    "eligibility.FoundIneligible": _SIGNED,
}
