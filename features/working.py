"""Tables of our own in the working database, beside those of the records."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import pandas as pd
import pyarrow as pa
from ibis.backends.sql import SQLBackend

from features.reading import quoted

DUCKDB = "duckdb"


def written(con: SQLBackend, name: str, rows: pd.DataFrame, types: Mapping[str, str]) -> ibis.Table:
    """Write rows as a table whose name begins with `name` and is its own: no other is written over."""
    memtable = ibis.memtable(rows, schema=types)
    table = con.create_table(ibis.util.gen_name(name), memtable)
    if con.name == DUCKDB:  # where Ibis would keep the rows until the process ends
        con.con.unregister(memtable.get_name())
    return table


def fetched(con: SQLBackend, sql: str) -> pa.Table:
    """Run a query on DuckDB by way of a table: fetched at once, it would be bound twice."""
    found = ibis.util.gen_name("found")
    con.con.execute(f"CREATE TEMP TABLE {found} AS {sql}")
    rows = con.con.sql(f"FROM {found}").to_arrow_table()
    con.con.execute(f"DROP TABLE {found}")
    return rows


def drop(*tables: ibis.Table) -> None:
    """Drop tables that have done their work."""
    for table in tables:
        table.get_backend().raw_sql(f"DROP TABLE {quoted(table.op().name)}")
