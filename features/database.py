"""The record tables of a PostgreSQL database, read in one transaction that can change nothing.

Tables and views of the search path are read that are named after a record table. psycopg is an extra of
the project (``postgres``); nothing else needs it.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb

from features.failures import RecordsError, refusal
from features.reading import read_table
from features.schema import BY_NAME

SCHEMES = ("postgresql://", "postgres://")
_TABLES = """
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_schema = ANY (current_schemas(false)) AND lower(table_name) = ANY (%s)
ORDER BY array_position(current_schemas(false), table_schema), table_name
"""
_COLUMNS = """
SELECT column_name, data_type FROM information_schema.columns
WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position
"""


def is_database(place: Path | str) -> bool:
    """Tell whether `place` is the address of a database.

    >>> is_database("postgresql://reader@host/records"), is_database("records")
    (True, False)
    """
    return isinstance(place, str) and place.startswith(SCHEMES)


def read_database(con: duckdb.DuckDBPyConnection, address: str, scratch: Path) -> dict[str, str]:
    """Read every record table into ``raw_TABLE``; return where each came from.

    Raises
    ------
    RecordsError
        Where psycopg is missing, the database cannot be reached or read, or holds a table twice.
    """
    psycopg = _psycopg()
    try:
        with psycopg.connect(address, connect_timeout=10) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.execute("SET datestyle TO ISO")
            places = _places(connection)
            for table, place in places.items():
                file = scratch / f"{table}.csv"
                _copy(connection, psycopg, place, file)
                read_table(con, BY_NAME[table], file, scratch)
                file.unlink()
    except psycopg.Error as error:
        rule = f"the database cannot be read: {' '.join(str(error).split())[:300]}"
        remedy = "Check address, rights (SELECT is enough) and password (PGPASSWORD or ~/.pgpass)."
        raise RecordsError([refusal("firms", "", rule, remedy)]) from error
    return {table: f"postgresql {'.'.join(place)}" for table, place in places.items()}


def _psycopg() -> ModuleType:
    try:
        import psycopg
    except ImportError as error:
        remedy = "Install the extra `postgres` (psycopg), or export the tables as Parquet."
        raise RecordsError([refusal("firms", "", "psycopg is not installed", remedy)]) from error
    return psycopg


def _places(connection: Any) -> dict[str, tuple[str, str]]:
    """Map record tables to schema and name."""
    found: dict[str, list[tuple[str, str]]] = {}
    for schema, name in connection.execute(_TABLES, [list(BY_NAME)]).fetchall():
        found.setdefault(name.lower(), []).append((schema, name))
    twice = {table: places for table, places in found.items() if len(places) > 1}
    if twice:
        remedy = "Name one schema: ?options=-csearch_path%3DSCHEMA"
        rules = {t: " and ".join(".".join(p) for p in places[:2]) for t, places in twice.items()}
        raise RecordsError([refusal(t, "", f"two tables: {r}", remedy) for t, r in rules.items()])
    if not found:
        rule = "no record table in the search path of the database"
        remedy = f"Make tables or views {', '.join(BY_NAME)}, or name their schema in the address."
        raise RecordsError([refusal("firms", "", rule, remedy)])
    return {table: places[0] for table, places in found.items()}


def _copy(connection: Any, psycopg: ModuleType, place: tuple[str, str], file: Path) -> None:
    """Write a table as CSV; truth values as 0 and 1."""
    sql = psycopg.sql
    columns = [
        sql.SQL("{0}::int AS {0}" if kind == "boolean" else "{0}").format(sql.Identifier(name))
        for name, kind in connection.execute(_COLUMNS, place).fetchall()
    ]
    query = sql.SQL(
        "COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv, HEADER true, ENCODING 'UTF8')"
    ).format(sql.SQL(", ").join(columns), sql.Identifier(*place))
    with file.open("wb") as out, connection.cursor().copy(query) as rows:
        for block in rows:
            out.write(block)
