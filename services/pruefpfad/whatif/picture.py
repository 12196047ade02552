"""A study as a picture: grants by budget year, before and after, and how many cases differ in what.

Plain SVG of fixed width, readable without colours: what is recorded is hatched, what would be is
solid. It must not know how a study is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from grant_values.money import euro_de
from pruefpfad.whatif.sums import KINDS, Sums
from pruefpfad.whatif.wording import Language, say

WIDTH: Final = 960
_LEFT, _RIGHT, _PLOT = 130, 930, 300
_TOP = 100
_ROW = 26
_COLOURS: Final = ("#1b5e8c", "#c77800", "#5b7f3b", "#7a4b94")

_DEFINITIONS = """<defs>
{patterns}
</defs>
<style>text{{font-family:sans-serif;font-size:13px;fill:#222}}
.title{{font-size:19px;font-weight:bold}} .small{{font-size:11px;fill:#555}}</style>"""
_PATTERN = """<pattern id="recorded{index}" width="6" height="6" patternUnits="userSpaceOnUse"\
 patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff"/>\
<rect width="3" height="6" fill="{colour}"/></pattern>"""


@dataclass(frozen=True)
class Bar:
    """A stack of amounts by fund: what was recorded of a year, or what would be."""

    year: int
    is_new: bool
    cents: Mapping[str, int]


def picture(sums: Sums, title: str, lang: Language) -> str:
    """The whole SVG document."""
    funds = sorted({each.fund for each in sums.years})
    parts = [*_heading(sums, title, lang), *_legend(funds, lang), *_bars(sums, funds)]
    top = _TOP + _PLOT + 70
    parts += _counts(say("differing_cases", lang), sums, top, lang)
    height = top + 40 + _ROW * len(_counted(sums, lang))
    patterns = "\n".join(
        _PATTERN.format(index=index, colour=_colour(index)) for index in range(len(funds))
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
            f' width="{WIDTH}" height="{height}"><title>{escape(title)}</title>',
            _DEFINITIONS.format(patterns=patterns),
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _heading(sums: Sums, title: str, lang: Language) -> Iterator[str]:
    before = sum(each.granted_cents for each in sums.years)
    after = sum(each.new_granted_cents for each in sums.years)
    yield _text(24, 34, title, "title")
    counted = say("of_cases_differ", lang).format(differing=sums.differing, cases=sums.cases)
    granted = f"{say('granted', lang)}: {euro_de(before)} → {euro_de(after)}"
    yield _text(24, 58, f"{counted} · {granted} ({euro_de(after - before)})")


def _legend(funds: Sequence[str], lang: Language) -> Iterator[str]:
    """A hatched and a solid box for each fund, then what the two mean."""
    x = 24
    for index, fund in enumerate(funds):
        yield _box(x, 70, 14, 14, f"url(#recorded{index})")
        yield _box(x + 16, 70, 14, 14, _colour(index))
        yield _text(x + 36, 82, fund)
        x += 60 + 8 * len(fund)
    yield _text(x + 10, 82, say("hatched_and_solid", lang), "small")


def _bars(sums: Sums, funds: Sequence[str]) -> Iterator[str]:
    bars = list(_stacks(sums))
    most = _rounded_up(max((sum(bar.cents.values()) for bar in bars), default=0))
    yield from _scale(most)
    slot = (_RIGHT - _LEFT) / max(len(bars) // 2, 1)
    width = min(slot * 0.36, 40)
    for index, bar in enumerate(bars):
        x = _LEFT + slot * (index // 2) + slot / 2 - width + (width if bar.is_new else 0)
        y = float(_TOP + _PLOT)
        for number, fund in enumerate(funds):
            height = _PLOT * bar.cents.get(fund, 0) / most
            y -= height
            fill = _colour(number) if bar.is_new else f"url(#recorded{number})"
            tip = f"{fund} {bar.year}: {euro_de(bar.cents.get(fund, 0))}"
            yield _box(x, y, width, height, fill, tip)
        if not bar.is_new:
            yield _text(x + width, _TOP + _PLOT + 20, str(bar.year), anchor="middle")


def _stacks(sums: Sums) -> Iterator[Bar]:
    for year in sorted({each.year for each in sums.years}):
        of_year = [each for each in sums.years if each.year == year]
        yield Bar(year, False, {each.fund: each.granted_cents for each in of_year})
        yield Bar(year, True, {each.fund: each.new_granted_cents for each in of_year})


def _rounded_up(cents: int) -> int:
    """The next of 1, 2, 4 and 8 with zeros in euros, so that quarters of a scale are round too."""
    step = 100
    while step * 8 < cents:
        step *= 10
    return next(step * factor for factor in (1, 2, 4, 8) if step * factor >= cents)


def _scale(most_cents: int) -> Iterator[str]:
    for quarter in range(5):
        y = _TOP + _PLOT - _PLOT * quarter / 4
        yield f'<path d="M{_LEFT} {y:.1f}H{_RIGHT}" stroke="#ddd"/>'
        yield _text(_LEFT - 8, y + 4, euro_de(most_cents * quarter // 4), "small", anchor="end")


def _counts(title: str, sums: Sums, top: float, lang: Language) -> Iterator[str]:
    yield _text(24, top, title)
    for index, (name, count) in enumerate(_counted(sums, lang)):
        y = top + 14 + _ROW * index
        width = 480 * count / max(sums.cases, 1)
        yield _text(330, y + 14, name, anchor="end")
        yield _box(340, y, max(width, 1 if count else 0), 18, "#555")
        yield _text(348 + width, y + 14, str(count))


def _counted(sums: Sums, lang: Language) -> list[tuple[str, int]]:
    kinds = [(say(kind, lang), sums.by_kind[kind]) for kind in KINDS]
    return [*kinds, (say("held", lang), sums.held_cases)]


def _box(x: float, y: float, width: float, height: float, fill: str, tip: str = "") -> str:
    told = f"<title>{escape(tip)}</title>" if tip else ""
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{fill}">{told}</rect>'


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(text)}</text>'


def _colour(index: int) -> str:
    return _COLOURS[index % len(_COLOURS)]
