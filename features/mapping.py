"""Turn somebody else's extract into record tables: one SELECT a table, in a sandbox.

A mapping is a folder with ``mapping.yaml`` and one ``TABLE.sql`` per record table it fills. Each is
a single SELECT in DuckDB SQL over the files of the source folder, which it names by relative path.
It can read nothing outside that folder, has no network and can change nothing.

Sheets of workbooks and text files with titles above the heading are listed under ``sheets`` and named in
SQL as ``'FILE#SHEET'``; ``as_code``, ``as_day``, ``as_yuan`` and ``as_number`` read cells as
:mod:`features.cells` does.
"""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import sqlglot
import yaml
from sqlglot import Token, TokenType

from features.cells import amount, day, identifier, number
from features.encodings import as_utf8
from features.failures import RecordsError, refusal
from features.headings import catalogue
from features.reading import literal
from features.schema import BY_NAME
from features.sheets import sheets_of, table_below

_READERS = ("read_", "parquet_", "glob", "sniff_csv")
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACE}
_BEFORE_A_FILE = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.COMMA}
_KEYS = {"title", "source", "licence", "currency", "time_zone", "encodings", "sheets", "harm_rubric",
         "notes"}  # fmt: skip


@dataclass(frozen=True)
class Mapping:
    """A mapping as read from its folder.

    Attributes
    ----------
    title, currency : str
        What the source is called, and the currency of its amounts.
    queries : dict
        Record table -> SELECT.
    encodings : dict
        Source file -> encoding, for files that are not UTF-8.
    sheets : dict
        ``FILE#SHEET`` (``FILE`` for a text file) -> row of its heading, the first row is 1.
    """

    title: str
    currency: str
    queries: dict[str, str]
    encodings: dict[str, str] = field(default_factory=dict)
    sheets: dict[str, int] = field(default_factory=dict)


def load_mapping(folder: Path) -> Mapping:
    """Read a mapping folder.

    Raises
    ------
    RecordsError
        Where the folder, ``mapping.yaml`` or a known table is missing, or a statement is no SELECT.
    """
    card = folder / "mapping.yaml"
    if not card.is_file():
        raise _error("mapping", f"{card} not found", "A mapping is a folder with mapping.yaml.")
    facts = _facts(card)
    queries = {}
    for file in sorted(folder.glob("*.sql")):
        if file.stem not in BY_NAME:
            raise _error(
                file.stem,
                f"{file.name} names no record table",
                f"Record tables: {', '.join(BY_NAME)}.",
            )
        queries[file.stem] = _single_select(file)
    return Mapping(
        str(facts.get("title", folder.name)),
        str(facts.get("currency", "")),
        queries,
        dict(facts.get("encodings") or {}),
        dict(facts.get("sheets") or {}),
    )


def _error(table: str, rule: str, remedy: str) -> RecordsError:
    return RecordsError([refusal(table, "", rule, remedy)])


def _facts(card: Path) -> dict[str, Any]:
    try:
        facts = yaml.safe_load(_text(card)) or {}
    except yaml.YAMLError as error:
        raise _error("mapping", f"{card} is no YAML: {error}", "Mend the file.") from error
    if not isinstance(facts, dict):
        raise _error("mapping", f"{card} holds no lines `key: value`", "Mend the file.")
    if unknown := sorted(str(key) for key in set(facts) - _KEYS):
        raise _error(
            "mapping",
            f"unknown keys in {card}: {', '.join(unknown)}",
            f"Known keys: {', '.join(sorted(_KEYS))}.",
        )
    encodings = facts.get("encodings") or {}
    if not isinstance(encodings, dict) or not all(
        isinstance(word, str) for pair in encodings.items() for word in pair
    ):
        raise _error("mapping", f"encodings in {card} are no lines `file: encoding`", "Mend them.")
    sheets = facts.get("sheets") or {}
    if not isinstance(sheets, dict) or not all(
        isinstance(row, int) and row > 0 for row in sheets.values()
    ):
        raise _error("mapping", f"sheets in {card} are no lines `FILE#SHEET: row`", "Mend them.")
    return facts


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _error("mapping", f"{file} is not UTF-8: {error}", "Save it as UTF-8.") from error


def _single_select(file: Path) -> str:
    text = _text(file)
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise _error(file.stem, f"{file.name} is no SQL: {error}", "Mend the statement.") from error
    if [s.type for s in statements] != [duckdb.StatementType.SELECT]:
        raise _error(file.stem, f"{file.name} is not one SELECT", "Write exactly one SELECT.")
    return str(statements[0].query)


def run_mapping(
    con: duckdb.DuckDBPyConnection, mapping: Mapping, source: Path, scratch: Path
) -> dict[str, str]:
    """Fill ``raw_TABLE`` for every table of the mapping; return the statement's file per table."""
    source = source.resolve()
    if not source.is_dir():
        raise _error(str(source), "no such folder", "Give the folder of the source files.")
    encoded = {
        name: as_utf8(name, _listed(source, name), encoding, scratch)
        for name, encoding in mapping.encodings.items()
    }
    encoded |= {
        name: _sheet(source, name, row, scratch, encoded) for name, row in mapping.sheets.items()
    }
    sandbox = _sandbox([source, scratch])
    try:
        for table, query in mapping.queries.items():
            _run(con, sandbox, table, _absolute(query, source, encoded))
    finally:
        sandbox.close()
    return {table: f"{table}.sql" for table in mapping.queries}


def _sheet(source: Path, name: str, row: int, scratch: Path, encoded: dict[str, Path]) -> Path:
    """Write a sheet from its heading on as Parquet, all text; return the file.

    A text file whose encoding is stated is read as it stands in `encoded`, in UTF-8.
    """
    file, _, title = name.partition("#")
    path = encoded.get(file) or _listed(source, file)
    if not path.is_file():
        raise _error(name, f"no file {file} in the source folder", "Correct `sheets`.")
    sheets = {sheet.name: sheet for sheet in sheets_of(path, scratch)}
    if title not in sheets:
        raise _error(name, f"{file} has no sheet {title}", f"Sheets: {', '.join(sheets)}.")
    names, rows = table_below(sheets[title], row)
    frame = pd.DataFrame(rows, columns=names, dtype="string")
    target = Path(tempfile.mkdtemp(dir=scratch)) / "sheet.parquet"
    frame.to_parquet(target)
    return target


def _readers(sandbox: duckdb.DuckDBPyConnection) -> None:
    """Add the functions that read cells."""
    units = catalogue().units
    sandbox.create_function("as_code", identifier, ["VARCHAR"], "VARCHAR")
    sandbox.create_function("as_day", day, ["VARCHAR"], "VARCHAR")
    sandbox.create_function("as_number", number, ["VARCHAR"], "VARCHAR")
    sandbox.create_function(
        "as_yuan", lambda cell, unit: amount(cell, units, unit), ["VARCHAR", "VARCHAR"], "VARCHAR"
    )


def _sandbox(folders: list[Path]) -> duckdb.DuckDBPyConnection:
    """Open a database that sees the files of these folders and nothing else."""
    sandbox = duckdb.connect(":memory:")
    spellings = dict.fromkeys([*folders, *(_escaped(folder) for folder in folders)])
    allowed = ", ".join(literal(f"{folder}/") for folder in spellings)
    sandbox.execute(f"SET temp_directory = {literal(folders[-1] / 'spill')}")
    sandbox.execute(f"SET allowed_directories = [{allowed}]")
    _readers(sandbox)
    sandbox.execute("SET python_enable_replacements = false")
    sandbox.execute("SET enable_external_access = false")
    sandbox.execute("SET lock_configuration = true")
    return sandbox


def _absolute(query: str, source: Path, encoded: dict[str, Path]) -> str:
    """Replace string literals that name files of the source folder by their full paths."""
    for token in reversed(list(_file_literals(query))):
        path = encoded.get(token.text) or _inside(source, token.text)
        if path is not None:
            query = query[: token.start] + literal(path) + query[token.end + 1 :]
    return query


def _file_literals(query: str) -> Iterator[Token]:
    """Yield the strings that stand for a file: after FROM or JOIN, or in the call of a reader."""
    calls: list[str] = []
    before: Token | None = None
    for token in sqlglot.tokenize(query, read="duckdb"):
        kind = before.token_type if before else None
        if token.token_type in _OPENING:
            calls.append(before.text.lower() if before else "")
        elif token.token_type in _CLOSING and calls:
            calls.pop()
        elif token.token_type == TokenType.STRING and token.text.strip():
            reads = bool(calls) and calls[-1].startswith(_READERS) and kind in _BEFORE_A_FILE
            if reads or kind in (TokenType.FROM, TokenType.JOIN):
                yield token
        before = token


def _listed(source: Path, name: str) -> Path:
    """Return a file that ``mapping.yaml`` names, or refuse one outside the source folder."""
    path = (source / name).resolve()
    if not path.is_relative_to(source):
        remedy = "encodings may name files of the source folder only."
        raise _error(name, "lies outside the source folder", remedy)
    return path


def _inside(source: Path, name: str) -> Path | None:
    """Return the path or pattern `name` below `source`, or None where it matches no file there."""
    if name.startswith(("/", "~")) or ".." in Path(name).parts:
        return None
    try:
        matches = any(path.is_file() for path in source.glob(name))
    except (ValueError, NotImplementedError, OSError):
        return None
    if not matches:
        return None
    return _escaped(source) / name if glob.has_magic(name) else source / name


def _escaped(folder: Path) -> Path:
    """Return a folder as part of a pattern: brackets and stars in its own name stand for themselves."""
    return Path(glob.escape(str(folder)))


def _run(
    con: duckdb.DuckDBPyConnection, sandbox: duckdb.DuckDBPyConnection, table: str, query: str
) -> None:
    try:
        batches = sandbox.sql(query).to_arrow_reader(100_000)
        con.register("incoming", batches)
        con.execute(
            f"CREATE OR REPLACE TABLE raw_{table} AS "
            "SELECT row_number() OVER () AS source_row, * FROM incoming"
        )
        con.unregister("incoming")
    except duckdb.Error as error:
        message = " ".join(str(error).split())[:300]
        raise _error(
            table,
            f"{table}.sql fails: {message}",
            "Mend the statement; it may read only files of the source folder.",
        ) from error
