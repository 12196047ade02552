"""What the baseline's events contain: as much as the product's, and worked out by nobody."""

from __future__ import annotations

from typing import Any

from grant_values.money import parse_euro

Fields = dict[str, Any]

EARMARK_RULE = "all tranches of a case or none, within each line's ceiling (§§ 38, 45 LHO NRW; R26)"
APPROVAL_RULE = "VV 4 zu § 44 LHO NRW; decider is no checker (R19), no script (R20)"
ANNOUNCEMENT_RULE = (
    "§ 41 Abs. 2 VwVfG NRW in der bis 31.12.2024 geltenden Fassung; § 74 Abs. 1 Satz 2 VwGO; "
    "§ 110 JustG NRW (kein Vorverfahren); Gericht nach dem Sitz des Ministeriums"
)
REMEDY = (
    "Gegen diesen Bescheid kann innerhalb eines Monats nach Bekanntgabe Klage beim "
    "Verwaltungsgericht Düsseldorf, Bastionstraße 39, 40213 Düsseldorf, erhoben werden."
)
SIDE_PROVISIONS = "ANBest-P (Anlage 2 zu VV Nr. 5.1 zu § 44 LHO NRW)"
RULES = ("eligible_from", "amount_positive", "period_in_order", "not_funded_before")


def checks(form: Fields) -> list[Fields]:
    inputs = {
        "starts_on": form["operation"]["starts_on"],
        "ends_on": form["operation"]["ends_on"],
    }
    common = {"version": "1", "inputs": inputs, "result": "met", "source": "met as it stands"}
    return [{"rule": rule, **common} for rule in RULES]


def assessed(form: Fields) -> Fields:
    """The form, with a calculation."""
    return {**form, "tranches": _tranches(form), "calculation": SIDE_PROVISIONS}


def finding(form: Fields) -> Fields:
    kept = ("programme", "applicant", "payee", "tranches")
    operation = form["operation"]
    days = {name: operation[name] for name in ("title", "starts_on", "ends_on")}
    return {**{name: form[name] for name in kept}, **days, "eligible": form["plan"]["eligible"]}


def terms(found: Fields) -> Fields:
    return {
        **drawable(found),
        "eligible": found["eligible"],
        "starts_on": found["starts_on"],
        "ends_on": found["ends_on"],
        "side_provisions": SIDE_PROVISIONS,
        "remedy_instruction": REMEDY,
    }


def drawable(found: Fields) -> Fields:
    return {name: found[name] for name in ("programme", "payee", "tranches")}


def amount_cents(found: Fields) -> int:
    return sum(tranche["amount_cents"] for tranche in found["tranches"])


def payment(account: Any, order_id: str) -> Fields:
    return {
        "reference": account.reference,
        "order_id": order_id,
        "payee": account.terms["payee"],
        "amount_cents": amount_cents(account.terms),
    }


def file(payments: list[Fields]) -> bytes:
    """Stands for the payment file, which nobody reads here."""
    return repr(payments).encode()


def _tranches(form: Fields) -> list[Fields]:
    year = int(form["operation"]["starts_on"][:4])
    return [{"fund": "ESF", "year": year, "amount_cents": parse_euro(form["plan"]["requested"])}]
