"""The closed lists: which codes a fact or an answer may carry, and what each of them means.

A code is added here first and then used; once it stands in a ledger it stays. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from grant_contracts.standing import SERVICES
from grant_values.personal import PURPOSES

Codes = Mapping[str, str]

ACCESS_REFUSED: Final[Codes] = {
    "role_not_entitled": "The actor's role may not give this command.",
    "mandate_not_in_force": "The mandate does not run on the day that the command takes effect.",
    "second_actor_not_entitled": "The command takes no second actor, or not one of that role.",
    "second_person_missing": "The command needs a second person beside the actor (four eyes).",
    "never_discarded": "Such an event is never discarded: it is mended and retried.",
    "scripted_actor": "A program plays the actor, and the store is no demonstration.",
    "proposer_is_signer": "Whoever proposes a finding does not sign it (four eyes).",
    "checker_is_decider": "Whoever checked the case does not decide it.",
    "authoriser_is_cashier": "Whoever ordered or certified a payment does not pay or book it.",
}
EARMARK_REFUSED: Final[Codes] = {
    "ceiling_exceeded": "The line has less free than the case needs from it.",
}
PLACED_ON_RESERVE_LIST: Final[Codes] = {
    "ceiling_exceeded": "A line has less free than the case needs from it.",
    "no_budget_line": "The programme has no line for that fund and year.",
}
EARMARK_RELEASED: Final[Codes] = {
    "withdrawn": "The application was taken back before a decision.",
    "renounced": "The award was given up.",
    "rejected": "The application was rejected.",
    "partially_approved": "Less was approved than was earmarked; this is the rest.",
}
APPROVAL_REFUSED: Final[Codes] = {
    "already_decided": "There is a decision on the case.",
    "withdrawn": "The application was taken back.",
    "not_found_eligible": "The finding says that the application is not eligible.",
    "scripted_actor": "A program plays the decider, and the store is no demonstration.",
    "checker_is_decider": "Whoever checked the case does not decide it.",
    "late_without_override": "The application is late, and no second person bears its approval.",
    "no_funds_earmarked": "Nothing is promised to the case; it has to wait for money.",
}
CERTIFICATION_REFUSED: Final[Codes] = {
    "already_certified": "The claim has this certificate.",
    "factual_certificate_missing": "The facts are certified before the sums.",
    "same_person": "Whoever certified the facts does not certify the sums.",
    "scripted_actor": "A program plays the certifier, and the store is no demonstration.",
}
NOT_PAYABLE: Final[Codes] = {
    "amount_out_of_range": "No bank carries such an amount in one payment.",
    "bic_invalid": "The BIC is none.",
    "end_to_end_id_not_sepa": "The payment's reference has characters that SEPA does not carry.",
    "end_to_end_id_too_long": "The payment's reference is too long for SEPA.",
    "iban_invalid": "The IBAN does not fit its check digits or its length.",
    "iban_outside_sepa": "The account is outside the SEPA area.",
    "payee_name_empty": "The payee's name has no character that SEPA carries.",
    "payee_name_too_long": "The payee's name is too long for SEPA and is not cut.",
    "purpose_empty": "The payment has no purpose.",
    "purpose_too_long": "The purpose is too long for SEPA and is not cut.",
}
PAYMENT_ORDER_REFUSED: Final[Codes] = {
    "not_certified": "The claim lacks one of the two certificates.",
    "certifier_is_authoriser": "Whoever certified the claim does not order its payment.",
    "scripted_actor": "A program plays the authoriser, and the store is no demonstration.",
    "renounced": "The award was given up.",
    "account_destroyed": "The key of the payee's account was destroyed: nobody can pay to it.",
    "nothing_due": "All that the claim asks for was ordered before.",
    "above_ceiling": "The claim asks for more than its tranche was granted.",
    "outside_budget_year": "The money of a budget year is ordered within that year.",
    **NOT_PAYABLE,
}

KEY_DESTROYED: Final[Codes] = {
    "retention_ended": "The time for which the case is kept has run out (Art. 5(1)(e) GDPR).",
    "no_longer_necessary": "The data are not needed any more (Art. 17(1)(a) GDPR).",
    "consent_withdrawn": "Consent was withdrawn, and nothing else allows it (Art. 17(1)(b) GDPR).",
    "objection": "The person objected, and no ground outweighs that (Art. 17(1)(c) GDPR).",
    "unlawful_processing": "The data should never have been there (Art. 17(1)(d) GDPR).",
    "legal_obligation": "A law orders it (Art. 17(1)(e) GDPR).",
}
PERSONAL_KIND: Final[Codes] = {
    "account": "Name and account of whoever is paid.",
    "contact_person": "Who speaks for the applicant, and how to reach them.",
    "participant": "Who takes part in the operation.",
    "participant_characteristics": "What is counted of a participant.",
    "participant_special_categories": "What is counted of a participant and needs more protection.",
    "participant_follow_up": "How to reach a participant after the operation.",
}

PROCEEDINGS_BECAUSE: Final[Codes] = {
    "finding": "A finding was heard of first.",
    "withdrawal": "A withdrawal was heard of first.",
}
OUTCOME: Final[Codes] = {
    "approved": "Granted as found eligible.",
    "partially_approved": "Granted in part.",
    "rejected": "Not granted.",
}
FINAL_BECAUSE: Final[Codes] = {
    "waiver": "The recipient forwent legal action.",
    "remedy_period_expired": "The time for legal action ran out.",
}
CHECK_RESULT: Final[Codes] = {
    "met": "The application meets the rule.",
    "not_met": "The application does not meet the rule.",
    "referred": "The rule cannot say; a person has to.",
}
CERTIFICATE: Final[Codes] = {
    "factual": 'The facts are right ("sachlich richtig").',
    "arithmetic": 'The sums are right ("rechnerisch richtig").',
}
ACCESS_SCOPE: Final[Codes] = {
    "case": "One case, named by its reference.",
    "programme": "All cases of one programme.",
    "payment": "One payment, named by its end-to-end id.",
    "order": "One payment order.",
    "sample": "One sample, named by its id.",
    "everything": "All that is on record.",
}
SAMPLE_METHOD: Final[Codes] = {
    "random": "Each item is as likely as any other to be drawn.",
    "monetary-unit": "Each cent is as likely as any other, so that large items come more often.",
}
SAMPLE_POPULATION: Final[Codes] = {
    "payments": "Each payment that the bank has executed and not returned.",
    "operations": "Each operation with what was paid for it.",
}

# Which field of which fact carries a code of which list.
CODES: Final[Mapping[str, Mapping[str, Codes]]] = {
    **{f"{service}.AccessRefused": {"reason": ACCESS_REFUSED} for service in SERVICES},
    "audit.AuditorAccessed": {"scope": ACCESS_SCOPE},
    "audit.SampleDrawn": {"method": SAMPLE_METHOD, "population": SAMPLE_POPULATION},
    "intake.PersonalDataRecorded": {"purpose": PURPOSES, "kind": PERSONAL_KIND},
    "intake.KeyDestroyed": {"purpose": PURPOSES, "reason": KEY_DESTROYED},
    "eligibility.CheckRecorded": {"result": CHECK_RESULT},
    "budgeting.EarmarkRefused": {"reason": EARMARK_REFUSED},
    "budgeting.PlacedOnReserveList": {"reason": PLACED_ON_RESERVE_LIST},
    "budgeting.EarmarkReleased": {"reason": EARMARK_RELEASED},
    "budgeting.ApprovalRefused": {"reason": APPROVAL_REFUSED},
    "budgeting.ProceedingsOpened": {"because": PROCEEDINGS_BECAUSE},
    "budgeting.DecisionBecameFinal": {"outcome": OUTCOME, "because": FINAL_BECAUSE},
    "disbursement.CertificationRefused": {
        "reason": CERTIFICATION_REFUSED,
        "certificate": CERTIFICATE,
    },
    "disbursement.PaymentOrderRefused": {"reason": PAYMENT_ORDER_REFUSED},
}

ANSWER_KINDS: Final[Codes] = {
    "recorded": "Done, now or when the same key was first sent.",
    "refused": "Lawful, and on record: a refusal is an event with its reason.",
    "invalid": "Nothing was recorded; `errors` names each field and what was expected.",
    "not_yet": "Nothing was recorded; send the same key again later.",
    "unknown": "A fault came between; sending the same key again settles what became of it.",
}
# The kinds after which the sender has to act: what was asked for is not known to be on record.
ERROR_CODES: Final[frozenset[str]] = frozenset({"invalid", "not_yet", "unknown"})


def codes_of(topic: str) -> Mapping[str, Codes]:
    """The closed lists of a fact, by the field that carries a code; empty if it has none."""
    return CODES.get(topic, {})
