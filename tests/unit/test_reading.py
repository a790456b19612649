"""The same records from CSV, gzip, Parquet, Excel and DuckDB; encodings, delimiters, odd columns."""

from __future__ import annotations

import datetime as dt
import gzip
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pytest

from features.failures import RecordsError
from features.records import Records, open_records
from features.schema import BY_NAME

DAY = dt.date
FIRMS = pd.DataFrame({
    "firm_id": ["007", "F2", "F3", "F4"],
    "name": ["Alpha, Foods", "Beta\nMetals", '"Gamma"', "北京华盛"],
    "sector": ["C3110", None, "H6210", "H6210"],
    "registered_on": [DAY(2010, 1, 1), DAY(2011, 2, 3), None, DAY(2012, 3, 4)],
    "registered_capital": [1e6, 0.5, None, 250000.25],
    "employees": [1.0, 20.0, None, 3000.0],
})  # fmt: skip
INSPECTIONS = pd.DataFrame({
    "inspection_id": ["I1", "I2", "I3"],
    "firm_id": ["007", "F2", "007"],
    "inspected_on": [DAY(2020, 5, 1), DAY(2021, 6, 2), DAY(2022, 7, 3)],
    "selection": ["random", None, "complaint"],
    "violation": [1.0, 0.0, None],
    "harm": [2.5, None, None],
})  # fmt: skip
TABLES = {"firms": FIRMS, "inspections": INSPECTIONS}


def as_csv(folder: Path) -> Path:
    for name, table in TABLES.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def as_gzip(folder: Path) -> Path:
    for name, table in TABLES.items():
        text = table.to_csv(index=False).encode()
        (folder / f"{name}.csv.gz").write_bytes(gzip.compress(text))
    return folder


def as_capital_gzip(folder: Path) -> Path:
    for name, table in TABLES.items():
        text = table.to_csv(index=False).encode()
        (folder / f"{name.upper()}.CSV.GZ").write_bytes(gzip.compress(text))
    return folder


def as_tabs_with_mark(folder: Path) -> Path:
    for name, table in TABLES.items():
        text = table.to_csv(index=False, sep="\t", lineterminator="\r\n")
        (folder / f"{name}.csv").write_bytes(text.encode("utf-8-sig"))
    return folder


def as_parquet(folder: Path) -> Path:
    for name, table in TABLES.items():
        table.to_parquet(folder / f"{name}.parquet")
    return folder


def write_workbook(file: Path, tables: dict[str, pd.DataFrame]) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    for name, table in tables.items():
        sheet = book.create_sheet(name)
        sheet.append(list(table.columns))
        for row in table.astype(object).where(table.notna(), None).itertuples(index=False):
            sheet.append(list(row))
        sheet.append([" "])  # a row that only looks empty
        sheet["A9"] = None
    book.save(file)
    return file


def as_workbook(folder: Path) -> Path:
    return write_workbook(folder / "extract.xlsx", {k.capitalize(): v for k, v in TABLES.items()})


def as_folder_of_a_workbook(folder: Path) -> Path:
    return as_workbook(folder).parent


def as_workbook_a_table(folder: Path) -> Path:
    for name, table in TABLES.items():
        book = openpyxl.Workbook()
        book.active.append(list(table.columns))
        for row in table.astype(object).where(table.notna(), None).itertuples(index=False):
            book.active.append(list(row))
        book.save(folder / f"{name}.xlsx")
    return folder


def as_database(folder: Path) -> Path:
    file = folder / "extract.duckdb"
    with duckdb.connect(file) as con:
        con.execute('CREATE SCHEMA "an export"')
        con.register("f", FIRMS)
        con.execute('CREATE TABLE "an export"."Firms" AS SELECT * FROM f')
        con.register("i", INSPECTIONS)
        con.execute("CREATE TABLE inspections AS SELECT * FROM i")
    return file


def as_subfolder(folder: Path) -> Path:
    (folder / "records").mkdir()
    as_csv(folder / "records")
    return folder


FORMATS = [
    as_csv, as_gzip, as_capital_gzip, as_tabs_with_mark, as_parquet, as_workbook,
    as_folder_of_a_workbook, as_workbook_a_table, as_database, as_subfolder,
]  # fmt: skip


def contents(records: Records) -> dict[str, pd.DataFrame]:
    """Return every record table in the order of its key."""
    tables = {}
    for name, table in BY_NAME.items():
        frame = records.table(name).execute()
        tables[name] = frame.sort_values([*table.key, "recorded_on"], ignore_index=True)
    return tables


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, pd.DataFrame], object]:
    """The records read from plain CSV, and their fingerprints."""
    with open_records(as_csv(tmp_path_factory.mktemp("plain"))) as records:
        return contents(records), records.quality.fingerprint


@pytest.mark.parametrize("write", FORMATS[1:])
def test_every_format_gives_the_same_records(
    write: Callable[[Path], Path], tmp_path: Path, plain: tuple[dict[str, pd.DataFrame], object]
) -> None:
    with open_records(write(tmp_path)) as records:
        assert [str(f) for f in records.quality.failures if "empty" not in f.rule] == []
        found, fingerprint = contents(records), records.quality.fingerprint
    for name, table in plain[0].items():
        pd.testing.assert_frame_equal(found[name], table, check_dtype=False, obj=name)
    assert fingerprint == plain[1]


def test_what_was_read(plain: tuple[dict[str, pd.DataFrame], object]) -> None:
    firms = plain[0]["firms"].set_index("firm_id")
    assert list(firms.index) == ["007", "F2", "F3", "F4"]
    assert firms.name["F2"] == "Beta\nMetals"
    assert firms.registered_capital["F4"] == 250000.25
    assert pd.isna(firms.sector["F2"])
    assert firms.recorded_on.astype(str).tolist() == [
        "2010-01-01", "2011-02-03", "1900-01-01", "2012-03-04",
    ]  # fmt: skip
    assert firms.firm_key.tolist() == [0, 1, 2, 3]
    visits = plain[0]["inspections"].set_index("inspection_id")
    assert visits.firm_key.tolist() == [0, 1, 0]
    assert pd.isna(visits.violation["I3"])


def test_a_folder_with_signs_of_patterns(tmp_path: Path) -> None:
    for number, write in enumerate((as_csv, as_parquet, as_gzip)):
        folder = tmp_path / f"extract [2025] 'a*' {number}?"
        folder.mkdir()
        with open_records(write(folder)) as records:
            assert records.n_firms == 4


@pytest.mark.parametrize("extra", ["row", "rule", "action", "source_row", "firm key"])
def test_columns_of_any_name_may_be_there(extra: str, tmp_path: Path) -> None:
    FIRMS.assign(**{extra: "kept"}).to_csv(tmp_path / "firms.csv", index=False)
    bad = INSPECTIONS.assign(**{extra: "kept"})
    bad.loc[0, "violation"] = 7
    bad.to_csv(tmp_path / "inspections.csv", index=False)
    with open_records(tmp_path, rejected=tmp_path / "rejected") as records:
        assert int(records.table("inspections").count().execute()) == 2
    lines = (tmp_path / "rejected" / "inspections.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("row,column,rule,action,")
    assert "kept" in lines[1]


def test_sizes_of_blocks_and_many_rows(tmp_path: Path) -> None:
    """Row numbers follow the file also where it is read in parallel."""
    n = 200_000
    ids = pd.Series(range(n)).map("F{:06d}".format)
    firms = pd.DataFrame({"firm_id": ids, "name": "x" * 30, "employees": 1})
    firms.loc[[17, 123_456, n - 1], "employees"] = -1
    firms.to_csv(tmp_path / "firms.csv", index=False)
    INSPECTIONS.head(0).to_csv(tmp_path / "inspections.csv", index=False)
    with open_records(tmp_path, rejected=tmp_path / "rejected") as records:
        (failure,) = records.quality.failures
    assert failure.first_ids == ("F000017", "F123456", "F199999")
    rejected = pd.read_csv(tmp_path / "rejected" / "firms.csv")
    assert rejected.row.tolist() == [18, 123_457, n]


def test_rounded_numbers_of_a_spreadsheet_are_found_by_column(tmp_path: Path) -> None:
    firms = FIRMS.assign(firm_id=[1.5e15, 2.0, 3.0, 4.0], registered_capital=1e16)
    file = write_workbook(tmp_path / "extract.xlsx", {"firms": firms, "inspections": INSPECTIONS})
    with pytest.raises(RecordsError, match="rounded") as caught, open_records(file):
        pass
    assert [f.column for f in caught.value.failures] == ["firm_id"]


def test_an_address_without_psycopg_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with (
        pytest.raises(RecordsError, match="Install the extra `postgres`"),
        open_records("postgresql://reader@host/registry"),
    ):
        pass


def test_the_only_view_is_no_table(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "x.duckdb") as con:
        con.execute(
            "CREATE VIEW firms AS SELECT content AS firm_id FROM read_text('/etc/hostname')"
        )
    with pytest.raises(RecordsError, match="a view in"), open_records(tmp_path / "x.duckdb"):
        pass
