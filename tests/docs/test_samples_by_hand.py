"""The script and the test vector of `docs/questions.md`: whoever has seed and population draws the
same sample without this program."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grant_audit.population import Item, Population
from grant_audit.sampling import METHODS, MONETARY_UNIT, draw

PAGE = (Path(__file__).parents[2] / "docs" / "questions.md").read_text(encoding="utf-8")
_, _AFTER = PAGE.split("### Drawn again without this program")
SCRIPT = _AFTER.split("```python\n")[1].split("```")[0]
LINES = _AFTER.split("```text\n")[1].split("```")[0]
VECTOR = Population(
    tuple(
        Item(name, reference, int(cents), place)
        for name, reference, cents, place in (line.split("\t") for line in LINES.splitlines())
    )
)


def by_script(folder: Path, population: bytes, method: str, size: int, seed: str) -> list[str]:
    file = folder / "population.txt"
    file.write_bytes(population)
    words = [sys.executable, "-I", "-c", SCRIPT, method, str(size), seed, str(file)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return done.stdout.split()


def told(name: str) -> str:
    [cell] = [line.split("|")[2] for line in _AFTER.splitlines() if line.startswith(f"| {name}")]
    return cell.partition(";")[0].strip().strip("`")


def test_the_hash_of_the_vector_is_that_of_its_lines() -> None:
    assert told("SHA-256") == VECTOR.sha256 == sha256(LINES.encode()).hexdigest()


@pytest.mark.parametrize("method", METHODS)
def test_script_and_program_draw_what_the_page_says(tmp_path: Path, method: str) -> None:
    page = told(f"`{method}`").split(", ")

    assert by_script(tmp_path, VECTOR.as_lines, method, 4, "4711") == page
    assert [item.id for item, _ in draw(method, VECTOR, 4, "4711").items] == page


def test_what_the_page_says_of_certainty_and_interval_is_so() -> None:
    drawn = draw(MONETARY_UNIT, VECTOR, 4, "4711")

    assert [item.id for item in drawn.certain] == ["P-2", "P-8"]
    assert drawn.interval_cents == 397_500
    assert "P-2 and P-8 are certain, the interval of the rest is 3.975,00 €" in _AFTER


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 5_000_000), min_size=1, max_size=25),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    st.sampled_from(METHODS),
    st.data(),
)
def test_script_and_program_agree_on_any_population(
    tmp_path_factory: pytest.TempPathFactory,
    amounts: list[int],
    seed: str,
    method: str,
    data: st.DataObject,
) -> None:
    named = [Item(f"P-{n:03}", "ZIQ-1", cents, "x/main/1") for n, cents in enumerate(amounts)]
    size = data.draw(st.integers(1, len(amounts)))
    population = Population(tuple(named))

    found = by_script(tmp_path_factory.mktemp("by-hand"), population.as_lines, method, size, seed)

    assert found == [item.id for item, _ in draw(method, population, size, seed).items]
