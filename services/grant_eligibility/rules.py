"""The eligibility rules: pure functions of a case and of the figures in the programme's definition.

A rule is named by id and version; once cases were judged by it, a change is a new version beside
the old one. Nothing here knows an event, a store, a clock or any figure of law: figures arrive as
parameters, and what a rule cannot decide it refers to a person.
"""

from __future__ import annotations

from fractions import Fraction

from grant_eligibility.rulebook import (
    Case,
    Check,
    EarlierOperation,
    Inputs,
    Parameters,
    Verdict,
    day,
    flag,
    rule,
    run,
    table_of,
    text,
    texts,
    unknown_rules,
)
from grant_eligibility.tranches import ANY_KIND, MOST_YEARS, tranches
from grant_values.money import minimum_own_share, parse_rate
from grant_values.shapes import Post

__all__ = ["Case", "Check", "EarlierOperation", "run", "tranches", "unknown_rules"]


@rule("seat_in_land", land=text)
def _seat_in_land(case: Case, given: Parameters) -> Verdict:
    """The applicant has its seat in the Land (R4, programme record „mit Sitz in …“)."""
    inputs: Inputs = {"seat": case.applicant.land, "land": given["land"]}
    if not case.applicant.land:
        return "referred", "seat_not_stated", inputs
    if case.applicant.land != given["land"]:
        return "not_met", "seat_outside_the_land", inputs
    return "met", "seat_in_the_land", inputs


@rule("legal_person")
def _legal_person(case: Case, given: Parameters) -> Verdict:
    """The applicant is a legal person (R4, programme record „Juristische Personen“)."""
    if case.applicant.legal_person is None:
        return "referred", "legal_form_unknown", {"legal_person": "unknown"}
    if not case.applicant.legal_person:
        return "not_met", "no_legal_person", {"legal_person": False}
    return "met", "legal_person", {"legal_person": True}


@rule("addressee_kind", kinds=texts, kinds_to_examine_=texts)
def _addressee_kind(case: Case, given: Parameters) -> Verdict:
    """The applicant is a kind of body that the programme addresses (record, „Adressat“)."""
    inputs: Inputs = {
        "kind": case.applicant.kind,
        "kinds": list(given["kinds"]),
    }
    if case.applicant.kind in given.get("kinds_to_examine", ()):
        return "referred", "kind_needs_examination", inputs
    if case.applicant.kind not in given["kinds"]:
        return "not_met", "kind_not_addressed", inputs
    return "met", "kind_addressed", inputs


@rule("target_group", groups=texts)
def _target_group(case: Case, given: Parameters) -> Verdict:
    """The operation is for the people whom the programme is for (record, „Zielgruppe(n)“)."""
    named = set(case.operation.target_groups)
    inputs: Inputs = {
        "named": sorted(named),
        "groups": list(given["groups"]),
    }
    if not named:
        return "referred", "target_group_not_stated", inputs
    if named.isdisjoint(given["groups"]):
        return "not_met", "target_group_outside_programme", inputs
    if not named.issubset(given["groups"]):
        return "referred", "target_group_partly_outside_programme", inputs
    return "met", "target_group_of_programme", inputs


@rule("module_known", modules=texts, last_start_=table_of(day))
def _module_known(case: Case, given: Parameters) -> Verdict:
    """The operation belongs to a module that is open on its first day."""
    module, starts_on = case.operation.module, case.operation.starts_on
    last_start = given.get("last_start", {}).get(module)
    inputs: Inputs = {
        "module": module,
        "modules": list(given["modules"]),
    }
    if not module:
        return "referred", "module_not_stated", inputs
    if module not in given["modules"]:
        return "not_met", "module_unknown", inputs
    if last_start and starts_on > last_start:
        dates = {"starts_on": str(starts_on), "last_start": str(last_start)}
        return "not_met", "module_closed", {**inputs, **dates}
    return "met", "module_open", inputs


@rule("own_share", rates=table_of(parse_rate))
def _own_share(case: Case, given: Parameters) -> Verdict:
    """The applicant bears its own share of the eligible cost, rounded up to the cent (R6)."""
    rate = given["rates"].get(case.applicant.kind, given["rates"].get(ANY_KIND))
    plan = case.plan
    if rate is None:
        return "referred", "no_own_share_set_for_kind", {"kind": case.applicant.kind}
    least_cents = minimum_own_share(rate, plan.eligible_cents)
    inputs: Inputs = {
        "kind": case.applicant.kind,
        "rate": str(rate),
        "eligible_cents": plan.eligible_cents,
        "own_cents": plan.own_cents,
        "least_cents": least_cents,
    }
    if plan.own_cents < least_cents:
        return "not_met", "own_share_too_low", inputs
    return "met", "own_share_reached", inputs


@rule("post_share", least=parse_rate)
def _post_share(case: Case, given: Parameters) -> Verdict:
    """A smaller part of a post needs a reason and a person's verdict (R7, ESF-RL 1.5.3.1 S. 5)."""
    small = [post for post in case.operation.posts if Fraction(post.share) < given["least"]]
    inputs: Inputs = {
        "least": str(given["least"]),
        "shares": [post.share for post in case.operation.posts],
    }
    if not small:
        return "met", "posts_large_enough", inputs
    if not all(_has_reason(post) for post in small):
        return "referred", "post_below_quarter_without_reason", inputs
    return "referred", "post_below_quarter_with_reason", inputs


@rule("not_begun")
def _not_begun(case: Case, given: Parameters) -> Verdict:
    """Only what has not begun is funded; consent to an early start is a person's (R8, VV 1.3)."""
    inputs: Inputs = {
        "declared": case.declarations.not_begun,
        "starts_on": str(case.operation.starts_on),
        "received_on": str(case.received_on),
    }
    if not case.declarations.not_begun:
        return "referred", "not_begun_not_declared", inputs
    if case.operation.starts_on < case.received_on:
        return "referred", "starts_before_receipt", inputs
    return "met", "not_begun", inputs


@rule("amount_positive")
def _amount_positive(case: Case, given: Parameters) -> Verdict:
    """There is a cost and something is asked for."""
    eligible, requested = case.plan.eligible_cents, case.plan.requested_cents
    inputs: Inputs = {
        "eligible_cents": eligible,
        "requested_cents": requested,
    }
    if eligible <= 0 or requested <= 0:
        return "not_met", "amount_not_positive", inputs
    return "met", "amount_positive", inputs


@rule("period_in_order")
def _period_in_order(case: Case, given: Parameters) -> Verdict:
    """The operation ends on or after the day it starts, within the years we can split."""
    starts_on, ends_on = case.operation.starts_on, case.operation.ends_on
    inputs: Inputs = {
        "starts_on": str(starts_on),
        "ends_on": str(ends_on),
    }
    if ends_on < starts_on:
        return "not_met", "ends_before_start", inputs
    if ends_on.year - starts_on.year >= MOST_YEARS:
        return "not_met", "period_too_long", {**inputs, "most_years": MOST_YEARS}
    return "met", "period_in_order", inputs


@rule("eligible_from", date=day)
def _eligible_from(case: Case, given: Parameters) -> Verdict:
    """Cost is eligible from a day on; what starts earlier needs a person (R76, Art. 65(2) 1303)."""
    inputs: Inputs = {
        "starts_on": str(case.operation.starts_on),
        "eligible_from": str(given["date"]),
    }
    if case.operation.starts_on < given["date"]:
        return "referred", "started_early", inputs
    return "met", "started_in_time", inputs


@rule("within_programme_end", date=day, expected_=flag)
def _within_programme_end(case: Case, given: Parameters) -> Verdict:
    """The operation ends with the programme; an end that is only expected leaves it to a person."""
    inputs: Inputs = {
        "ends_on": str(case.operation.ends_on),
        "programme_end": str(given["date"]),
    }
    if case.operation.ends_on <= given["date"]:
        return "met", "ends_within_programme", inputs
    if given.get("expected", False):
        return "referred", "ends_after_expected_programme_end", inputs
    return "not_met", "ends_after_programme", inputs


@rule("not_funded_before")
def _not_funded_before(case: Case, given: Parameters) -> Verdict:
    """The same operation is not funded twice (Art. 65(11) VO 1303/2013). Lowest number = original.

    A list may arrive in any order, so a lower number can come after the one on record.
    """
    original, number = case.original, case.operation.number
    if original is None:
        return "met", "first_of_its_kind", {"original": ""}
    inputs: Inputs = {"original": original.reference}
    if number is not None and original.number is not None:
        inputs |= {"number": number, "original_number": original.number}
        if number < original.number:
            return "referred", "earlier_number_arrived_later", inputs
    return "referred", "repeats_earlier_operation", inputs


@rule("subsidy_facts_acknowledged")
def _subsidy_facts_acknowledged(case: Case, given: Parameters) -> Verdict:
    """The facts relevant to subsidy fraud were named and acknowledged (R11, § 2 SubvG)."""
    if not case.declarations.subsidy_facts_acknowledged:
        return "referred", "subsidy_facts_not_acknowledged", {"acknowledged": False}
    return "met", "subsidy_facts_acknowledged", {"acknowledged": True}


@rule("no_double_funding_declared")
def _no_double_funding_declared(case: Case, given: Parameters) -> Verdict:
    """The applicant declares that no other fund pays the same cost (Art. 63(9) VO 2021/1060)."""
    if not case.declarations.no_double_funding:
        return "referred", "no_double_funding_not_declared", {"declared": False}
    return "met", "no_double_funding_declared", {"declared": True}


@rule("received_in_time")
def _received_in_time(case: Case, given: Parameters) -> Verdict:
    """What came late is recorded and judged, but no rule lets it pass (R3, § 24 Abs. 3 VwVfG)."""
    if case.is_late:
        return "referred", "received_late", {"received_on": str(case.received_on), "late": True}
    return "met", "received_in_time", {"received_on": str(case.received_on), "late": False}


def _has_reason(post: Post) -> bool:
    return bool(post.reason.strip())
