"""The record tables of a PostgreSQL database, read in one transaction that can change nothing.

Tables and views of the search path are read that are named after a record table. psycopg is an extra of
the project (``postgres``); nothing else needs it.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb

from features.addresses import Address, without_secrets
from features.failures import RecordsError, refusal
from features.reading import read_table
from features.schema import BY_NAME

SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
_TABLES = """
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_schema = ANY (current_schemas(false)) AND lower(table_name) = ANY (%s)
ORDER BY array_position(current_schemas(false), table_schema), table_name
"""
_COLUMNS = """
SELECT column_name, data_type FROM information_schema.columns
WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position
"""


def read_database(
    con: duckdb.DuckDBPyConnection, address: Address, scratch: Path
) -> dict[str, str]:
    """Read every record table into ``raw_TABLE``; return where each came from.

    Raises
    ------
    RecordsError
        Where psycopg is missing, the database cannot be reached or read, or holds a table twice.
    """
    psycopg = _psycopg()
    secrets = _secrets(psycopg, address)
    try:
        with psycopg.connect(address.conninfo, connect_timeout=10) as connection:
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
        said = without_secrets(" ".join(str(error).split()), secrets)[:300]
        remedy = "Check address, rights (SELECT is enough) and password (PGPASSWORD or ~/.pgpass)."
        rule = f"the database cannot be read: {said}"
        raise RecordsError([refusal("firms", "", rule, remedy)]) from None  # its text may tell more
    return {table: f"postgresql {'.'.join(place)}" for table, place in places.items()}


def _psycopg() -> ModuleType:
    try:
        import psycopg
    except ImportError as error:
        remedy = "Install the extra `postgres` (psycopg), or export the tables as Parquet."
        raise RecordsError([refusal("firms", "", "psycopg is not installed", remedy)]) from error
    return psycopg


def _secrets(psycopg: ModuleType, address: Address) -> list[str]:
    """Return what no message may repeat; refuse an address whose parts cannot be told."""
    try:
        parts = psycopg.conninfo.conninfo_to_dict(address.conninfo) if address.is_clear else None
    except psycopg.Error:
        parts = None
    if parts is None:
        remedy = (
            "Write postgresql://USER@HOST/DATABASE, signs such as @ : / ? # in a name or password as "
            "%40 %3A %2F %3F %23; better keep the password in PGPASSWORD or ~/.pgpass."
        )
        rule = f"the address of the database ({address}) cannot be read"
        raise RecordsError([refusal("firms", "", rule, remedy)]) from None
    return [str(parts[name]) for name in SECRETS if parts.get(name)]


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
