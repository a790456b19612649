"""Read record tables as they lie: CSV, gzip CSV, Parquet, Excel or a DuckDB file; nothing judged yet.

Every table arrives in the working database as ``raw_TABLE`` with the column ``source_row`` (1 = the first
row after the heading) and its columns as found. Text formats arrive as text, so that a wrong type
becomes a reported failure rather than a crash.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import gzip
import io
import re
import tempfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pandas as pd
import python_calamine

from features.failures import Failure, RecordsError, refusal
from features.schema import BY_NAME, RecordTable

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".xlsx")
WORKBOOKS = (".xlsx", ".duckdb", ".db")
"""Files that hold several tables."""
EXACT_DIGITS = 15
"""A spreadsheet rounds numbers of more digits."""
ENCODING_REMEDY = "Save it as UTF-8, or state its encoding under `encodings` in mapping.yaml."


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
    """Map each record table to the file that holds it.

    Raises
    ------
    RecordsError
        Where a table lies in two files, or no table is found.
    """
    if path.is_file() and path.suffix.lower() in WORKBOOKS:
        return dict.fromkeys(BY_NAME, path)
    if path.is_file():
        remedy = "Name the folder that holds the tables, a workbook (.xlsx) or a DuckDB file."
        raise RecordsError([refusal(str(path), "", "neither a folder nor a workbook", remedy)])
    found: dict[str, Path] = {}
    failures: list[Failure] = []
    for file in sorted(path.iterdir()):
        name = file.name.split(".")[0].lower()
        if name in BY_NAME and file.name.lower().endswith(SUFFIXES):
            if name in found:
                rule = f"two files: {found[name].name} and {file.name}"
                failures.append(refusal(name, "", rule, "Keep one of them."))
            found[name] = file
    if not found and (workbook := _only_workbook(path)):
        return dict.fromkeys(BY_NAME, workbook)
    if failures or not found:
        expected = f"no record table in {path}"
        remedy = (
            "Name files TABLE.csv, .csv.gz, .parquet or .xlsx, with TABLE one of "
            f"{', '.join(BY_NAME)}; or give a mapping (--mapping)."
        )
        raise RecordsError(failures or [refusal("firms", "", expected, remedy)])
    return found


def _only_workbook(path: Path) -> Path | None:
    books = [f for f in sorted(path.iterdir()) if f.suffix.lower() in WORKBOOKS]
    return books[0] if len(books) == 1 else None


def read_table(
    con: duckdb.DuckDBPyConnection,
    table: RecordTable,
    file: Path,
    scratch: Path,
    encoding: str = "utf-8",
) -> bool:
    """Read one table into ``raw_TABLE``; return False where a workbook or database lacks it."""
    suffix = file.suffix.lower()
    if suffix == ".xlsx":
        return _read_excel(con, table, file)
    if suffix in (".duckdb", ".db"):
        return _read_database(con, table, file)
    if suffix == ".parquet":
        source = f"read_parquet({literal(file)})"
        _keep(con, table.name, f"SELECT row_number() OVER () AS source_row, * FROM {source}", file)
        return True
    _read_csv(con, table.name, as_utf8(table.name, file, encoding, scratch), file)
    return True


def _keep(con: duckdb.DuckDBPyConnection, name: str, query: str, file: Path) -> None:
    try:
        con.execute(f"CREATE OR REPLACE TABLE raw_{name} AS {query}")
    except duckdb.Error as error:
        rule = f"{file.name} cannot be read: {str(error).splitlines()[0][:200]}"
        raise RecordsError([refusal(name, "", rule, "Export the file anew.")]) from error


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


def _open(file: Path) -> gzip.GzipFile:
    packed = file.suffix.lower() == ".gz"
    return gzip.open(file, "rb") if packed else file.open("rb")  # type: ignore[return-value]


def _heading(file: Path) -> str:
    with io.TextIOWrapper(_open(file), encoding="utf-8-sig") as text:
        return text.readline().rstrip("\n")


def as_utf8(name: str, file: Path, encoding: str, scratch: Path) -> Path:
    """Return `file` if it is UTF-8, else a copy in UTF-8 in the folder `scratch`.

    Raises
    ------
    RecordsError
        Where the bytes are not text of the stated encoding.
    """
    target = Path(tempfile.mkdtemp(dir=scratch)) / file.name.removesuffix(".gz")
    try:
        plain = codecs.lookup(encoding).name == "utf-8"
        with (
            _open(file) as source,
            io.TextIOWrapper(source, encoding=encoding, newline="") as text,
            target.open("w", encoding="utf-8", newline="") as copy,
        ):
            while block := text.read(1 << 20):
                if "\0" in block:
                    raise UnicodeError("it holds zero bytes, as UTF-16 and binary files do")
                if not plain:
                    copy.write(block)
    except (UnicodeError, LookupError) as error:
        rule = f"{file.name} is not {encoding}: {error}"
        raise RecordsError([refusal(name, "", rule, ENCODING_REMEDY)]) from error
    except (OSError, EOFError, zlib.error) as error:
        rule = f"{file.name} cannot be read: {error}"
        raise RecordsError([refusal(name, "", rule, "Export the file anew.")]) from error
    return file if plain else target


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


def _read_excel(con: duckdb.DuckDBPyConnection, table: RecordTable, file: Path) -> bool:
    try:
        book = python_calamine.CalamineWorkbook.from_path(file)
    except (python_calamine.CalamineError, OSError) as error:
        rule = f"{file.name} is no Excel workbook: {error}"
        raise RecordsError([refusal(table.name, "", rule, "Save it anew as .xlsx.")]) from error
    sheets = {name.strip().lower(): name for name in book.sheet_names}
    sheet = sheets.get(table.name)
    if sheet is None and file.name.split(".")[0].lower() == table.name:
        sheet = book.sheet_names[0]
    if sheet is None:
        return False
    rows = book.get_sheet_by_name(sheet).to_python()
    if not rows:
        remedy = "Write at least the heading."
        raise RecordsError([refusal(table.name, "", f"sheet {sheet} is empty", remedy)])
    names = _unique_names(table.name, [str(cell) for cell in rows[0]])
    _refuse_rounded_ids(table, names, rows[1:])
    write_rows(con, f"raw_{table.name}", names, rows[1:])
    return True


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


def _cell_text(cell: object) -> str | None:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    return None if cell in ("", None) else str(cell)


def write_rows(
    con: duckdb.DuckDBPyConnection, name: str, columns: list[str], rows: Iterable[Iterable[object]]
) -> None:
    """Write rows of cells as the text table `name`, numbered from 1; rows without any are left out."""
    cells = [[_cell_text(cell) for cell in row] for row in rows]
    frame = pd.DataFrame(cells, columns=columns, dtype=object)
    frame.insert(0, "source_row", range(1, len(frame) + 1))
    frame = frame[frame[columns].notna().any(axis=1)]
    con.register("incoming", frame)
    text = ", ".join(f"{quoted(c)}::VARCHAR AS {quoted(c)}" for c in columns)
    con.execute(
        f"CREATE OR REPLACE TABLE {quoted(name)} AS SELECT source_row, {text} FROM incoming"
    )
    con.unregister("incoming")


def read_folder(con: duckdb.DuckDBPyConnection, path: Path, scratch: Path) -> dict[str, str]:
    """Read every record table found in `path`; return the file that each came from.

    Raises
    ------
    RecordsError
        Naming every file that cannot be read.
    """
    origin: dict[str, str] = {}
    failures: dict[tuple[Path, str, str], Failure] = {}  # a broken workbook is one failure
    for name, file in find_tables(records_folder(path)).items():
        try:
            if read_table(con, BY_NAME[name], file, scratch):
                origin[name] = file.name
        except RecordsError as error:
            for failure in error.failures:
                failures.setdefault((file, failure.column, failure.rule), failure)
    if failures:
        raise RecordsError(list(failures.values()))
    return origin
