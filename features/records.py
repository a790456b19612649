"""Checked records: read or mapped, every failure reported, what is rejected kept in a file."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis
from ibis.backends.duckdb import Backend

from features.acceptance import accept, failure_of, malformed_lines, too_few, write_rejected
from features.addresses import Address, is_address
from features.disagreements import as_notes, disagreements, write_disagreements
from features.extract import Extract, read_folder
from features.failures import Failure, RecordsError, refusal
from features.mapping import Mapping, run_mapping
from features.matching import identity_report, matched, probable_doubles
from features.reading import literal
from features.rules import broken_rules, rules_of
from features.schema import TABLES, RecordTable
from features.typed import column_failures, write_typed
from features.volumes import volume_alarms

WORKING = "risk-index-"
"""How the folder of a working database begins."""


@dataclass(frozen=True)
class TableQuality:
    """How a table fared: rows read, accepted and rejected, its file and its fingerprint."""

    table: str
    file: str
    n_read: int
    n_accepted: int
    fingerprint: str


@dataclass(frozen=True)
class Quality:
    """The report of a check.

    Attributes
    ----------
    tables : tuple of TableQuality
    failures : tuple of Failure
    recognised : tuple of str
        What sheets were recognised as.
    identity : dict
        How well firms were identified.
    """

    tables: tuple[TableQuality, ...]
    failures: tuple[Failure, ...]
    recognised: tuple[str, ...] = ()
    identity: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> str:
        """Return the report as JSON text."""
        report = {
            "tables": [vars(table) for table in self.tables],
            "failures": [failure.as_dict() for failure in self.failures],
            "recognised": list(self.recognised),
            "identity": self.identity,
        }
        return json.dumps(report, indent=1, ensure_ascii=False)

    @property
    def fingerprint(self) -> dict[str, str]:
        """Fingerprint of each table's accepted content, the same for any order of rows."""
        return {table.table: table.fingerprint for table in self.tables}


@dataclass(frozen=True)
class Records:
    """Accepted records in a working database, one table per record table.

    Every table has ``firm_key`` (int32, firms in the order of their ids) and ``superseded_on``, the
    day a newer version of the row became known (empty where there is none).
    """

    con: Backend
    quality: Quality

    def table(self, name: str) -> ibis.Table:
        """Return an accepted record table."""
        return self.con.table(name)

    @property
    def n_firms(self) -> int:
        """Number of firms, closed ones included."""
        return int(self.con.table("firm_keys").count().execute())


@contextmanager
def open_records(
    path: Path | str | Address,
    mapping: Mapping | None = None,
    *,
    today: dt.date | None = None,
    rejected: Path | None = None,
    memory_limit_gb: float | None = None,
    scratch: Path | None = None,
    progress: Callable[[int], object] | None = None,
) -> Iterator[Records]:
    """Read, check and open records; the working database lives as long as the context.

    Parameters
    ----------
    path : Path, str or Address
        Folder, workbook, DuckDB file or address of a PostgreSQL database; the source folder where a
        mapping is given.
    mapping : Mapping, optional
        Turns the files of `path` into record tables.
    today : date, optional
        No event may lie after it; the day of the run by default.
    rejected : Path, optional
        Folder for ``TABLE.csv`` with every rejected row and emptied cell.
    memory_limit_gb : float, optional
        Limit of the working database's memory; beyond it, it spills to disk.
    scratch : Path, optional
        Folder in which the working database and what it spills lie meanwhile; that for temporary files
        by default.
    progress : callable, optional
        Told after each checked table how many more are done.

    Raises
    ------
    RecordsError
        Where the records cannot be used. Its failures name everything that was found.
    """
    with tempfile.TemporaryDirectory(prefix=WORKING, dir=scratch) as name:
        folder = Path(name)
        backend = ibis.duckdb.connect(folder / "records.duckdb")
        try:
            if memory_limit_gb:
                backend.con.execute(f"SET memory_limit = '{memory_limit_gb:g}GB'")
            backend.con.execute(f"SET temp_directory = {literal(folder / 'spill')}")
            _without_progress_bar(backend)
            place = _place(path)
            if mapping is None:
                extract = read_folder(backend.con, place, folder)
            elif isinstance(place, Address):
                remedy = "Leave out the mapping, and make views in the database that do its work."
                raise RecordsError([refusal("mapping", "", f"of a database, {place}", remedy)])
            else:
                extract = Extract(run_mapping(backend.con, mapping, place, folder))
            quality = _check(backend, extract, today or dt.date.today(), rejected, progress)
            yield Records(backend, quality)
        finally:
            backend.disconnect()


def _place(path: Path | str | Address) -> Path | Address:
    if isinstance(path, Address):
        return path
    return Address.of(path) if is_address(path) else Path(path)


def _check(
    backend: Backend,
    extract: Extract,
    today: dt.date,
    rejected: Path | None,
    progress: Callable[[int], object] | None,
) -> Quality:
    origin, failures = extract.origin, list(extract.failures)
    for table in TABLES:
        if table.name not in origin:
            if table.required:
                remedy = f"{table.meaning} Provide the table, if need be without rows."
                failures.append(refusal(table.name, "", "missing table", remedy))
            _write_empty(backend, table)
        failures += column_failures(backend.con, table) if table.name in origin else []
    if any(failure.action == "refused" for failure in failures):
        raise RecordsError(failures, extract.lines)
    lines, matches = [], []
    for table in TABLES:
        line, found, match = _check_table(
            backend, table, origin.get(table.name, ""), today, rejected
        )
        lines.append(line)
        failures += [extract.in_their_words(failure) for failure in found]
        matches += match
        if progress:
            progress(1)
    if any(failure.action == "refused" for failure in failures):
        raise RecordsError(failures, extract.lines)
    failures += _across_tables(backend, rejected)
    identity = identity_report(backend.con) | {"matches": matches}
    return Quality(tuple(lines), tuple(failures), extract.lines, identity)


def _across_tables(backend: Backend, rejected: Path | None) -> list[Failure]:
    """Return what the accepted tables together say: notes, which lose no row."""
    found = disagreements(backend)
    if rejected is not None:
        write_disagreements(found, rejected)
    return [*as_notes(found), *volume_alarms(backend.con), *probable_doubles(backend.con)]


def _write_empty(backend: Backend, table: RecordTable) -> None:
    columns = ", ".join(f"{name} VARCHAR" for name in table.names)
    backend.con.execute(f"CREATE OR REPLACE TABLE raw_{table.name} (source_row BIGINT, {columns})")


def _check_table(
    backend: Backend, table: RecordTable, file: str, today: dt.date, rejected: Path | None
) -> tuple[TableQuality, list[Failure], list[dict[str, Any]]]:
    columns = write_typed(backend.con, table)
    typed = backend.table(f"typed_{table.name}")
    n_typed = int(typed.count().execute())
    broken = broken_rules(typed, list(rules_of(table, columns, today))) if n_typed else []
    malformed, matches = malformed_lines(backend, table), matched(backend.con, table)
    failures = [failure_of(table, typed, rule) for rule in broken] + malformed
    if rejected is not None and any(failure.action != "noted" for failure in failures):
        write_rejected(backend, table, broken, rejected)
    n_read = n_typed + sum(failure.count for failure in malformed)
    n_accepted = accept(backend, table, broken)
    failures += too_few(table, n_read, n_accepted)
    backend.con.execute(f"DROP TABLE typed_{table.name}; DROP TABLE raw_{table.name}")
    fingerprint = _fingerprint(backend, table)
    return TableQuality(table.name, file, n_read, n_accepted, fingerprint), failures, matches


def _fingerprint(backend: Backend, table: RecordTable) -> str:
    cells = ", ".join(f"coalesce({name}::VARCHAR, '')" for name in table.names)
    row = f"md5_number(concat_ws(chr(31), {cells}))"
    query = f"SELECT count(*), coalesce(bit_xor({row}), 0) FROM {table.name}"
    count, mixed = backend.con.execute(query).fetchall()[0]
    return f"{count}-{int(mixed) & (2**128 - 1):032x}"


def _without_progress_bar(backend: Backend) -> None:
    """Turn DuckDB's bar off; in Jupyter it is off, and even asking for that needs ipywidgets."""
    shown = backend.con.execute("SELECT current_setting('enable_progress_bar')").fetchall()
    if shown != [(False,)]:  # all is fetched: a result that waits would bar other work
        backend.con.execute("SET enable_progress_bar = false")
