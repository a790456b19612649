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
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pandas as pd
import python_calamine

from features.failures import Failure, RecordsError, refusal
from features.schema import BY_NAME, RecordTable

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".xlsx")
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
    if path.is_file():
        return dict.fromkeys(BY_NAME, path)
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
    books = [f for f in sorted(path.iterdir()) if f.suffix.lower() in (".xlsx", ".duckdb", ".db")]
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
    try:
        heading = _heading(text)
    except (OSError, EOFError, UnicodeError) as error:
        rule = f"{file.name} cannot be read: {error}"
        raise RecordsError([refusal(name, "", rule, "Export the file anew.")]) from error
    if not heading.strip():
        remedy = "Write at least the heading."
        raise RecordsError([refusal(name, "", f"{file.name} is empty", remedy)])
    delimiter = max(",;\t|", key=heading.count)
    names = _unique_names(name, next(csv.reader([heading], delimiter=delimiter)))
    columns = ", ".join(f"{literal(n)}: 'VARCHAR'" for n in names)
    options = (
        f"header=true, delim={literal(delimiter)}, quote='\"', escape='\"', auto_detect=false, "
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


def _unique_names(table: str, names: list[str]) -> list[str]:
    clean = [name.strip().lstrip("\ufeff") or f"column{i}" for i, name in enumerate(names, 1)]
    twice = sorted({name for name in clean if [c.lower() for c in clean].count(name.lower()) > 1})
    if twice:
        raise RecordsError(
            [refusal(table, twice[0], "heading occurs twice", "Rename one of them.")]
        )
    return clean


def _open(file: Path) -> gzip.GzipFile:
    return gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb")  # type: ignore[return-value]


def _heading(file: Path) -> str:
    with _open(file) as stream:
        return stream.readline().decode("utf-8-sig").rstrip("\r\n")


def as_utf8(name: str, file: Path, encoding: str, scratch: Path) -> Path:
    """Return `file` if it is UTF-8, else a copy in UTF-8 in the folder `scratch`.

    Raises
    ------
    RecordsError
        Where the bytes are not of the stated encoding.
    """
    target = scratch / f"{file.name.removesuffix('.gz')}.utf8"
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        plain = codecs.lookup(encoding).name == "utf-8"
        with _open(file) as source, target.open("w", encoding="utf-8", newline="") as copy:
            while block := source.read(1 << 20):
                text = decoder.decode(block)
                if not plain:
                    copy.write(text)
            copy.write(decoder.decode(b"", final=True))
    except (UnicodeError, LookupError) as error:
        rule = f"{file.name} is not {encoding}: {error}"
        raise RecordsError([refusal(name, "", rule, ENCODING_REMEDY)]) from error
    except (OSError, EOFError) as error:
        rule = f"{file.name} cannot be read: {error}"
        raise RecordsError([refusal(name, "", rule, "Export the file anew.")]) from error
    return file if plain else target


def _read_database(con: duckdb.DuckDBPyConnection, table: RecordTable, file: Path) -> bool:
    try:
        con.execute(f"ATTACH IF NOT EXISTS {literal(file)} AS source (READ_ONLY)")
    except duckdb.Error as error:
        rule = f"{file.name} is no DuckDB file: {str(error).splitlines()[0][:200]}"
        raise RecordsError([refusal(table.name, "", rule, "Check the file.")]) from error
    names = con.execute(
        "SELECT table_schema || '.' || table_name FROM information_schema.tables "
        "WHERE table_catalog = 'source' AND lower(table_name) = ?",
        [table.name],
    ).fetchall()
    if names:
        query = f"SELECT row_number() OVER () AS source_row, * FROM source.{names[0][0]}"
        _keep(con, table.name, query, file)
    return bool(names)


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
    write_rows(con, f"raw_{table.name}", names, rows[1:])
    return True


def _cell_text(cell: object) -> str | None:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    return None if cell in ("", None) else str(cell)


def write_rows(
    con: duckdb.DuckDBPyConnection, name: str, columns: list[str], rows: Iterable[Iterable[object]]
) -> None:
    """Write rows of cells as the text table `name`, numbered from 1."""
    cells = [[_cell_text(cell) for cell in row] for row in rows]
    frame = pd.DataFrame(cells, columns=columns, dtype=object)
    frame.insert(0, "source_row", range(1, len(frame) + 1))
    con.register("incoming", frame)
    text = ", ".join(f"{quoted(c)}::VARCHAR AS {quoted(c)}" for c in columns)
    con.execute(
        f"CREATE OR REPLACE TABLE {quoted(name)} AS SELECT source_row, {text} FROM incoming"
    )
    con.unregister("incoming")


def read_folder(con: duckdb.DuckDBPyConnection, path: Path, scratch: Path) -> dict[str, str]:
    """Read every record table found in `path`; return the file that each came from."""
    files = find_tables(records_folder(path))
    return {
        name: file.name
        for name, file in files.items()
        if read_table(con, BY_NAME[name], file, scratch)
    }
