"""The words of a study, in German and in English."""

from __future__ import annotations

from typing import Final, Literal

Language = Literal["de", "en"]

_WORDS: Final[dict[str, tuple[str, str]]] = {
    # What may differ.
    "late": ("verspätet", "late"),
    "check": ("Ergebnis einer Regel", "result of a rule"),
    "calculated": ("berechnete Zuwendung", "calculated grant"),
    "earmark": ("Vormerkung", "earmark"),
    "granted": ("bewilligt", "granted"),
    "terms": ("Bestimmungen des Bescheids", "terms of the award"),
    "day": ("gesetzlicher Tag", "legal day"),
    "ordered": ("angeordnet", "ordered"),
    "held": ("entgegen der Regel gehalten", "held against the rule"),
    "line": ("Haushaltslinie", "budget line"),
    "refusals": ("Ablehnungen der Linie", "refusals of the line"),
    # Reasons why a person's act is held against the rule.
    "found_eligible_though_not_met": (
        "für förderfähig befunden, obwohl eine Regel nicht erfüllt wäre",
        "found eligible though a rule would not be met",
    ),
    "found_eligible_though_no_grant": (
        "für förderfähig befunden, obwohl sich keine Zuwendung ergäbe",
        "found eligible though no grant would result",
    ),
    "found_eligible_without_reasons": (
        "ohne Begründung für förderfähig befunden, obwohl die Regel sie verlangte",
        "found eligible without the reasons that the rule would ask for",
    ),
    "found_ineligible_though_met": (
        "für nicht förderfähig befunden, obwohl keine Regel mehr dagegen spräche",
        "found ineligible though no rule would speak against it any more",
    ),
    "approved_without_funds": (
        "bewilligt, obwohl kein Geld vorgemerkt wäre",
        "approved though no funds would be earmarked",
    ),
    "approved_though_late": (
        "ohne Ausnahme bewilligt, obwohl verspätet",
        "approved without an exception though late",
    ),
    "refused_though_in_time": (
        "als verspätet nicht bewilligt, obwohl rechtzeitig",
        "not approved as late though in time",
    ),
    "partial_award_above_grant": (
        "teilweise bewilligt, aber mehr als sich ergäbe",
        "approved in part, but more than would result",
    ),
    "refused_though_promised": (
        "mangels Geld nicht bewilligt, obwohl es vorgemerkt wäre",
        "not approved for want of money that would be promised",
    ),
    "notified_without_legal_days": (
        "bekannt gegeben, obwohl sich keine gesetzlichen Tage ergäben",
        "notified though no legal days would result",
    ),
    "waived_outside_its_days": (
        "auf Rechtsbehelf verzichtet außerhalb der Frist",
        "remedy waived outside of its days",
    ),
    "final_before_the_last_day": (
        "bestandskräftig vor Ablauf der Frist",
        "final before the last day for a remedy",
    ),
    "claimed_above_grant": (
        "abgerufen, aber nicht anzuordnen",
        "claimed, but not to be ordered",
    ),
    "ceiling_below_promises": (
        "Ansatz unter das Vorgemerkte gesenkt",
        "ceiling set below what would be promised",
    ),
    # Headings.
    "what_if": ("Was wäre, wenn", "What if"),
    "in": ("worin", "in what"),
    "times": ("Male", "times"),
    "cases": ("Fälle", "cases"),
    "differing_cases": ("Abweichende Fälle", "Differing cases"),
    "of_cases_differ": (
        "{differing} von {cases} Fällen wären anders",
        "{differing} of {cases} cases would differ",
    ),
    "cases_asked": (
        "{asked} davon nach den anderen Regeln beurteilt",
        "{asked} of them judged by the other rules",
    ),
    "recorded": ("wie aufgezeichnet", "as recorded"),
    "new": ("nach den anderen Regeln", "under the other rules"),
    "hatched_and_solid": (
        "schraffiert: wie aufgezeichnet · voll: nach den anderen Regeln",
        "hatched: as recorded · solid: under the other rules",
    ),
    "difference": ("Unterschied", "difference"),
    "fund_and_year": ("Fonds und Jahr", "fund and year"),
    "by_year": ("Bewilligt nach Fonds und Haushaltsjahr", "Granted by fund and budget year"),
    "lines": ("Haushaltslinien", "Budget lines"),
    "ceiling": ("Ansatz", "ceiling"),
    "promised": ("vorgemerkt", "promised"),
    "new_promised": ("vorgemerkt, andere Regeln", "promised, other rules"),
    "free": ("frei", "free"),
    "new_free": ("frei, andere Regeln", "free, other rules"),
    "refused": ("abgelehnt", "refused"),
    "reference": ("Aktenzeichen", "reference"),
    "what": ("was", "what"),
    "rule": ("Regel", "rule"),
    "why": ("weshalb", "why"),
    "more": ("weitere", "more"),
}


def say(code: str, lang: Language) -> str:
    """What a code is called; the code itself where it has no other name."""
    german, english = _WORDS.get(code, (code, code))
    return german if lang == "de" else english


def known_codes() -> frozenset[str]:
    return frozenset(_WORDS)
