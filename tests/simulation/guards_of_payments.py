"""Mutants of disbursement: claims, certificates, orders, runs and what the bank says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from grant_disbursement import accounts, application, awaiting
from grant_disbursement.accounts import GrantAccount
from grant_disbursement.drawings import Drawings
from grant_disbursement.runs import Cashbook
from grant_values.payments import RunPayment
from grant_values.shapes import Actor, Tranche
from simulation.mutation import Change, always, mutant, without


def everything_wanted(original: Any) -> Callable[..., tuple[Tranche, ...]]:
    def due(self: Drawings, name: str) -> tuple[Tranche, ...]:
        return self.claim(name).wanted

    return due


def entered_at_once(original: Any) -> Callable[..., None]:
    def enter(self: Cashbook, run: str) -> None:
        self._enter(run)

    return enter


def left_again(original: Any) -> Callable[..., bool]:
    def transmit(
        self: Cashbook, run: str, message_id: str, transmitted_by: str, effective_on: date
    ) -> bool:
        self._transmit(run, message_id, transmitted_by, effective_on)
        return True

    return transmit


def sent_again(original: Any) -> Callable[..., None]:
    def transmit(
        self: GrantAccount, payment: RunPayment, run: str, message_id: str, by: Actor, on: date
    ) -> None:
        self._transmit(payment.order_id, run, message_id, payment.end_to_end_id, by.id, on)

    return transmit


def executed_again(original: Any) -> Callable[..., None]:
    def confirm(self: GrantAccount, order_id: str, end_to_end_id: str, effective_on: date) -> None:
        order = self.drawn.order(order_id)
        self._execute(order_id, end_to_end_id, order.tranches, order.amount_cents, effective_on)

    return confirm


def returned_again(original: Any) -> Callable[..., bool]:
    def take_back(
        self: GrantAccount, order_id: str, end_to_end_id: str, reason: str, effective_on: date
    ) -> bool:
        order = self.drawn.order(order_id)
        was_executed = order.state == "executed"
        cents, tranches = order.amount_cents, order.tranches
        self._return(order_id, end_to_end_id, tranches, cents, was_executed, reason, effective_on)
        return True

    return take_back


OF_PAYMENTS = (
    mutant(
        "above-the-ceiling",
        "More is ordered than was granted.",
        Change(Drawings, "exceeds_ceiling", always(False)),
    ),
    mutant(
        "cumulative",
        "A claim's total is ordered anew, whatever was ordered before.",
        Change(Drawings, "due", everything_wanted),
    ),
    mutant(
        "same-certifier",
        "One person certifies both facts and sums.",
        Change(accounts, "why_not_certify_arithmetically", without("same_person")),
    ),
    mutant(
        "uncertified",
        "What nobody has certified is ordered.",
        Change(accounts, "why_not_authorise", without("not_certified")),
    ),
    mutant(
        "certifier-authorises",
        "Whoever certified a claim orders its payment.",
        Change(accounts, "why_not_authorise", without("certifier_is_authoriser")),
    ),
    mutant(
        "scripted-authoriser",
        "A program orders payments in a store that is no demonstration.",
        Change(accounts, "why_not_authorise", without("scripted_actor")),
    ),
    mutant(
        "authoriser-pays",
        "Whoever ordered or certified a payment pays and books it.",
        Change(application, "_check_is_no_authoriser", always(None)),
    ),
    mutant(
        "renounced",
        "An award that was given up is drawn upon.",
        Change(GrantAccount, "renounce", always(None)),
    ),
    mutant(
        "one-run-at-a-time",
        "A run is opened while another one has not left.",
        Change(Cashbook, "enter", entered_at_once),
    ),
    mutant(
        "sent-twice",
        "A run and its orders are sent as often as somebody asks.",
        Change(Cashbook, "transmit", left_again),
        Change(GrantAccount, "transmit", sent_again),
    ),
    mutant(
        "confirmed-twice",
        "A bank's statement that comes twice is booked twice.",
        Change(GrantAccount, "confirm", executed_again),
    ),
    mutant(
        "returned-twice",
        "A return that comes twice is booked twice.",
        Change(GrantAccount, "take_back", returned_again),
    ),
    mutant(
        "awaiting",
        "What has left still awaits a run.",
        Change(awaiting, "forget", always(None)),
    ),
)
