"""One readable sentence for each event, in German and in English, from catalogues beside this file.

A sentence names fields of the event's data. After the colon stands how a field is worded: `euro`,
`day`, `tranches` or the name of a closed list of the catalogue; then, after a plus, the text that
leads to the field and goes where the field is empty. Free text is in no list and stays as it is.
`line` is the budget line, which the history has noted beside the data.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any, Literal

from grant_contracts.registry import FACTS
from grant_contracts.upcasters import UPCASTERS
from grant_values.legal_time import legal_date
from grant_values.money import Cents, euro_de

Language = Literal["de", "en"]
_TWO_STOPS = re.compile(r"(?<!\.)\.\.(?!\.)")
LANGUAGES: tuple[Language, ...] = ("de", "en")


def sentence(entry: Mapping[str, Any], language: Language = "de") -> str:
    """What an event of the history says. `LookupError` for a type without a sentence."""
    data = {**_data_of(entry), "line": entry.get("line", "")}
    return _wording(language).sentence(entry["type"], data)


def _data_of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event's fields as today's version names them. The history keeps what was recorded."""
    topic, data = entry["type"], entry["data"]
    version, known = entry.get("schema_version", 1), FACTS[topic].VERSION if topic in FACTS else 1
    return data if version == known else UPCASTERS.lifted(topic, version, known, data)


def word(term: str, of_list: str, language: Language = "de") -> str:
    """One term of a closed list of the catalogue ("state", "role", …) as people read it."""
    return _wording(language).format_field(term, of_list)


def amount(cents: Cents, language: Language = "de") -> str:
    """An amount as people read it: "1.250,00 €" or "EUR 1,250.00"."""
    return _wording(language).format_field(cents, "euro")


class Wording(string.Formatter):
    """The sentences and closed lists of one language."""

    def __init__(self, language: Language) -> None:
        text = resources.files("grant_audit").joinpath(f"sentences.{language}.toml")
        catalogue = tomllib.loads(text.read_text(encoding="utf-8"))
        self.sentences: Mapping[str, str] = catalogue["sentences"]
        self.lists: Mapping[str, Mapping[str, str]] = catalogue["lists"]
        self._language = language

    def sentence(self, topic: str, data: Mapping[str, Any]) -> str:
        # Facts that every service records share one sentence, under their name alone.
        template = self.sentences.get(topic) or self.sentences.get(topic.partition(".")[2])
        if template is None:
            raise LookupError(f"{topic} has no sentence in {self._language}.")
        # Free text may bring a full stop of its own.
        return _TWO_STOPS.sub(".", self.vformat(template, (), data))

    def format_field(self, value: Any, format_spec: str) -> str:
        form, optional, lead = format_spec.partition("+")
        if optional and not value:
            return ""
        return lead + self._in_form(value, form)

    def _in_form(self, value: Any, form: str) -> str:
        if form == "euro":
            return self._euro(value)
        if form == "day":
            return self._day(value)
        if form == "tranches":
            return self._tranches(value)
        return self._term(value, form)

    def _term(self, value: Any, of_list: str) -> str:
        if isinstance(value, list | tuple):
            return ", ".join(self._term(each, of_list) for each in value)
        if not of_list:
            return str(value)
        return self.lists[of_list].get(str(value).lower(), str(value))

    def _euro(self, cents: Cents) -> str:
        if self._language == "de":
            return euro_de(cents)
        euros, rest = divmod(abs(cents), 100)
        return f"{'-' if cents < 0 else ''}EUR {euros:,}.{rest:02d}"

    def _day(self, text: str) -> str:
        """An instant is told as its legal date."""
        day = legal_date(datetime.fromisoformat(text)) if "T" in text else date.fromisoformat(text)
        if self._language == "de":
            return f"{day:%d.%m.%Y}"
        return f"{day.day} {self.lists['month'][str(day.month)]} {day.year}"

    def _tranches(self, tranches: Sequence[Mapping[str, Any]]) -> str:
        return ", ".join(
            f"{tranche['fund']} {tranche['year']}: {self._euro(tranche['amount_cents'])}"
            for tranche in tranches
        )


@cache
def _wording(language: Language) -> Wording:
    return Wording(language)
