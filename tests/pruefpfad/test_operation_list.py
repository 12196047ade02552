"""A published list becomes applications; what is broken in it is named and costs nothing else."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from grant_contracts.intake_commands import SubmitApplication
from grant_contracts.personal import AccountInClear
from grant_values.money import parse_euro
from pruefpfad.sources.list_mapping import ListMapping, read_mapping
from pruefpfad.sources.list_row import Row, payload_of
from pruefpfad.sources.operation_list import BrokenRow, ListedOperation, read_list
from support.personal import as_sealed

EXAMPLE = Path(__file__).parents[2] / "examples" / "esf-nrw-2014-2020"
MAPPING = (EXAMPLE / "mapping.toml").read_text(encoding="utf-8")
HEADER = (
    "row_no,beneficiary_key,beneficiary_name,beneficiary_class,operation_name,operation_summary,"
    "start_date,end_date,total_eligible_eur,eu_cofinancing_rate,postcode,city,land_text,"
    "category_code"
)
NRW = '"Deutschland, Nordrhein-Westfalen"'
ROW = (
    f"{{number}},B000001,Verein e.V.,organisation,4.1 Jugend,Werkstatt,2015-01-15,2015-06-27,"
    f"{{eligible}},0.5,45127,Essen,{NRW},109"
)


def a_row(number: object = 10, eligible: str = "945.01") -> str:
    return ROW.format(number=number, eligible=eligible)


def rows_of(
    path: Path, mapping: ListMapping | None = None, **options: Any
) -> Iterator[ListedOperation | BrokenRow]:
    mapping = mapping or read_mapping(MAPPING)
    return read_list(path, mapping, programme="esf-nrw-2014-2020", call="list", **options)


def a_list(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "list.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def published() -> list[ListedOperation]:
    rows = list(rows_of(EXAMPLE / "operations.csv.gz"))
    assert not [row for row in rows if isinstance(row, BrokenRow)]
    return [row for row in rows if isinstance(row, ListedOperation)]


def _repeats(rows: list[ListedOperation]) -> int:
    return sum(count - 1 for count in Counter(row.fingerprint for row in rows).values())


def _early(rows: list[ListedOperation]) -> int:
    return sum(row.payload["operation"]["starts_on"] < "2014-01-01" for row in rows)


def test_the_published_list_is_read_whole_and_to_the_cent(
    published: list[ListedOperation],
) -> None:
    assert len(published) == 19_389
    assert sum(parse_euro(row.payload["plan"]["eligible"]) for row in published) == 38_680_499_107
    assert _repeats(published) == 204
    assert _early(published) == 62


def test_without_the_education_vouchers_2985_operations_remain() -> None:
    rows = [
        row
        for row in rows_of(EXAMPLE / "operations.csv.gz", leave_out=["3.2."])
        if isinstance(row, ListedOperation)
    ]

    assert (len(rows), _repeats(rows), _early(rows)) == (2_985, 32, 1)


def test_every_row_of_the_list_adds_up_and_has_its_own_reference(
    published: list[ListedOperation],
) -> None:
    assert len({row.reference for row in published}) == len(published)
    for row in published:
        plan = {name: parse_euro(text) for name, text in row.payload["plan"].items()}
        assert plan["requested"] == plan["eligible"] // 2
        assert plan["eligible"] == plan["requested"] + plan["own"] + plan["others"]


def test_a_row_is_a_command_that_intake_understands(published: list[ListedOperation]) -> None:
    for row in published[::100]:
        loaded = SubmitApplication().load(as_sealed(row.payload))
        assert loaded["operation"].number == row.number
        assert AccountInClear().load(row.payload["payee"])["invented"]


def test_one_beneficiary_has_one_account(published: list[ListedOperation]) -> None:
    accounts = {
        (row.payload["applicant"]["key"], row.payload["payee"]["iban"]) for row in published
    }

    assert len({key for key, _ in accounts}) == 7_042
    assert len({iban for _, iban in accounts}) == len(accounts) == 7_042


def test_no_payee_has_a_name_that_a_bank_would_cut_off(published: list[ListedOperation]) -> None:
    names = {row.payload["payee"]["name"]: row.payload["applicant"]["name"] for row in published}

    replaced = [name for name, real in names.items() if real and name != real]
    assert replaced
    assert all(name.startswith("Beneficiary B") for name in replaced)
    assert max(len(name) for name in names) <= 70


def test_the_first_row_is_read_as_it_stands_in_the_list(published: list[ListedOperation]) -> None:
    first = published[0]

    assert (first.number, first.reference) == (10, "ESF1420-000010")
    assert first.payload["applicant"]["name"] is None
    assert first.payload["applicant"]["land"] == "DE-BY"
    assert first.payload["received_at"] == "2014-12-16T08:00:00Z"
    assert first.payload["payee"]["name"] == "Name nicht veröffentlicht B074984"
    assert first.payload["fingerprint"] == first.fingerprint


def test_reading_a_list_twice_gives_the_same(tmp_path: Path) -> None:
    path = a_list(tmp_path, a_row(10), a_row(11))

    assert list(rows_of(path)) == list(rows_of(path))


def test_the_odd_cent_is_not_asked_for(tmp_path: Path) -> None:
    [row] = rows_of(a_list(tmp_path, a_row(eligible="945.01")))

    assert isinstance(row, ListedOperation)
    assert row.payload["plan"] == {
        "eligible": "945.01",
        "requested": "472.50",
        "own": "0.00",
        "others": "472.51",
    }


def test_rows_that_differ_in_the_number_alone_have_one_fingerprint(tmp_path: Path) -> None:
    path = a_list(tmp_path, a_row(10), a_row(11), a_row(12, eligible="945.02"))

    first, repeat, other = (row.fingerprint for row in rows_of(path))  # type: ignore[union-attr]
    assert first == repeat != other


def test_text_that_moves_from_one_cell_to_the_next_changes_the_fingerprint(
    tmp_path: Path,
) -> None:
    moved = a_row(11).replace("45127,Essen", "4512,7Essen")

    first, other = rows_of(a_list(tmp_path, a_row(10), moved))

    assert first.fingerprint != other.fingerprint  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("broken", "field", "expected"),
    [
        (a_row(eligible="945.013"), "total_eligible_eur", "at most two decimals"),
        (a_row(eligible="-5.00"), "total_eligible_eur", "an amount"),
        (a_row(eligible="1e3"), "total_eligible_eur", "an amount"),
        (a_row().replace("2015-01-15", "15.01.2015"), "start_date", "%Y-%m-%d"),
        (a_row().replace("2015-06-27", "2015-06-31"), "end_date", "%Y-%m-%d"),
        (a_row().replace("2015-01-15", "0001-01-15"), "start_date", "a year from 1950"),
        (a_row().replace(",0.5,", ",50 %,"), "eu_cofinancing_rate", "a rate from 0 to 1"),
        (a_row().replace("organisation", "club"), "beneficiary_class", "legal_entity"),
        (a_row().replace(NRW, "Atlantis"), "land_text", "'Atlantis'"),
        (a_row().replace("Werkstatt", " "), "operation_summary", "some text"),
        (a_row().replace("B000001", "key"), "applicant_key", "digits in the key"),
        (a_row() + ",more", "row", "14 cells, not 15"),
        (a_row().replace("Werkstatt", '"Werkstatt'), "row", "CSV on one line"),
    ],
)
def test_a_broken_row_in_the_middle_is_named_and_the_others_are_not_lost(
    tmp_path: Path, broken: str, field: str, expected: str
) -> None:
    before, found, after = rows_of(a_list(tmp_path, a_row(9), broken, a_row(11)))

    assert isinstance(before, ListedOperation)
    assert isinstance(after, ListedOperation)
    assert isinstance(found, BrokenRow)
    assert (found.line, found.field) == (3, field)
    assert found.number == (10 if field != "row" else None)
    assert expected in found.expected


@pytest.mark.parametrize("number", ["", "ten", "-1", "0", "1234567", "1.0"])
def test_a_number_out_of_form_is_a_broken_row(tmp_path: Path, number: str) -> None:
    [found] = rows_of(a_list(tmp_path, a_row(number)))

    assert found == BrokenRow(
        None, 2, "row_no", "expected a whole number from 1, of at most 6 digits"
    )


def test_the_second_row_of_a_number_is_broken_not_the_first(tmp_path: Path) -> None:
    first, second = rows_of(a_list(tmp_path, a_row(10), a_row(10, eligible="1.00")))

    assert isinstance(first, ListedOperation)
    assert isinstance(second, BrokenRow)
    assert "stands on line 2 already" in second.expected


def test_a_missing_column_is_refused_before_any_row(tmp_path: Path) -> None:
    path = a_list(tmp_path, a_row(), header=HEADER.replace("total_eligible_eur", "amount"))

    with pytest.raises(ValidationError) as refusal:
        rows_of(path)

    [(column, [message])] = refusal.value.normalized_messages().items()
    assert column == "total_eligible_eur"
    assert message.startswith("expected this column; found row_no, beneficiary_key")
    assert "amount" in message


def test_a_column_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"city.*expected this column once"):
        rows_of(a_list(tmp_path, header=HEADER + ",city"))


def test_an_empty_file_lacks_every_column(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(b"")

    with pytest.raises(ValidationError, match="found none"):
        rows_of(tmp_path / "list.csv")


def test_a_wrong_encoding_is_refused_with_line_and_byte_before_any_row(tmp_path: Path) -> None:
    path = a_list(tmp_path, a_row(10))
    whole = path.read_bytes()
    path.write_bytes(whole + a_row(11).replace("Verein", "Büro").encode("cp1252"))
    byte = len(whole) + len("11,B000001,B") + 1

    with pytest.raises(ValidationError, match=rf"expected utf-8: line 3, byte {byte} .*0xfc"):
        rows_of(path)


def test_a_list_in_another_encoding_needs_only_another_mapping(tmp_path: Path) -> None:
    changed = MAPPING
    for old, new in [
        ('encoding = "utf-8"', 'encoding = "cp1252"'),
        ('delimiter = ","', 'delimiter = ";"'),
        ('"%Y-%m-%d"', '"%d.%m.%Y"'),
        ('decimal_mark = "."', 'decimal_mark = ","'),
        ('thousands_mark = ""', 'thousands_mark = "."'),
        ('account_from = "digits"', 'account_from = "hash"'),
    ]:
        assert old in changed
        changed = changed.replace(old, new)
    row = (
        "10;Büro;Büro e.V.;organisation;4.1;Werkstatt;15.01.2015;27.06.2015;1.234.567,89;0,5;"
        "45127;Essen;Deutschland, Nordrhein-Westfalen;109"
    )
    path = tmp_path / "list.csv"
    path.write_bytes(f"{HEADER.replace(',', ';')}\r\n{row}\r\n".encode("cp1252"))

    [read] = rows_of(path, read_mapping(changed))

    assert isinstance(read, ListedOperation)
    assert read.payload["applicant"]["name"] == "Büro e.V."
    assert read.payload["operation"]["starts_on"] == "2015-01-15"
    assert read.payload["plan"]["requested"] == "617283.94"
    assert SubmitApplication().load(as_sealed(read.payload))
    assert read.payload["payee"]["iban"].startswith("DE")


def test_a_packed_list_that_breaks_off_is_refused_before_any_row(tmp_path: Path) -> None:
    path = tmp_path / "list.csv.gz"
    packed = gzip.compress("\n".join([HEADER, *map(a_row, range(1, 200))]).encode())
    path.write_bytes(packed[: len(packed) // 2])

    with pytest.raises(ValidationError, match="expected a whole gzip file"):
        rows_of(path)


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = a_list(tmp_path, "x" * 1_000_001)

    with pytest.raises(ValidationError, match="at most 1000000 bytes in a line: line 2"):
        rows_of(path)


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    path = a_list(tmp_path, a_row(10), "", a_row(11), header="\ufeff" + HEADER)

    assert [row.number for row in rows_of(path)] == [10, 11]


@given(st.integers(min_value=0, max_value=10**15 - 1))
def test_the_parts_of_a_plan_add_up_whatever_the_amount(cents: int) -> None:
    cells = dict(zip(HEADER.split(","), a_row(1).replace(NRW, "NRW").split(","), strict=True))
    cells |= {"land_text": "Luxemburg", "total_eligible_eur": f"{cents // 100}.{cents % 100:02d}"}

    plan = payload_of(Row(cells, read_mapping(MAPPING)))["plan"]

    parts = [parse_euro(plan[part]) for part in ("requested", "own", "others")]
    assert sum(parts) == parse_euro(plan["eligible"]) == cents
    assert parts[0] == cents // 2
