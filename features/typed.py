"""From raw text to typed columns, in SQL on the working database; nothing is judged here."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import duckdb
import pandas as pd

from features.failures import Failure, refusal
from features.identity import (
    credit_code_checks,
    is_citizen_number,
    looks_like_credit_code,
    names_a_person,
)
from features.reading import in_portions, literal, quoted
from features.rules import placeholder, unreadable
from features.schema import FIRMS, Column, RecordTable

ALWAYS_KNOWN = "DATE '1900-01-01'"
_BRACKETS = dict.fromkeys("(〔【〖", "[") | dict.fromkeys(")〕】〗", "]")
_SQL_TYPE = {"text": "VARCHAR", "date": "DATE", "number": "DOUBLE"}


def raw_columns(con: duckdb.DuckDBPyConnection, table: RecordTable) -> dict[str, str]:
    """Map the raw table's columns, lower case, to their names as found."""
    found = con.execute(f"DESCRIBE raw_{table.name}").fetchall()
    return {row[0].strip().lower(): row[0] for row in found if row[0] != "source_row"}


def column_failures(con: duckdb.DuckDBPyConnection, table: RecordTable) -> list[Failure]:
    """Return what is wrong with a table's columns: missing ones, and ones that name persons."""
    found = raw_columns(con, table)
    failures = [
        refusal(table.name, column.name, "missing column", f"{column.meaning} Add the column.")
        for column in table.columns
        if column.required and column.name not in found
    ]
    known = {column.name for column in table.columns}
    for lower, name in found.items():
        if lower not in known and (names_a_person(lower) or _holds_persons(con, table, name)):
            remedy = "Drop the column; data on persons belong to the audit's attributes at most."
            failures.append(refusal(table.name, name, "identifies a person", remedy))
    return failures


def _holds_persons(con: duckdb.DuckDBPyConnection, table: RecordTable, column: str) -> bool:
    texts = con.execute(
        f"SELECT DISTINCT {quoted(column)}::VARCHAR FROM raw_{table.name} "
        f"WHERE length({quoted(column)}::VARCHAR) = 18 LIMIT 1000"
    ).fetchall()
    flags = is_citizen_number(row[0] for row in texts)
    return bool(len(flags)) and flags.mean() > 0.5


def write_typed(con: duckdb.DuckDBPyConnection, table: RecordTable) -> None:
    """Write ``typed_TABLE``.

    Every schema column is there (empty where the source lacks it) with its flag
    ``COLUMN__unreadable``; ``copy_no`` numbers rows of one key and recorded_on by their content, so
    that which copy is kept does not depend on the rows' order; ``firm_key`` is the firm's number.
    """
    found = raw_columns(con, table)
    types = {row[0]: row[1] for row in con.execute(f"DESCRIBE raw_{table.name}").fetchall()}
    cells = ", ".join(_cell(c, found.get(c.name), types) for c in table.columns)
    known = (
        "CASE WHEN recorded_on IS NULL AND NOT recorded_on__unreadable "
        f"THEN {_default_recorded_on(table)} ELSE recorded_on END"
    )
    rows = (
        f"SELECT * REPLACE ({known} AS recorded_on) "
        f"FROM (SELECT source_row, {cells} FROM raw_{table.name})"
    )
    con.execute(
        f"CREATE OR REPLACE TABLE typed_{table.name} AS SELECT cells.*, 1 AS copy_no, "
        f"{_joined(con, table, rows)}"
    )
    _number_copies(con, table)


def _number_copies(con: duckdb.DuckDBPyConnection, table: RecordTable) -> None:
    """Give copies their number where there are any, which is seldom and costs a sort."""
    typed, key = f"typed_{table.name}", ", ".join([*table.key, "recorded_on"])
    total, distinct = con.execute(
        f"SELECT count(*), (SELECT count(*) FROM (SELECT DISTINCT {key} FROM {typed})) FROM {typed}"
    ).fetchall()[0]
    if total != distinct:
        faults = " + ".join(f"{unreadable(name)}::INTEGER" for name in table.names)
        order = ", ".join([faults, *table.names, "source_row"])
        copies = f"row_number() OVER (PARTITION BY {key} ORDER BY {order})"
        con.execute(
            f"CREATE OR REPLACE TABLE {typed} AS SELECT * REPLACE ({copies} AS copy_no) FROM {typed}"
        )


def _default_recorded_on(table: RecordTable) -> str:
    return f"coalesce({table.event}, {ALWAYS_KNOWN})" if table.event else ALWAYS_KNOWN


def _cell(column: Column, source: str | None, types: dict[str, str]) -> str:
    name, flag = column.name, unreadable(column.name)
    if source is None:
        absent = f"NULL::{_SQL_TYPE[column.kind]} AS {name}, false AS {flag}"
        return absent + (f", false AS {placeholder(name)}" if column.kind == "date" else "")
    text = f"nullif(trim({quoted(source)}::VARCHAR), '')"
    value = _value(column.kind, quoted(source), text, types[source])
    value = _folded(value) if column.folded else value
    if column.kind == "text" and column.allowed:
        value = f"lower({value})"
    failed = f"{text} IS NOT NULL AND ({value}) IS NULL" if column.kind != "text" else "false"
    if types[source] == "DATE" and column.kind == "date":
        failed = "false"
    if column.kind != "date" or column.required:
        return f"{value} AS {name}, {failed} AS {flag}"
    plausible = f"year({value}) BETWEEN 1900 AND 2199"
    return (
        f"CASE WHEN {plausible} THEN {value} END AS {name}, {failed} AS {flag}, "
        f"({value}) IS NOT NULL AND NOT coalesce({plausible}, false) AS {placeholder(name)}"
    )


def _value(kind: str, raw: str, text: str, found: str) -> str:
    """Return the SQL that reads a cell; columns of the right type need no detour by way of text."""
    if kind == "text":
        return text
    if kind == "number":
        number = f"TRY_CAST({text if found == 'VARCHAR' else raw} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {number} END"
    if found == "DATE":
        return raw
    return (
        f"coalesce(TRY_CAST({text} AS DATE), TRY_CAST(TRY_CAST({text} AS TIMESTAMP) AS DATE), "
        f"TRY_CAST(TRY_STRPTIME({text}, '%Y%m%d') AS DATE))"
    )


def _folded(text: str) -> str:
    """Return the SQL that makes a document's number alike on all platforms; none without a digit above 0.

    The engine takes a map of hundreds of characters anew for every text: only texts that hold one of
    the rare ones are put through it.
    """
    alike = {c: n for c in map(chr, range(0x80, 0x10000)) if (n := _compatible(c)) is not None}
    rare = {c: _BRACKETS.get(n, n) for c, n in alike.items() if c not in _BRACKETS}
    bare, some = _translated(text, _BRACKETS), literal(f"[{''.join(rare)}]")
    whole = (
        f"CASE WHEN regexp_matches({bare}, {some}) THEN {_translated(bare, rare)} ELSE {bare} END"
    )
    plain = f"upper(regexp_replace({whole}, '\\s', '', 'g'))"
    return f"CASE WHEN regexp_matches({plain}, '[1-9]') THEN {plain} END"


def _translated(text: str, characters: Mapping[str, str]) -> str:
    found, made = literal("".join(characters)), literal("".join(characters.values()))
    return f"translate({text}, {found}, {made})"


def _compatible(character: str) -> str | None:
    """Return the one ASCII character that Unicode's NFKC puts in the place of another."""
    normal = unicodedata.normalize("NFKC", character)
    return normal if len(normal) == 1 and normal.isascii() else None


def _joined(con: duckdb.DuckDBPyConnection, table: RecordTable, rows: str) -> str:
    """Return the rest of the select: the firm's number, or for firms the flags of its identity."""
    if table is FIRMS:
        _write_identity(con, rows)
        return (
            "coalesce(is_person, false) AS is_person, coalesce(wrong_code, false) AS wrong_code, "
            "coalesce(wrong_inner_code, false) AS wrong_inner_code "
            f"FROM ({rows}) cells LEFT JOIN identity USING (firm_id)"
        )
    if any(column.name == "firm_id" for column in table.columns):
        return f"firm_key FROM ({rows}) cells LEFT JOIN firm_keys USING (firm_id)"
    return f"source_row AS row_key FROM ({rows}) cells"


def _write_identity(con: duckdb.DuckDBPyConnection, cells: str) -> None:
    """Write table ``identity``: firm_ids that are a citizen's number or a faulty credit code."""
    con.execute(
        "CREATE OR REPLACE TABLE identity (firm_id VARCHAR, is_person BOOLEAN, "
        "wrong_code BOOLEAN, wrong_inner_code BOOLEAN)"
    )
    n_shaped = n_valid = 0
    ids = f"SELECT DISTINCT firm_id FROM ({cells}) WHERE length(firm_id) = 18"
    for some in in_portions(con, ids):
        person, shaped = is_citizen_number(some), looks_like_credit_code(some)
        valid, inner = credit_code_checks([i for i, s in zip(some, shaped, strict=True) if s])
        n_shaped, n_valid = n_shaped + len(valid), n_valid + int(valid.sum())
        wrong, wrong_inner = shaped.copy(), shaped.copy()
        wrong[shaped], wrong_inner[shaped] = ~valid, valid & ~inner
        flags = pd.DataFrame(
            {"firm_id": some, "p": person, "w": wrong & ~person, "n": wrong_inner & ~person}
        )
        con.register("incoming", flags[flags.p | flags.w | flags.n])
        con.execute("INSERT INTO identity FROM incoming")
        con.unregister("incoming")
    if n_valid < 0.5 * n_shaped:  # another numbering of 18 characters, no credit codes
        con.execute("UPDATE identity SET wrong_code = false, wrong_inner_code = false")
