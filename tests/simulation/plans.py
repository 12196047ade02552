"""What is to happen in the world of one seed: which cases there are and what befalls each.

A plan follows from the seed alone, so that a disturbed and an undisturbed world can live the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from grant_values.cases import case_id_of
from grant_values.money import format_euro
from support.authority import APPLICATION, PROGRAMME

CALL = "simulated"
YEARS = (2021, 2022)
FUNDS = ("ESF", "Land")
AMPLE_CENTS = 10_000_000_00
# What befalls a case, and how often.
FATES = {
    "plain": 8,
    "referred": 2,
    "late": 2,
    "partial": 2,
    "ineligible": 2,
    "refused": 2,
    "withdrawn_before_finding": 3,
    "withdrawn_after_finding": 2,
    "renounced_after_approval": 2,
    "renounced_after_finality": 2,
    "renounced_after_order": 2,
}
RACING = {"withdrawn_at_any_time": 4, "renounced_while_paid": 3}


@dataclass(frozen=True)
class CasePlan:
    """One application and what befalls it. `random` numbers of its own follow from `seed`."""

    reference: str
    fate: str
    payload: dict[str, Any]
    seed: str

    @property
    def case_id(self) -> UUID:
        return case_id_of(self.reference)

    def random(self, purpose: str) -> Random:
        return Random(f"{self.seed} {purpose}")


@dataclass(frozen=True)
class Plan:
    """All cases of a world. In a contended one order decides: money is short, or twins race."""

    seed: int
    cases: tuple[CasePlan, ...]
    twins: tuple[tuple[str, ...], ...]
    ceilings: dict[tuple[str, int], int]
    is_contended: bool
    restores: str
    """The service that is restored from a backup, or "": then nobody is."""


def plan_of(seed: int) -> Plan:
    """Every second seed is contended; in every fourth an upstream is restored."""
    random = Random(f"plan {seed}")
    is_contended = seed % 2 == 0
    cases = [_case(seed, number, random, is_contended) for number in range(random.randint(6, 14))]
    twins = _twins(cases, random) if is_contended else ()
    return Plan(
        seed=seed,
        cases=tuple(cases),
        twins=twins,
        ceilings=_ceilings(cases, random, is_contended and random.random() < 0.8),
        is_contended=is_contended,
        restores=random.choice(("intake", "eligibility", "budgeting", "disbursement"))
        if seed % 4 == 3
        else "",
    )


def _case(seed: int, number: int, random: Random, is_contended: bool) -> CasePlan:
    fates = FATES | (RACING if is_contended else {})
    [fate] = random.choices(list(fates), list(fates.values()))
    reference = f"SIM-{seed}-{number:03d}"
    payload = _payload(reference, fate, random)
    return CasePlan(reference, fate, payload, f"case {seed} {number}")


def _payload(reference: str, fate: str, random: Random) -> dict[str, Any]:
    eligible_cents = random.randint(1_000_00, 200_000_00)
    requested_cents = eligible_cents * random.choice((60, 80, 90)) // 100
    money = {
        "eligible": format_euro(eligible_cents),
        "requested": format_euro(requested_cents),
        "own": format_euro(eligible_cents - requested_cents),
        "others": "0.00",
    }
    received_at = "2020-12-13T10:00:00+01:00" if fate == "late" else "2020-12-10T10:15:00+01:00"
    seat = {"land": "DE-BY"} if fate == "ineligible" else {}
    begun = {"not_begun": False} if fate == "referred" else {}
    return {
        **APPLICATION,
        "reference": reference,
        "programme": PROGRAMME,
        "call": CALL,
        "received_at": received_at,
        "applicant": {**APPLICATION["applicant"], **seat},
        "plan": money,
        "declarations": {**APPLICATION["declarations"], **begun},
        "fingerprint": f"{random.getrandbits(256):064x}",
    }


def _twins(cases: list[CasePlan], random: Random) -> tuple[tuple[str, ...], ...]:
    """Give some cases the fingerprint of another one: which of them is the first, order decides."""
    plain = [case for case in cases if case.fate in ("plain", "referred", "partial")]
    if len(plain) < 2:
        return ()
    group = random.sample(plain, random.randint(2, min(3, len(plain))))
    for case in group:
        case.payload["fingerprint"] = group[0].payload["fingerprint"]
    return (tuple(case.reference for case in group),)


def _ceilings(cases: list[CasePlan], random: Random, is_short: bool) -> dict[tuple[str, int], int]:
    lines = [(fund, year) for fund in FUNDS for year in YEARS]
    if not is_short:
        return dict.fromkeys(lines, AMPLE_CENTS)
    return {line: len(cases) * random.randint(8_000_00, 25_000_00) for line in lines}
