"""Read record tables as they lie: CSV, gzip CSV, Parquet, Excel or a DuckDB file; nothing judged yet.

Every table arrives in the working database as ``raw_TABLE`` with the column ``source_row`` (1 = the first
row after the heading) and its columns as found. Text formats arrive as text, so that a wrong type
becomes a reported failure rather than a crash.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import dropwhile
from pathlib import Path
from typing import NoReturn

import duckdb
import pandas as pd

from features.cells import text_of
from features.encodings import as_utf8, encoding_of, opened
from features.failures import Failure, RecordsError, refusal
from features.schema import BY_NAME, RecordTable
from features.sheets import WORKBOOK, Sheet

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".xlsx")
DATABASES = (".duckdb", ".db")
TEXTS_AT_ONCE = 200_000
EXACT_DIGITS = 15
"""A spreadsheet rounds numbers of more digits."""


def quoted(name: str) -> str:
    """Return an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """Return an SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def records_folder(path: Path) -> Path:
    """Return the folder or file that holds the tables: `path`, or its subfolder ``records``."""
    if not path.exists():
        raise RecordsError([refusal(str(path), "", "no such file or folder", "Check the path.")])
    return path / "records" if (path / "records").is_dir() else path


def find_tables(path: Path) -> dict[str, Path]:
    """Map record tables to the files that are named after them; to `path` if it is a DuckDB file.

    Raises
    ------
    RecordsError
        Where a table lies in two files, or `path` is a file that holds no tables.
    """
    if path.is_file() and path.suffix.lower() in DATABASES:
        return dict.fromkeys(BY_NAME, path)
    if path.is_file() and path.suffix.lower() not in WORKBOOK:
        remedy = "Name the folder that holds the tables, a workbook (.xlsx) or a DuckDB file."
        raise RecordsError([refusal(str(path), "", "neither a folder nor a workbook", remedy)])
    found: dict[str, Path] = {}
    failures: list[Failure] = []
    for file in sorted(path.iterdir()) if path.is_dir() else ():
        name = file.name.split(".")[0].lower()
        if name in BY_NAME and file.name.lower().endswith(SUFFIXES):
            if name in found:
                rule = f"two files: {found[name].name} and {file.name}"
                failures.append(refusal(name, "", rule, "Keep one of them."))
            found[name] = file
    if failures:
        raise RecordsError(failures)
    return found


def databases_in(folder: Path) -> list[Path]:
    """Return the DuckDB files of a folder: one is read where no other file holds a table."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [file for file in files if file.is_file() and file.suffix.lower() in DATABASES]


def refuse_nothing(path: Path) -> NoReturn:
    """Refuse a place where no record table was found.

    Raises
    ------
    RecordsError
        Always.
    """
    remedy = (
        "Name files TABLE.csv, .csv.gz, .parquet or .xlsx, with TABLE one of "
        f"{', '.join(BY_NAME)}; or keep the usual Chinese headings (configs/headings.yaml); "
        "or give a mapping (--mapping; risk-index mapping init proposes one)."
    )
    raise RecordsError([refusal("firms", "", f"no record table in {path}", remedy)])


def read_table(
    con: duckdb.DuckDBPyConnection,
    table: RecordTable,
    file: Path,
    scratch: Path,
) -> bool:
    """Read one table into ``raw_TABLE``; return False where a database lacks it."""
    suffix = file.suffix.lower()
    if suffix in DATABASES:
        return _read_database(con, table, file)
    if suffix == ".parquet":
        source = f"read_parquet({literal(file)}, file_row_number = true)"
        rows = (
            f"SELECT file_row_number + 1 AS source_row, * EXCLUDE (file_row_number) FROM {source}"
        )
        _keep(con, table.name, rows, file, "VIEW")
        return True
    text = as_utf8(table.name, file, encoding_of(file), scratch)
    _read_csv(con, table.name, text, file)
    return True


def _keep(
    con: duckdb.DuckDBPyConnection, name: str, query: str, file: Path, kind: str = "TABLE"
) -> None:
    try:
        con.execute(f"CREATE OR REPLACE {kind} raw_{name} AS {query}")
    except duckdb.Error as error:
        raise unreadable_file(name, file.name, error) from error


def unreadable_file(table: str, file: str, error: duckdb.Error) -> RecordsError:
    """Return the refusal of a file that breaks off."""
    rule = f"{file} cannot be read: {str(error).splitlines()[0][:200]}"
    return RecordsError([refusal(table, "", rule, "Export the file anew.")])


def in_portions(con: duckdb.DuckDBPyConnection, texts: str) -> Iterator[list[str]]:
    """Yield the one column of a query in lists of bounded length, while the database is free for others."""
    with con.cursor() as apart:
        found = apart.execute(texts)
        while rows := found.fetchmany(TEXTS_AT_ONCE):
            yield [row[0] for row in rows]


def kind_of(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """Return what stands under a name of the database: a VIEW or a TABLE."""
    found = con.execute("SELECT 1 FROM duckdb_views() WHERE view_name = ?", [name]).fetchall()
    return "VIEW" if found else "TABLE"


def _read_csv(con: duckdb.DuckDBPyConnection, name: str, text: Path, file: Path) -> None:
    heading = _heading(text)
    if not heading.strip():
        remedy = "Write at least the heading."
        raise RecordsError([refusal(name, "", f"{file.name} is empty", remedy)])
    delimiter = max(",;\t|", key=heading.count)
    names = _unique_names(name, next(csv.reader(io.StringIO(heading), delimiter=delimiter)))
    columns = ", ".join(f"{literal(n)}: 'VARCHAR'" for n in names)
    options = (
        f"header=true, delim={literal(delimiter)}, quote='\"', escape='\"', auto_detect=false, "
        f"compression='{'gzip' if text.suffix.lower() == '.gz' else 'none'}', "
        f"columns={{{columns}}}, store_rejects=true, rejects_table='malformed', "
        "rejects_scan='malformed_scans', rejects_limit=0, null_padding=false"
    )
    con.execute("DROP TABLE IF EXISTS malformed; DROP TABLE IF EXISTS malformed_scans")
    query = (
        f"SELECT row_number() OVER () AS source_row, * FROM read_csv({literal(text)}, {options})"
    )
    _keep(con, name, query, file)
    con.execute(
        f"CREATE OR REPLACE TABLE malformed_{name} AS SELECT DISTINCT ON (line) line, "
        "error_message, csv_line FROM malformed ORDER BY line"
    )
    _refuse_swallowed_lines(con, name, names, delimiter)


def _refuse_swallowed_lines(
    con: duckdb.DuckDBPyConnection, name: str, names: list[str], delimiter: str
) -> None:
    """Refuse a file where whole lines lie within one cell, behind a quote that was not closed."""
    mark = f"[^\\n{re.escape(delimiter)}]*"
    inner = literal(f"\\n{mark}({re.escape(delimiter)}{mark}){{{len(names) - 1}}}\\n")
    found = con.execute(
        "SELECT DISTINCT 'line ' || line, line FROM malformed WHERE error_type::VARCHAR IN "
        "('UNQUOTED VALUE', 'LINE SIZE OVER MAXIMUM') "
        f"OR regexp_matches(csv_line, {inner}) ORDER BY line"
    ).fetchall()
    if len(names) > 1 and not found:
        holds = " OR ".join(
            f"contains({cell}, chr(10)) AND regexp_matches({cell}, {inner})"
            for cell in map(quoted, names)
        )
        query = f"SELECT 'row ' || source_row FROM raw_{name} WHERE {holds} ORDER BY source_row"
        found = con.execute(query).fetchall()
    if found:
        rule = "a quote that is not closed; the lines after it cannot be told apart"
        remedy = "Close the quote, and double quotes within text."
        ids = tuple(str(row[0]) for row in found[:3])
        raise RecordsError([refusal(name, "", rule, remedy, len(found), ids)])


def _unique_names(table: str, names: list[str]) -> list[str]:
    clean = [name.strip().lstrip("\ufeff") or f"column{i}" for i, name in enumerate(names, 1)]
    clean = ["their source_row" if name.lower() == "source_row" else name for name in clean]
    twice = sorted({name for name in clean if [c.lower() for c in clean].count(name.lower()) > 1})
    if twice:
        raise RecordsError(
            [refusal(table, twice[0], "heading occurs twice", "Rename one of them.")]
        )
    return clean


def _heading(file: Path) -> str:
    with io.TextIOWrapper(opened(file), encoding="utf-8-sig") as text:
        return text.readline().rstrip("\n")


def _read_database(con: duckdb.DuckDBPyConnection, table: RecordTable, file: Path) -> bool:
    try:
        con.execute(f"ATTACH IF NOT EXISTS {literal(file)} AS source (READ_ONLY, TYPE duckdb)")
    except duckdb.Error as error:
        rule = f"{file.name} is no DuckDB file: {str(error).splitlines()[0][:200]}"
        raise RecordsError([refusal(table.name, "", rule, "Check the file.")]) from error
    found = con.execute(
        "SELECT table_schema, table_name, table_type FROM information_schema.tables "
        "WHERE table_catalog = 'source' AND lower(table_name) = ? ORDER BY ALL", [table.name]
    ).fetchall()  # fmt: skip
    for schema, name, kind in found[:1]:
        if kind != "BASE TABLE":
            remedy = f"Write it as a table (CREATE TABLE {name} AS ...), or give a mapping."
            raise RecordsError([refusal(table.name, "", f"a view in {file.name}", remedy)])
        place = f"source.{quoted(schema)}.{quoted(name)}"
        _keep(con, table.name, f"SELECT row_number() OVER () AS source_row, * FROM {place}", file)
    return bool(found)


def read_sheet(con: duckdb.DuckDBPyConnection, table: RecordTable, sheet: Sheet) -> None:
    """Read a workbook's sheet, its heading in the first row that is not empty, into ``raw_TABLE``."""
    rows = list(dropwhile(lambda row: not any(map(text_of, row)), sheet.rows))
    if not rows:
        remedy = "Write at least the heading."
        raise RecordsError([refusal(table.name, "", f"sheet {sheet.name} is empty", remedy)])
    names = _unique_names(table.name, [str(cell) for cell in rows[0]])
    _refuse_rounded_ids(table, names, rows[1:])
    frame = pd.DataFrame(
        [[text_of(c) or None for c in row] for row in rows[1:]], columns=names, dtype=object
    )
    frame.insert(0, "source_row", range(1, len(frame) + 1))
    write_frame(con, f"raw_{table.name}", frame[frame[names].notna().any(axis=1)])


def _refuse_rounded_ids(table: RecordTable, names: list[str],
                        rows: Sequence[Sequence[object]]) -> None:  # fmt: skip
    """Refuse long identifiers kept as numbers: the spreadsheet has lost their last digits."""
    failures = []
    for place, name in enumerate(names):
        found = [row[place] for row in rows
                 if isinstance(row[place], int | float) and abs(row[place]) >= 10**EXACT_DIGITS]  # type: ignore[arg-type]  # fmt: skip
        if found and any(c.name == name.lower() and c.kind == "text" for c in table.columns):
            rule = f"number of more than {EXACT_DIGITS} digits, which the spreadsheet has rounded"
            remedy = "Export the column anew as text, from where it was not rounded."
            ids = tuple(f"{cell:.0f}" for cell in found[:3])
            failures.append(refusal(table.name, name, rule, remedy, len(found), ids))
    if failures:
        raise RecordsError(failures)


def write_frame(con: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    """Write a frame as the table `name`: ``source_row``, all other columns as text."""
    con.register("incoming", frame)
    columns = [c for c in frame.columns if c != "source_row"]
    text = ", ".join(f"{quoted(c)}::VARCHAR AS {quoted(c)}" for c in columns)
    con.execute(
        f"CREATE OR REPLACE TABLE {quoted(name)} AS SELECT source_row, {text} FROM incoming"
    )
    con.unregister("incoming")
