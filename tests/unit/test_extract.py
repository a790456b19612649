"""Which files of a folder are read: the broken beside the good, a database beside sheets, odd workbooks."""

from __future__ import annotations

from pathlib import Path

import duckdb
import openpyxl
import pytest

from features.failures import RecordsError
from features.quality import Quality
from features.records import open_records

FIRMS = "firm_id,name\nA,x\nB,y\n"
VISITS = "inspection_id,firm_id,inspected_on,violation\nV1,A,2020-01-02,0\n"
ENCRYPTED = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
)


def write(folder: Path, **tables: str) -> Path:
    """Write tables as CSV."""
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def database(file: Path) -> None:
    """Write a DuckDB file with two firms and a visit."""
    with duckdb.connect(file) as con:
        con.execute(
            "CREATE TABLE firms AS SELECT unnest(['A', 'B']) AS firm_id, 'of the database' AS name"
        )
        con.execute("CREATE TABLE inspections AS SELECT 'V1' AS inspection_id, 'A' AS firm_id, "
                    "DATE '2020-01-02' AS inspected_on, 0 AS violation")  # fmt: skip


def check(place: Path) -> Quality:
    """Return the report."""
    with open_records(place) as records:
        return records.quality


def refused(place: Path) -> str:
    """Return the message of the refusal."""
    with pytest.raises(RecordsError) as caught, open_records(place):
        pass
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(600), "photo.xlsx: left out, photo.xlsx is no Excel workbook"),
        (b"", "photo.xlsx: left out, photo.xlsx is no Excel workbook"),
        (ENCRYPTED, "photo.xlsx is protected by a password. Open it, take the password away"),
    ],
)
def test_an_unreadable_workbook_beside_all_tables_is_left_out(
    content: bytes, says: str, tmp_path: Path
) -> None:
    (write(tmp_path, firms=FIRMS, inspections=VISITS) / "photo.xlsx").write_bytes(content)
    quality = check(tmp_path)
    (line,) = quality.recognised
    assert says in line
    assert line in quality.as_json().replace("\\\\", "\\")


@pytest.mark.parametrize("name", ["行政处罚2020", "permits"])
def test_it_is_refused_where_its_name_says_a_table_that_nothing_else_holds(
    name: str, tmp_path: Path
) -> None:
    (write(tmp_path, firms=FIRMS, inspections=VISITS) / f"{name}.xlsx").write_bytes(ENCRYPTED)
    message = refused(tmp_path)
    assert f"{name}.xlsx is protected by a password" in message
    assert "save it anew" in message


def test_it_is_refused_where_a_needed_table_is_missing(tmp_path: Path) -> None:
    (write(tmp_path, firms=FIRMS) / "台账.xlsx").write_bytes(b"x")
    assert "台账.xlsx is no Excel workbook" in refused(tmp_path)


def test_a_database_is_read_where_no_other_file_holds_a_table(tmp_path: Path) -> None:
    database(tmp_path / "r.duckdb")
    book = openpyxl.Workbook()
    book.active.append(["note"])
    book.save(tmp_path / "notes.xlsx")
    quality = check(tmp_path)
    assert {t.file for t in quality.tables if t.file} == {"r.duckdb"}
    assert quality.recognised == ("notes.xlsx, sheet Sheet: left out, no known headings",)


def test_a_database_beside_tables_is_left_out_and_named(tmp_path: Path) -> None:
    database(write(tmp_path, firms=FIRMS, inspections=VISITS) / "r.duckdb")
    quality = check(tmp_path)
    assert {t.file for t in quality.tables if t.file} == {"firms.csv", "inspections.csv"}
    (line,) = quality.recognised
    assert line.startswith("r.duckdb: left out, other files hold the tables")
    assert {t.file for t in check(tmp_path / "r.duckdb").tables if t.file} == {"r.duckdb"}


def test_two_databases_are_refused(tmp_path: Path) -> None:
    database(tmp_path / "a.duckdb")
    database(tmp_path / "b.duckdb")
    assert "several DuckDB files: a.duckdb, b.duckdb; refused. Name the one" in refused(tmp_path)


def test_cells_merged_outside_the_data_and_charts(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "firms"
    for line in FIRMS.splitlines():
        book.active.append(line.split(","))
    book.active.merge_cells("Z1:Z3")
    book.active.merge_cells("A9:A12")
    visits = book.create_sheet("inspections")
    for line in VISITS.splitlines():
        visits.append(line.split(","))
    book.create_sheet("空").merge_cells("B1:B9")
    book.create_chartsheet("图")
    book.save(tmp_path / "extract.xlsx")
    assert [t.n_accepted for t in check(tmp_path).tables if t.file] == [2, 1]
