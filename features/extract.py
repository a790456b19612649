"""A folder or workbook as an agency keeps it: which files and sheets are which record tables.

Files and sheets named after a record table, with its columns in the first row, are read as they are. Other
sheets are recognised by their Chinese headings. Several recognised sheets of one table are read as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pandas as pd

from features.addresses import Address
from features.cells import plain
from features.database import read_database
from features.encodings import guess_of
from features.failures import Failure, RecordsError, refusal
from features.headings import Catalogue, catalogue
from features.reading import (
    databases_in,
    find_tables,
    quoted,
    read_sheet,
    read_table,
    records_folder,
    refuse_nothing,
    write_frame,
)
from features.recognition import Recognised, not_read, recognise
from features.schema import BY_NAME, TABLES
from features.sheets import (
    WORKBOOK,
    Sheet,
    UnreadableWorkbookError,
    is_sheet_file,
    sheets_of,
    start_of_sheet,
)
from features.translation import translate


@dataclass(frozen=True)
class Extract:
    """What was read: the files of each table, what was recognised and what was left out.

    Attributes
    ----------
    origin : dict
        Record table -> the files it came from.
    recognised : tuple of Recognised
        The sheets that were recognised by their headings.
    left_out : tuple of str
        The sheets that are no table, headings that are not read, and encodings that were guessed.
    failures : tuple of Failure
        What is worth a note.
    """

    origin: dict[str, str]
    recognised: tuple[Recognised, ...] = ()
    left_out: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """What was recognised as what, and what was left out, in words."""
        return (*map(str, self.recognised), *self.left_out)

    def in_their_words(self, failure: Failure) -> Failure:
        """Return a failure whose remedy names the words that the catalogue knows for the column."""
        if failure.table not in {r.table.table.name for r in self.recognised}:
            return failure
        known = [c for c in catalogue().of(failure.table).columns if c.column == failure.column]
        if not known or not known[0].words or failure.action == "noted":
            return failure
        words = ", ".join(list(known[0].words)[:8])
        remedy = f"Write one of {words} (all of them: configs/headings.yaml), or map the value."
        return replace(failure, remedy=remedy)


@dataclass
class _Found:
    """The sources of every table, as they are found."""

    plain: dict[str, list[Path | Sheet]] = field(default_factory=dict)
    recognised: dict[str, list[Recognised]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    unread: dict[Path, Failure] = field(default_factory=dict)

    def say_guess(self, file: Path, is_read: bool = True) -> None:
        """Say which encoding a text file was taken for, where that was a guess."""
        if is_read and (guess := guess_of(file)):
            self.left_out.append(guess)


def read_folder(con: duckdb.DuckDBPyConnection, path: Path | Address, scratch: Path) -> Extract:
    """Read every record table found in `path` (a database's address too) into ``raw_TABLE``.

    Raises
    ------
    RecordsError
        Naming every file and sheet that cannot be read or told apart.
    """
    if isinstance(path, Address):
        return Extract(read_database(con, path, scratch))
    place = records_folder(path)
    named = find_tables(place)
    found = _Found(plain={n: [f] for n, f in named.items() if not is_sheet_file(f)})
    for file in _sheet_files(place):
        table = next((name for name, own in named.items() if own == file), "")
        try:
            _look(file, table, scratch, found)
        except UnreadableWorkbookError as error:
            found.unread[file] = error.failures[0]
        except RecordsError as error:
            found.failures += error.failures
    _judge_unread(found)
    _refuse_two(found)
    _add_database(place, found)
    if not found.failures and not found.plain and not found.recognised:
        refuse_nothing(place)
    return _read(con, found, scratch)


def _judge_unread(found: _Found) -> None:
    """Leave out workbooks that cannot be opened, unless one may hold a table that nothing else holds."""
    there = {*found.plain, *found.recognised}
    needed = [table.name for table in TABLES if table.required and table.name not in there]
    for file, failure in found.unread.items():
        stem = plain(file.name.split(".")[0])
        called = [t.table.name for t in catalogue().tables if any(n in stem for n in t.names)]
        called += [stem.lower()] if stem.lower() in BY_NAME else []
        if needed or (called and not there & {*called}):
            found.failures.append(failure)
        else:
            found.left_out.append(f"{file.name}: left out, {failure.rule}. {failure.remedy}")


def _add_database(place: Path, found: _Found) -> None:
    """Read the folder's only DuckDB file where no other file holds a table; else leave it out."""
    databases = databases_in(place)
    alone = not (found.plain or found.recognised or found.failures)
    if databases and alone:
        found.plain = {name: [databases[0]] for name in BY_NAME}
        if len(databases) > 1:
            rule = f"several DuckDB files: {', '.join(file.name for file in databases)}"
            found.failures.append(refusal("firms", "", rule, "Name the one that is meant."))
        return
    why = "left out, other files hold the tables; name it instead of the folder to read it"
    found.left_out += [f"{file.name}: {why}" for file in databases]


def _sheet_files(place: Path) -> list[Path]:
    if place.is_file():
        return [place] if is_sheet_file(place) else []
    return [file for file in sorted(place.iterdir()) if file.is_file() and is_sheet_file(file)]


def _look(file: Path, named: str, scratch: Path, found: _Found) -> None:
    """Sort the sheets of one file into recognised, plain and left out."""
    if file.suffix.lower() not in WORKBOOK:
        start = start_of_sheet(file)
        if recognise(start, catalogue(), named) is None:
            _not_recognised(start, named, file, found)
            found.say_guess(file, bool(named))
            return
        found.say_guess(file)
    sheets = list(sheets_of(file, scratch))
    titles = {sheet.name.strip().lower(): sheet for sheet in sheets}
    for number, sheet in enumerate(sheets):
        first = named if named not in titles and number == 0 else ""
        title = sheet.name.strip().lower()
        _look_at_sheet(sheet, title if title in BY_NAME else first, found)


def _look_at_sheet(sheet: Sheet, named: str, found: _Found) -> None:
    recognised = recognise(sheet, catalogue(), named)
    if recognised is not None:
        found.recognised.setdefault(recognised.table.table.name, []).append(recognised)
    else:
        _not_recognised(sheet, named, sheet, found)


def _not_recognised(sheet: Sheet, named: str, source: Path | Sheet, found: _Found) -> None:
    """Keep a source that is named after a table as it is; leave any other out, and say so."""
    if named:
        found.plain.setdefault(named, []).append(source)
        known = [table for table in catalogue().tables if table.table.name == named]
        if known and (rest := not_read(sheet, known[0])):
            listed = ", ".join(rest)
            found.left_out.append(
                f"{sheet.place}: read by the schema's headings; not read: {listed}"
            )
    elif any(any(cell not in ("", None) for cell in row) for row in sheet.rows):
        found.left_out.append(f"{sheet.place}: left out, no known headings")


def _refuse_two(found: _Found) -> None:
    for name, sources in found.plain.items():
        others = [r.sheet for r in found.recognised.get(name, ())]
        places = [s.place if isinstance(s, Sheet) else s.name for s in [*sources, *others]]
        if len(places) > 1:
            rule = f"two files: {places[0]} and {places[1]}"
            found.failures.append(refusal(name, "", rule, "Keep one of them."))


def _read(con: duckdb.DuckDBPyConnection, found: _Found, scratch: Path) -> Extract:
    origin: dict[str, str] = {}
    failures: dict[tuple[str, str, str], Failure] = {}  # a broken workbook is one failure
    noted: list[Failure] = []
    for name in BY_NAME:
        try:
            if sources := found.plain.get(name):
                if _read_plain(con, name, sources[0], scratch):
                    origin[name] = _file_name(sources[0])
            elif parts := found.recognised.get(name):
                noted += _read_recognised(con, name, parts, catalogue())
                origin[name] = ", ".join(dict.fromkeys(r.sheet.place for r in parts))
        except RecordsError as error:
            for failure in error.failures:
                failures.setdefault((origin.get(name, ""), failure.column, failure.rule), failure)
    refused = [*found.failures, *failures.values()]
    parts_found = tuple(r for parts in found.recognised.values() for r in parts)
    if refused:
        raise RecordsError(refused)
    return Extract(origin, parts_found, tuple(found.left_out), tuple(noted))


def _file_name(source: Path | Sheet) -> str:
    return source.file.name if isinstance(source, Sheet) else source.name


def _read_plain(
    con: duckdb.DuckDBPyConnection, name: str, source: Path | Sheet, scratch: Path
) -> bool:
    if isinstance(source, Sheet):
        read_sheet(con, BY_NAME[name], source)
        return True
    return read_table(con, BY_NAME[name], source, scratch)


def _read_recognised(
    con: duckdb.DuckDBPyConnection, name: str, parts: Iterable[Recognised], words: Catalogue
) -> list[Failure]:
    """Write ``raw_TABLE`` from all recognised sheets of a table; rows keep their sheet's numbers."""
    frames, malformed, last = [], [], 0
    noted: list[Failure] = []
    for part in parts:
        translated = translate(part, words)
        rows = translated.rows.assign(source_row=translated.rows.source_row + last)
        malformed += [(n + last, "cells unlike the heading", s) for n, s in translated.malformed]
        frames.append(rows)
        noted += translated.failures
        last += len(part.sheet.rows)
    write_frame(con, f"raw_{name}", pd.concat(frames, ignore_index=True))
    columns = ["line", "error_message", "csv_line"]
    con.register("incoming", pd.DataFrame(malformed, columns=columns))
    con.execute(
        f"CREATE OR REPLACE TABLE {quoted(f'malformed_{name}')} AS SELECT line::BIGINT AS line, "
        "error_message::VARCHAR AS error_message, csv_line::VARCHAR AS csv_line FROM incoming"
    )
    con.unregister("incoming")
    return noted
