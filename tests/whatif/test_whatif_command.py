"""`pruefpfad whatif`: tables, CSV, JSON and picture; and stores that are as they were."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from grant_store.opening import open_store
from grant_store.rows import Append
from histories.recording import new_event, recorded_plays
from histories.retelling import stores_of
from pruefpfad import whatif
from pruefpfad.assembly import SERVICES
from pruefpfad.cli.root import main
from pruefpfad.decided_again.replay import CALLS
from pruefpfad.whatif.sums import KINDS
from pruefpfad.whatif.wording import known_codes, say
from support.postgres import PostgresServer
from support.roles import roles_in_a_database_of_their_own
from whatif.rule_changes import CLOSED_LIST, RATE

LEDGERS = next(each for each in recorded_plays() if each.name == "list").ledgers


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    with stores_of(LEDGERS, folder):
        pass
    return folder


@pytest.fixture
def rate(tmp_path: Path) -> Path:
    path = tmp_path / "rate.toml"
    path.write_text(RATE, encoding="utf-8")
    return path


def ask(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_tables_name_cases_amounts_and_lines(data: Path, rate: Path) -> None:
    result = ask("--data", data, "whatif", "--rules", rate, "--lang", "en", "--limit", 1)

    assert result.exit_code == 0, result.output
    assert "12 of 12 cases would differ" in result.output
    assert "Granted by fund and budget year" in result.output
    assert "Budget lines" in result.output
    assert "ESF1420-000015" in result.output and "6.000,00 €" in result.output
    assert "11 more: --limit 12" in result.output


def test_the_table_is_german_unless_asked_otherwise(data: Path, rate: Path) -> None:
    result = ask("--data", data, "whatif", "--rules", rate)

    assert "12 von 12 Fällen wären anders" in result.output
    assert "abgerufen, aber nicht anzuordnen" in result.output


def test_the_csv_has_one_row_for_each_difference(data: Path, rate: Path, tmp_path: Path) -> None:
    file = tmp_path / "other.csv"

    assert ask("--data", data, "whatif", "--rules", rate, "--csv", file).exit_code == 0

    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    [granted] = [
        row for row in rows if (row["kind"], row["reference"]) == ("granted", "ESF1420-000015")
    ]
    assert (granted["recorded"], granted["new"]) == ("7500.00", "6000.00")
    assert granted["difference"] == "-1500.00"
    assert any(row["kind"] == "line" and row["what"].endswith("free") for row in rows)
    assert any(row["kind"] == "held" for row in rows)


def test_json_counts_cents_and_names_what_is_held(data: Path, tmp_path: Path) -> None:
    rules = tmp_path / "closed.toml"
    rules.write_text(CLOSED_LIST, encoding="utf-8")

    result = ask("--data", data, "whatif", "--rules", rules, "--json")

    said = json.loads(result.stdout)
    assert said["differing"] == len(said["differing_cases"]) > 0
    assert said["checks"] == {"addressee_kind: – → not_met": said["differing"]}
    held = [held["reason"] for case in said["differing_cases"] for held in case["held"]]
    assert set(held) == {"found_eligible_though_not_met"}


def test_the_picture_is_an_svg_with_each_year_and_each_count(
    data: Path, rate: Path, tmp_path: Path
) -> None:
    file = tmp_path / "other.svg"

    ask("--data", data, "whatif", "--rules", rate, "--picture", file, "--lang", "en")

    root = ElementTree.fromstring(file.read_text(encoding="utf-8"))
    texts = [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "What if: rate.toml" in texts
    assert "2015" in texts and "2016" in texts
    assert all(say(kind, "en") in texts for kind in KINDS)
    width, height = (float(root.attrib[name]) for name in ("width", "height"))
    for box in root.iter("{http://www.w3.org/2000/svg}rect"):
        place = {name: float(box.attrib.get(name, 0)) for name in ("x", "y", "width", "height")}
        assert place["x"] >= 0 and place["x"] + place["width"] <= width
        assert place["y"] >= 0 and place["y"] + place["height"] <= height


def test_nothing_is_written_to_the_files(data: Path, rate: Path) -> None:
    before = contents(data)

    assert ask("--data", data, "whatif", "--rules", rate).exit_code == 0

    assert contents(data) == before


@pytest.mark.servers
def test_on_servers_it_needs_no_more_than_reading(
    postgres_server: PostgresServer, rate: Path
) -> None:
    """The role may select and nothing else, and its transactions are read-only."""
    with roles_in_a_database_of_their_own(postgres_server, "whatif") as roles:
        for name in SERVICES:
            store = open_store(roles.migration, name)
            store.migrate()
            store.grant_roles("pruefpfad_")
            store.append(Append(events=[new_event(row) for row in LEDGERS.get(name, ())]))
            store.close()
        heads = heads_of(roles.superuser)

        url = roles.dsn("reader")
        result = ask("whatif", "--rules", rate, "--database-url", url, "--json")
        again = ask("replay", "decisions", "--database-url", url)

        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["differing"] == 12
        assert again.exit_code == 0, again.output
        assert heads_of(roles.superuser) == heads


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--programme", "nobody"), "programme: expected one of esf-nrw-2014-2020"),
        (("--from", "2020-01-02", "--to", "2020-01-01"), "to: expected a day not before"),
        (("--from", "yesterday"), "Invalid value for '--from'"),
    ],
)
def test_a_question_that_cannot_be_asked_names_the_field(
    data: Path, rate: Path, options: tuple[str, ...], said: str
) -> None:
    result = ask("--data", data, "whatif", "--rules", rate, *options)

    assert result.exit_code in (2, 4)
    assert said in result.output


def test_rules_for_another_programme_are_refused(data: Path) -> None:
    rules = Path(__file__).parents[2] / "examples/zusammen-im-quartier/programme.toml"

    result = ask("--data", data, "whatif", "--rules", rules)

    assert result.exit_code == 4
    assert "programme: expected one of esf-nrw-2014-2020" in result.output


def test_everything_that_may_be_said_has_german_and_english_words() -> None:
    said = set(KINDS)
    for path in Path(whatif.__path__[0]).glob("*.py"):
        for call in re.findall(r'Held\(\s*"(\w+)"', path.read_text(encoding="utf-8")):
            said.add(call)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said |= {
            node.value.elts[0].value  # type: ignore[attr-defined]
            for node in ast.walk(tree)
            if isinstance(node, ast.Yield)
            and isinstance(node.value, ast.Tuple)
            and isinstance(node.value.elts[0], ast.Constant)
            and str(node.value.elts[0].value).startswith("found_")
        }

    assert len(said) > len(KINDS) + 8
    assert said <= known_codes()


def contents(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.sqlite3")}


def heads_of(url: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in CALLS:
        store = open_store(url, name)
        found[name] = store.head()
        store.close()
    return found
