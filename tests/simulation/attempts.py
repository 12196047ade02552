"""What persons try and must not get: each attempt belongs to a stage of a case.

An attempt changes nothing, so that the exports of a world do not hang on it. Whether one is made
follows from the case alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from grant_values.shapes import Actor
from simulation.clerks import Command
from simulation.papers import SECOND_CHECKER, SECOND_CLAIM_CHECKER, Papers
from support.authority import person

TRIED = 0.35
LAPSED = date(2014, 1, 1), date(2019, 12, 31)
"""A mandate that ended before anything in a simulated world takes effect."""
SCRIPT = "script:simulated"
SCRIPTED_DECIDER = Actor(SCRIPT, "decider", scripted=True)

Attempts = Iterator[Command]


def made(papers: Papers, stage: Callable[..., Attempts], *more: Any) -> Attempts:
    """Those of a stage's attempts that are made in this case."""
    random = papers.case.random(stage.__name__)
    return (attempt for attempt in stage(papers, *more) if random.random() < TRIED)


def before_a_finding(papers: Papers) -> Attempts:
    """A finding is proposed and not signed."""
    sign, on = "eligibility.sign_finding", "2020-12-17"
    for by, reason in (
        (person("formal_checker"), "proposer_is_signer"),
        (person("cashier"), "role_not_entitled"),
        (Actor(SCRIPT, "formal_checker", scripted=True), "scripted_actor"),
    ):
        yield papers.on(by, sign, on, key=reason, expected=reason)
    yield papers.on("formal_checker", sign, "2020-12-15", key="too early", expected="invalid|"
                    "proposer_is_signer")  # fmt: skip


def before_a_decision(papers: Papers) -> Attempts:
    """A finding was heard of that says the case is eligible."""
    proposer, signer = person("formal_checker").id, SECOND_CHECKER.id
    for by in (Actor(proposer, "decider"), Actor(signer, "decider")):
        yield papers.approval("checker_is_decider", by=by)
        yield papers.rejection("2021-01-11", "checker_is_decider", by=by)
    yield papers.approval("scripted_actor", by=SCRIPTED_DECIDER)
    yield papers.rejection("2021-01-11", "scripted_actor", by=SCRIPTED_DECIDER)
    yield papers.approval("role_not_entitled", by="cashier")
    yield papers.approval("mandate_not_in_force", key="lapsed", mandate=LAPSED)
    yield papers.finality("2021-03-09", "invalid:reference", key="undecided")
    if papers.case.fate == "late":
        yield papers.approval("late_without_override", key="alone")
        yield papers.approval("late_without_override", key="herself", second=person("decider"))


def after_an_approval(papers: Papers, granted: Any) -> Attempts:
    """There is an award, and nobody has been told."""
    yield papers.approval("already_decided", key="again")
    yield papers.partial_approval("already_decided", granted, key="in part")
    yield papers.rejection("2021-01-12", "invalid:reference", key="after all")
    yield papers.finality("2021-03-09", "invalid:reference", key="untold")
    yield papers.waiver("2021-01-20", "invalid:reference", key="untold")


def after_a_rejection(papers: Papers) -> Attempts:
    yield papers.approval("already_decided", key="after all")
    yield papers.rejection("2021-02-01", "invalid:reference", key="again")


def before_finality(papers: Papers, sent_on: str) -> Attempts:
    """The decision was sent, and the time for legal action has begun at most."""
    yield papers.waiver(sent_on, "invalid:effective_on", key="too early")
    yield papers.finality("2021-02-08", "invalid:effective_on", key="too early")
    yield papers.waiver("2021-05-03", "invalid:effective_on", key="too late")


def on_a_claim(papers: Papers, claim: str, on: str) -> Attempts:
    """A claim is submitted, and nobody has certified it."""
    order = "order_payment"
    yield papers.on_claim("payment_authoriser", order, claim, on, "not_certified", "uncertified")
    yield papers.on_claim("claim_checker", "certify_arithmetically", claim, on,
                          "factual_certificate_missing", "first")  # fmt: skip
    yield papers.on_claim(Actor(SCRIPT, "claim_checker", scripted=True), "certify_factually",
                          claim, on, "scripted_actor")  # fmt: skip


def on_half_a_certificate(papers: Papers, claim: str, on: str) -> Attempts:
    """The facts of a claim are certified, and nobody has certified the sums."""
    certify = "certify_arithmetically"
    yield papers.on_claim("claim_checker", certify, claim, on, "same_person")
    yield papers.on_claim("payment_authoriser", "order_payment", claim, on, "not_certified", "half")


def on_a_certified_claim(papers: Papers, claim: str, on: str) -> Attempts:
    """A claim has both certificates, and nobody has ordered its payment."""
    for by, reason in (
        (Actor(person("claim_checker").id, "payment_authoriser"), "certifier_is_authoriser"),
        (Actor(SECOND_CLAIM_CHECKER.id, "payment_authoriser"), "certifier_is_authoriser"),
        (Actor(SCRIPT, "payment_authoriser", scripted=True), "scripted_actor"),
        (person("cashier"), "role_not_entitled"),
    ):
        yield papers.on_claim(by, "order_payment", claim, on, reason)
