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
    "legal_hold": "A hold is set on the case.",
    "end_not_decided": "Nobody has decided that these data end, or a hold has taken that back.",
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
RETENTION_BECAUSE: Final[Codes] = {
    "asked": "A person had it computed.",
    "accounts_submitted": "The accounts with the final expenditure went to the Commission.",
    "proof_submitted": "The beneficiary has submitted the proof of use.",
    "last_payment": "Something was paid.",
    "payment_returned": "The bank has returned a payment.",
    "withdrawal": "The application was taken back, or the award given up.",
    "hold_lifted": "A hold was lifted.",
}
HOLD_GROUND: Final[Codes] = {
    "legal_proceedings": "A court or an authority has the case; the terms are interrupted.",
    "commission_request": "The Commission has asked for it; the terms are interrupted.",
    "audit": "An audit looks at the case.",
    "recovery": "Money is claimed back.",
    "irregularity": "There is a suspicion of an irregularity.",
}
ERASURE_DECISION: Final[Codes] = {
    "erase": "The data are erased: their keys are destroyed.",
    "restrict": "The data are kept and used for nothing else (Art. 18 GDPR).",
    "refuse": "The data are kept, and the person is told why (Art. 12(4), 17(3) GDPR).",
}
ERASURE_GROUND: Final[Codes] = {
    "consent_withdrawn": "The consent that they were kept on was withdrawn (Art. 17(1)(b) GDPR).",
    "no_longer_necessary": "They are not needed any more (Art. 17(1)(a) GDPR).",
    "unlawful": "They should not have been kept (Art. 17(1)(d), 18(1)(b) GDPR).",
    "accuracy_contested": "The person says that they are wrong (Art. 18(1)(a) GDPR).",
    "legal_claims": "They are needed for legal claims (Art. 17(3)(e), 18(1)(c) GDPR).",
    "legal_obligation": "The law demands that they are kept (Art. 17(3)(b) GDPR).",
    "statistics": "Statistics cannot do without them (Art. 17(3)(d) GDPR).",
    "not_concerned": "There are no such data about this person.",
}
STILL_KEPT: Final[Codes] = {
    "scripted_actor": "A program plays the person, and the store is no demonstration.",
    "legal_hold": "A hold is set on the case.",
    "term_not_known": "Something that a rule of retention counts from has not happened yet.",
    "retention_runs": "The longest of the rules that apply has not ended.",
}
DISPOSAL_REFUSED: Final[Codes] = {
    **STILL_KEPT,
    "already_disposed": "The case was disposed of.",
    "erasure_open": "A request for erasure has no decision yet.",
    "not_proposed": "Nobody has proposed the disposal by that day.",
    "proposer_is_disposer": "Whoever proposed the disposal does not decide it (four eyes).",
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
PAYMENT_RUN_REFUSED: Final[Codes] = {
    "account_destroyed": "The key of an account was destroyed after the run had been opened.",
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
    "budgeting.RetentionTermSet": {"because": RETENTION_BECAUSE},
    "budgeting.LegalHoldSet": {"ground": HOLD_GROUND},
    "budgeting.LegalHoldLifted": {"ground": HOLD_GROUND},
    "budgeting.ErasureDecided": {"decision": ERASURE_DECISION, "ground": ERASURE_GROUND},
    "budgeting.ErasureRefused": {"ground": ERASURE_GROUND, "reason": STILL_KEPT},
    "budgeting.DisposalRefused": {"reason": DISPOSAL_REFUSED},
    "budgeting.DecisionBecameFinal": {"outcome": OUTCOME, "because": FINAL_BECAUSE},
    "disbursement.CertificationRefused": {
        "reason": CERTIFICATION_REFUSED,
        "certificate": CERTIFICATE,
    },
    "disbursement.PaymentOrderRefused": {"reason": PAYMENT_ORDER_REFUSED},
    "disbursement.PaymentRunRefused": {"reason": PAYMENT_RUN_REFUSED},
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
