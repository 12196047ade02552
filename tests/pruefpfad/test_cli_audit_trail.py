"""What an auditor asks on the command line: the matrix of a case, and who holds its documents."""

from __future__ import annotations

import csv
import json
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from support.auditing import asked, call, declare, file_document, tell_story
from support.authority import CASE, PROGRAMME


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell_story(tmp_path_factory.mktemp("matrix"))


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same grant, with documents and declarations for all that events cannot evidence."""
    folder = tell_story(tmp_path_factory.mktemp("filed"))
    file_document(folder, "report-1", [10, 12, 13])
    for item in (4, 7, 8, 11):
        declare(folder, item)
    return folder


def documents(data: Path, *words: str) -> list[dict[str, Any]]:
    asked_for = ("audit", "documents", "--case", CASE, *words)
    found: list[dict[str, Any]] = asked(data, *asked_for)["documents"]
    return found


def test_a_paid_case_without_documents_lacks_items_and_the_exit_code_says_so(data: Path) -> None:
    result = call(data, "audit", "matrix", "--case", CASE)

    assert result.exit_code == 1
    assert "FEHLT" in result.output
    assert "PaymentExecuted disbursement/" in result.output


def test_a_case_with_evidence_for_every_item_is_complete(filed: Path) -> None:
    result = call(filed, "audit", "matrix", "--case", CASE, "--lang", "en")

    assert result.exit_code == 0, result.output
    assert "MISSING" not in result.output
    assert "„report-1“ (Bezirksregierung Arnsberg, Registratur 34)" in result.output


def test_the_laws_own_words_are_shown_with_their_provision_and_who_has_the_papers(
    data: Path,
) -> None:
    english = call(data, "audit", "matrix", "--case", CASE, "--wording", "--lang", "en")
    german = call(data, "audit", "matrix", "--case", CASE, "--wording")

    assert "information on audits carried out" in english.output
    assert "audit authority and whoever else has audited" in english.output
    assert "our translation" not in english.output
    assert "Informationen über die durchgeführten Prüfungen" in german.output
    assert german.output.count("eigene Übersetzung") == 5


def test_programs_get_every_item_with_the_places_of_its_events(data: Path) -> None:
    [matrix] = asked(data, "audit", "matrix", "--case", CASE)["cases"]

    assert matrix["missing"] == [4, 7, 8, 10, 11, 12, 13]
    payment = matrix["rows"][4]
    assert payment["status"] == "evidenced"
    assert payment["events"][-1]["topic"] == "disbursement.PaymentExecuted"
    assert payment["events"][-1]["place"].startswith("disbursement/main/")


def test_the_matrix_of_a_programme_has_a_line_for_each_case(filed: Path) -> None:
    result = call(filed, "audit", "matrix", "--programme", PROGRAMME)

    assert result.exit_code == 0
    assert CASE in result.output


def test_the_wording_is_in_the_json_of_a_case_and_of_many_where_it_is_asked_for(data: Path) -> None:
    [case] = asked(data, "audit", "matrix", "--case", CASE)["cases"]
    [short, *_] = asked(data, "audit", "matrix", "--programme", PROGRAMME)["cases"]
    [full, *_] = asked(data, "audit", "matrix", "--programme", PROGRAMME, "--wording")["cases"]

    assert case["rows"][6]["wording"]["en"] == "information on audits carried out"
    assert case["rows"][8]["translated"] == ["de"]
    assert "wording" not in short["rows"][6]
    assert full["rows"] == case["rows"]


def test_an_answer_goes_onto_a_file_with_its_checksum(filed: Path, tmp_path: Path) -> None:
    target = tmp_path / "matrix.json"

    result = call(filed, "audit", "matrix", "--case", CASE, "-o", str(target))

    assert result.exit_code == 0
    assert json.loads(target.read_text(encoding="utf-8"))["cases"][0]["reference"] == CASE
    checked = ["sha256sum", "--check", "--strict", "matrix.json.sha256"]
    assert subprocess.run(checked, cwd=tmp_path, check=False).returncode == 0


def test_documents_are_listed_with_holder_and_place(filed: Path) -> None:
    [document, *attachments] = documents(filed)

    assert document["holder"] == "Bezirksregierung Arnsberg"
    assert document["place"].startswith("intake/main/")
    assert all(each["document"] == "" for each in attachments)


def test_an_attachment_whose_holder_nobody_has_recorded_is_said(data: Path) -> None:
    attachments = documents(data)
    result = call(data, "audit", "documents", "--programme", PROGRAMME)

    assert result.exit_code == (1 if attachments else 0)
    assert ("NICHT ERFASST" in result.output) == bool(attachments)


def test_files_are_compared_with_the_hashes_on_record(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    data = tell_story(tmp_path_factory.mktemp("compared"))
    report = b"Sachbericht"
    digest = sha256(report).hexdigest()
    file_document(data, "compared-1", [10], sha256=digest)
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "report.pdf").write_bytes(report)
    (tmp_path / "changed.pdf").write_bytes(report + b"!")

    result = call(
        data, "audit", "documents", "--case", CASE, "--files", str(tmp_path), "--lang", "en"
    )
    [compared, *_] = documents(data, "--files", str(tmp_path))

    assert result.exit_code == 1
    assert "deeper/report.pdf" in result.stdout
    assert "changed.pdf: no document on record" in result.stderr
    assert compared["files"] == ["deeper/report.pdf"]


@pytest.mark.parametrize("command", ["matrix", "documents"])
def test_a_case_or_a_programme_is_asked_for_and_not_both(data: Path, command: str) -> None:
    both = ("--case", CASE, "--programme", PROGRAMME)

    for words in ((), both):
        result = call(data, "audit", command, *words)
        assert result.exit_code == 2
        assert "expected one of the two" in result.output


def test_a_case_that_nobody_knows_is_named(data: Path) -> None:
    result = call(data, "audit", "matrix", "--case", "ZIQ-2099-0001")

    assert result.exit_code == 4
    assert "reference: expected that of a case on record" in result.output


def test_a_payment_is_followed_from_the_bank_statement_to_the_programme(data: Path) -> None:
    found = asked(data, "audit", "drill", "--payment", f"{CASE}-1-1")

    assert found["rows"][0]["level"] == "programme"
    assert found["rows"][-1]["level"] == "confirmation"
    assert found["reconciles"] is True
    assert all(row["place"] for row in found["rows"])


def test_a_drill_says_how_deep_it_goes_and_from_which_positions_it_was_computed(
    data: Path,
) -> None:
    result = call(data, "audit", "drill", "--case", CASE, "--lang", "en")

    assert result.exit_code == 0
    assert "There are no vouchers below them" in result.output
    assert "computed from: intake/" in result.output
    assert "DIFFERS" not in result.output


@pytest.mark.parametrize(
    "subject",
    [
        ("--programme", PROGRAMME, "--line", "ESF/2021"),
        ("--case", CASE),
        ("--payment", f"{CASE}-1-1"),
    ],
)
def test_a_drill_in_either_direction_is_the_same_rows_as_csv_and_as_json(
    data: Path, tmp_path: Path, subject: tuple[str, ...]
) -> None:
    target = tmp_path / "drill.csv"

    found = asked(data, "audit", "drill", *subject, "--csv", str(target))

    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["level"] for row in rows] == [row["level"] for row in found["rows"]]
    for row, told in zip(rows, found["rows"], strict=True):
        amounts = {name: int(row[name]) for name in row if name.endswith("_cents") and row[name]}
        assert amounts == told["amounts"]
        assert (row["name"], row["day"], row["place"]) == (told["name"], told["day"], told["place"])
    assert (tmp_path / "drill.csv.sha256").exists()


def test_a_drill_at_the_same_positions_is_the_same_bytes_again(data: Path, tmp_path: Path) -> None:
    first, again = tmp_path / "first.json", tmp_path / "again.json"
    words = ("audit", "drill", "--programme", PROGRAMME, "--line", "ESF/2021", "-o")
    call(data, *words, str(first))
    followed = json.loads(first.read_text(encoding="utf-8"))["positions"]
    at = [word for name, n in followed.items() for word in ("--position", f"{name}/{n}")]

    call(data, *words, str(again), *at)

    assert first.read_bytes() == again.read_bytes()


@pytest.mark.parametrize(
    "words", [(), ("--case", CASE, "--order", "x"), ("--case", CASE, "--line", "ESF/2021")]
)
def test_a_drill_asks_for_one_subject(data: Path, words: tuple[str, ...]) -> None:
    assert call(data, "audit", "drill", *words).exit_code == 2


def test_the_change_log_has_what_governs_all_cases_with_who_laid_it_down(data: Path) -> None:
    found = asked(data, "audit", "changes")["events"]
    german = call(data, "audit", "changes")

    kinds = [entry["type"] for entry in found]
    assert kinds.index("intake.ProgrammeRegistered") < kinds.index("intake.CallOpened")
    assert "budgeting.BudgetLineOpened" in kinds
    assert not [kind for kind in kinds if "PaymentRun" in kind or "AccessRefused" in kind]
    assert all(entry["actor_id"] and entry["sentence"] for entry in found)
    assert "Festlegungen für alle Fälle" in german.output
    assert f"{found[0]['source']}/{found[0]['position']}" in german.output
