"""A checked registry on disk: its accepted records as Parquet in the order of the firms.

What is stored is opened at once, without another check. Firms have their numbers, and every table lies in the
order of them in groups of rows, so that a batch of firms reads its own groups alone.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import duckdb

import features
from features.failures import RecordsError, refusal
from features.reading import literal
from features.schema import TABLES

REGISTRY, MARK = "registry", "registry.json"
FIRM_KEYS = "firm_keys"
ROWS_OF_A_GROUP = 122_880


def is_stored(path: Path) -> bool:
    """Tell whether a folder holds a registry that was checked and stored."""
    return (path / REGISTRY / MARK).is_file()


def store(con: duckdb.DuckDBPyConnection, table: str, folder: Path) -> None:
    """Move a table of the working database into a folder; it is read from there from now on."""
    file = folder / f"{table}.parquet"
    how = f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_OF_A_GROUP})"
    con.execute(f"COPY (FROM {table}) TO {literal(file)} {how}")
    con.execute(f"DROP TABLE {table}")
    show(con, table, folder)


def finish(folder: Path, quality: dict[str, Any]) -> None:
    """Write what makes the stored tables a registry: the report of their check, and who checked them."""
    text = json.dumps({"checked_by": program(), "quality": quality}, ensure_ascii=False, indent=1)
    (folder / MARK).write_text(text, encoding="utf-8")


def reopen(con: duckdb.DuckDBPyConnection, path: Path) -> dict[str, Any]:
    """Show the stored tables in a database, and return the report of their check.

    Raises
    ------
    RecordsError
        Where another version of the program stored them, one of them is missing, or their report is broken.
    """
    folder = path / REGISTRY
    remedy = "Check the records again with --keep."
    try:
        found = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except ValueError as error:
        rule = f"{folder / MARK} cannot be read: {error}"
        raise RecordsError([refusal("firms", "", rule, remedy)]) from error
    names = [FIRM_KEYS, *(table.name for table in TABLES)]
    missing = [name for name in names if not (folder / f"{name}.parquet").is_file()]
    if missing:
        rule = f"{path}: the stored registry lacks {missing[0]}.parquet"
        raise RecordsError([refusal(missing[0], "", rule, remedy)])
    if found["checked_by"] != program():
        rule = f"{path} was stored by another version of the program, whose rules may differ"
        raise RecordsError([refusal("firms", "", rule, remedy)])
    for name in names:
        show(con, name, folder)
    quality: dict[str, Any] = found["quality"]
    return quality


def show(con: duckdb.DuckDBPyConnection, table: str, folder: Path) -> None:
    """Make a stored table a view of a database."""
    file = literal(folder.resolve() / f"{table}.parquet")
    con.execute(f"CREATE VIEW {table} AS FROM read_parquet({file})")


def program() -> str:
    """Return the hash of what checks: this package's own text."""
    text = hashlib.sha256()
    for file in sorted(Path(str(features.__file__)).parent.glob("*.py")):
        text.update(file.read_bytes())
    return text.hexdigest()[:16]
