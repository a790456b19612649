"""From raw tables to accepted ones: every failure reported, what is rejected filed with its reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from ibis.backends.duckdb import Backend

from features.acceptance import accept, failure_of, malformed_lines, too_few, write_rejected
from features.begun import Begun
from features.disagreements import as_notes, disagreements, write_disagreements
from features.extract import Extract
from features.failures import Failure, RecordsError, refusal
from features.matching import identity_report, matched, probable_doubles
from features.quality import Quality, TableQuality
from features.reading import kind_of, unreadable_file
from features.rules import broken_rules
from features.schema import FIRMS, TABLES, RecordTable
from features.stored import FIRM_KEYS
from features.typed import column_failures, write_typed
from features.volumes import volume_alarms


@dataclass(frozen=True)
class Check:
    """A check of what was read into a working database.

    Attributes
    ----------
    backend : Backend
        The working database.
    extract : Extract
        What was read.
    today : date
        No event may lie after it.
    rejected : Path or None
        Folder for what is rejected.
    begun : Begun or None
        Where accepted tables are stored, and some may be already.
    """

    backend: Backend
    extract: Extract
    today: dt.date
    rejected: Path | None = None
    begun: Begun | None = None

    def run(self, progress: Callable[[int], object] | None = None) -> Quality:
        """Check all tables, and return the report; told after each table how many more are done.

        Raises
        ------
        RecordsError
            Where the records cannot be used.
        """
        failures = [*self.extract.failures, *self._of_columns()]
        self._refuse(failures)
        lines: list[TableQuality] = []
        matches: list[dict[str, Any]] = []
        for table in TABLES:
            found = self._table(table)
            lines += found.tables
            failures += [self.extract.in_their_words(failure) for failure in found.failures]
            matches += found.identity["matches"]
            if progress:
                progress(1)
        self._refuse(failures)
        failures += self._across_tables()
        identity = identity_report(self.backend.con) | {"matches": matches}
        return Quality(tuple(lines), tuple(failures), self.extract.lines, identity)

    def _refuse(self, failures: list[Failure]) -> None:
        if any(failure.action == "refused" for failure in failures):
            raise RecordsError(failures, self.extract.lines)

    def _of_columns(self) -> list[Failure]:
        """Return what is wrong with tables and columns; tables that are not there get no rows."""
        failures = []
        for table in TABLES:
            if file := self.extract.origin.get(table.name):
                with _reading(table, file):
                    failures += column_failures(self.backend.con, table)
                continue
            if table.required:
                remedy = f"{table.meaning} Provide the table, if need be without rows."
                failures.append(refusal(table.name, "", "missing table", remedy))
            _write_empty(self.backend, table)
        return failures

    def _table(self, table: RecordTable) -> Quality:
        """Check a table, or take over what an earlier check made of it."""
        if self.begun is None:
            return self._checked(table)
        names = (table.name, *([FIRM_KEYS] if table is FIRMS else []))
        found = self.begun.finished(self.backend.con, names)
        if found is None:
            found = self._checked(table)
            self.begun.finish(self.backend.con, names, found)
        return found

    def _checked(self, table: RecordTable) -> Quality:
        con, file = self.backend.con, self.extract.origin.get(table.name, "")
        with _reading(table, file):
            write_typed(con, table)
        typed = self.backend.table(f"typed_{table.name}")
        n_typed = int(typed.count().execute())
        broken = broken_rules(self.backend, typed, table, self.today)
        malformed, matches = malformed_lines(self.backend, table), matched(con, table)
        failures = [failure_of(table, typed, rule) for rule in broken] + malformed
        if self.rejected is not None and any(f.action != "noted" for f in failures):
            write_rejected(self.backend, table, broken, self.rejected)
        n_read = n_typed + sum(failure.count for failure in malformed)
        n_accepted = accept(self.backend, table, broken)
        failures += too_few(table, n_read, n_accepted)
        raw = f"raw_{table.name}"
        con.execute(f"DROP TABLE typed_{table.name}; DROP {kind_of(con, raw)} {raw}")
        line = TableQuality(table.name, file, n_read, n_accepted, _fingerprint(con, table))
        return Quality((line,), tuple(failures), identity={"matches": matches})

    def _across_tables(self) -> list[Failure]:
        """Return what the accepted tables together say: notes, which lose no row."""
        found, con = disagreements(self.backend), self.backend.con
        if self.rejected is not None:
            write_disagreements(found, self.rejected)
        return [*as_notes(found), *volume_alarms(con), *probable_doubles(con)]


@contextmanager
def _reading(table: RecordTable, file: str) -> Iterator[None]:
    """Name the file that breaks off in the middle, which is found out only where it is read."""
    try:
        yield
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise unreadable_file(table.name, file, error) from error


def _write_empty(backend: Backend, table: RecordTable) -> None:
    columns = ", ".join(f"{name} VARCHAR" for name in table.names)
    backend.con.execute(f"CREATE OR REPLACE TABLE raw_{table.name} (source_row BIGINT, {columns})")


def _fingerprint(con: duckdb.DuckDBPyConnection, table: RecordTable) -> str:
    cells = ", ".join(f"coalesce({name}::VARCHAR, '')" for name in table.names)
    row = f"md5_number(concat_ws(chr(31), {cells}))"
    query = f"SELECT count(*), coalesce(bit_xor({row}), 0) FROM {table.name}"
    count, mixed = con.execute(query).fetchall()[0]
    return f"{count}-{int(mixed) & (2**128 - 1):032x}"
