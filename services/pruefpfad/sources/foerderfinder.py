"""Turns a record of the Förderfinder (label, tab, value; HTML in the values) into a definition.

The result is the draft of a programme definition in TOML: every field of the record with its
wording, figures read where they can be read for certain, and a list of what a person must add.
Must not know any programme, nor fill in what the record does not say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from html.parser import HTMLParser

from marshmallow import ValidationError

from grant_contracts.programme import ProgrammeDefinition
from pruefpfad.sources.wordings import Reading, read_amount, read_end, read_seat

MINISTRY = "Ressort"
MEASURE = "Maßnahme"
ADDRESSEES = "Adressat"
TERM = "Laufzeit (bis)"
MONEY = "jährlich eingesetzte Mittel"
LABELS = (
    MINISTRY,
    MEASURE,
    "Kurzbeschreibung (Inhalt und Zielsetzung der Maßnahme)",
    ADDRESSEES,
    "Zielgruppe(n)",
    TERM,
    MONEY,
    "weitere Informationen / Antragsunterlagen",
    "Kontakt Ministerium",
    "Ansprechpartnerinnen / Ansprechpartner außerhalb Ministerium",
)
_FIGURES: tuple[tuple[str, str, Callable[[str], Reading]], ...] = (
    ("seat", ADDRESSEES, read_seat),
    ("ends_on", TERM, read_end),
    ("annual_funds", MONEY, read_amount),
)
_BLOCKS = frozenset({"p", "div", "ul", "ol", "h1", "h2", "h3", "h4", "table", "tr"})
_UNSEEN = frozenset({"script", "style"})


def decode(raw: bytes) -> str:
    """The text of a record file. ValidationError names line and byte of what is not UTF-8."""
    try:
        return raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        place = f"line {line}, byte {error.start + 1} of the file (0x{raw[error.start]:02x})"
        raise ValidationError({"record": [f"expected UTF-8: {place} is not"]}) from error


def draft(text: str) -> str:
    """The draft definition of a record, as TOML. ValidationError names lines and labels.

    All fields stay in their order, unknown ones too. A figure that cannot be read for certain
    keeps its wording and an empty value.
    """
    fields = read_record(text)
    figures = [(name, label, fields[label], read(fields[label])) for name, label, read in _FIGURES]
    head = {"title": _unquoted(fields[MEASURE]), "authority": fields[MINISTRY]}
    seat = next(reading.value for name, _, _, reading in figures if name == "seat")
    if seat:
        head["land"] = seat
    lines = [*_introduction(head), *(f"{key} = {toml_text(value)}" for key, value in head.items())]
    for label, value in fields.items():
        lines += ["", "[[record]]", f"label = {toml_text(label)}", f"text = {toml_text(value)}"]
    for name, label, wording, reading in figures:
        lines += ["", "[[figures]]", *_figure(name, label, wording, reading)]
    return "\n".join(lines) + "\n"


def read_record(text: str) -> dict[str, str]:
    """Label to plain text, in the order of the record."""
    fields: dict[str, str] = {}
    found_on: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        label, tab, value = line.rstrip("\r").partition("\t")
        label = label.strip()
        if not tab or not label:
            raise _refused(f"line {number}", "expected a label, a tab and a value")
        if label in found_on:
            raise _refused(
                f"line {number}",
                f"expected each label once: {label!r} stands on line {found_on[label]} already",
            )
        found_on[label] = number
        try:
            fields[label] = plain_text(value)
        except AssertionError as error:
            # What Python's HTML parser raises at a declaration it does not know, such as "<![x[".
            raise _refused(f"line {number}", f"expected HTML in {label!r}: {error}") from error
    missing = [label for label in LABELS if label not in fields]
    if missing:
        raise _refused("record", f"expected the labels {', '.join(map(repr, missing))} as well")
    return fields


def plain_text(html: str) -> str:
    """The text of an HTML fragment, with a blank line between paragraphs."""
    reader = _PlainText()
    reader.feed(html)
    reader.close()
    return reader.text()


def toml_text(text: str) -> str:
    """A TOML basic string, over several lines where the text has several."""
    # JSON's escapes are TOML's, but for the one control character that JSON lets pass.
    escaped = [
        json.dumps(line, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")
        for line in text.split("\n")
    ]
    if len(escaped) == 1:
        return f'"{escaped[0]}"'
    return '"""\n' + "\n".join(escaped) + '"""'


class _PlainText(HTMLParser):
    """Collects text; block elements part paragraphs, items of a list begin with a dash."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._paragraphs: list[list[str]] = [[]]
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _BLOCKS:
            self._paragraphs.append([])
        elif tag == "li":
            self._paragraphs.append(["- "])
        elif tag == "br":
            self._paragraphs[-1].append("\n")
        elif tag == "td":
            self._paragraphs[-1].append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS:
            self._paragraphs.append([])

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            # Line ends of the source are spaces in HTML; only <br> breaks a line.
            self._paragraphs[-1].append(" ".join(data.replace("\xa0", " ").split("\n")))

    def text(self) -> str:
        paragraphs = (_lines("".join(parts)) for parts in self._paragraphs)
        return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _unquoted(title: str) -> str:
    return title[1:-1] if title.startswith("„") and title.endswith("“") else title


def _lines(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()


def _figure(name: str, label: str, wording: str, reading: Reading) -> Iterable[str]:
    yield f"name = {toml_text(name)}"
    yield f"value = {toml_text(reading.value)}"
    yield f"wording = {toml_text(wording)}"
    yield f"certainty = {toml_text(reading.certainty)}"
    if reading.funds:
        yield f"funds = [{', '.join(map(toml_text, reading.funds))}]"
    yield f"source = {toml_text(f'Förderfinder NRW, Feld „{label}“')}"


def _introduction(present: Iterable[str]) -> list[str]:
    required = [name for name, field in ProgrammeDefinition().fields.items() if field.required]
    missing = [name for name in required if name not in set(present)]
    return [
        "# Draft of a programme definition, read from a record of the Förderfinder.",
        "# A figure with an empty value could not be read for certain: its wording stands beside.",
        "# A person must add, each figure of law with its source:",
        *(f"#   {name}" for name in missing),
        "",
    ]


def _refused(place: str, expected: str) -> ValidationError:
    return ValidationError({place: [expected]})
