"""The same features in handwritten DuckDB SQL: `load.sql`, `rates.sql` and `matrix.sql`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.matrix.compared import Features
from features.reading import literal
from risk_index.settings import load_sectors

HERE = Path(__file__).parent


@contextmanager
def opened(records: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Read the Parquet files into tables of a database in memory."""
    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    con.execute(f"SET VARIABLE folder = {literal(records)}")
    con.execute((HERE / "load.sql").read_text(encoding="utf-8"))
    con.execute("CREATE TABLE guide (code VARCHAR, hazard_class INTEGER, kinds VARCHAR[])")
    guide = [[e.code, e.hazard_class, list(e.required_permits)] for e in load_sectors()]
    con.executemany("INSERT INTO guide VALUES (?, ?, ?)", guide)
    try:
        yield con
    finally:
        con.close()


def computed(
    con: duckdb.DuckDBPyConnection, as_of: pd.Timestamp, features: Features
) -> Iterator[pd.DataFrame]:
    """Yield the matrix of all open firms, one float32 column a feature."""
    con.execute(f"SET VARIABLE as_of = DATE '{as_of.date()}'")
    con.execute((HERE / "rates.sql").read_text(encoding="utf-8"))
    query = (HERE / "matrix.sql").read_text(encoding="utf-8")
    columns = ", ".join(
        f"coalesce({f.name}, {_none(f.if_none)})::FLOAT AS {f.name}" for f in features
    )
    found = con.execute(f"SELECT firm_key, {columns} FROM ({query})", {"as_of": as_of.date()})
    yield found.df()


def _none(value: float) -> str:
    return f"{value}::DOUBLE" if value == value else "NULL"
