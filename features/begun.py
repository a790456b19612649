"""A check that stores what it keeps table by table, and goes on where an earlier one was broken off."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from features.extract import Extract
from features.quality import Quality
from features.schema import TABLES
from features.stored import REGISTRY, program, show, store

REJECTED, FINISHED, MARK = "rejected", "finished", "begun.json"
UNFINISHED = "unfinished-"
PARTS = (REGISTRY, REJECTED, FINISHED, MARK, f"{UNFINISHED}{MARK}")
"""What may lie in the folder of a check that is not done."""


@dataclass(frozen=True)
class Begun:
    """A check on its way.

    Attributes
    ----------
    folder : Path
        Holds the accepted records as ``registry``, what was rejected, and of every finished table its report.
    today : date
        Day on which the check began: it goes on as of that day.
    """

    folder: Path
    today: dt.date

    @classmethod
    def at(
        cls, folder: Path, con: duckdb.DuckDBPyConnection, extract: Extract, today: dt.date
    ) -> Begun:
        """Take over what was finished of the same raw tables by the same program, or begin anew."""
        mark = folder / MARK
        of = _content(con, extract)
        begun = _read(mark)
        if begun is not None and begun["of"] == of:
            return cls(folder, dt.date.fromisoformat(begun["today"]))
        empty(folder)
        _write_whole(mark, json.dumps({"of": of, "today": today.isoformat()}))
        return cls(folder, today)

    def finished(self, con: duckdb.DuckDBPyConnection, names: tuple[str, ...]) -> Quality | None:
        """Show a table that was finished before, with what else came of it.

        None where it was not, or where a machine that went down left files that cannot be read.
        """
        report = _read(self.folder / FINISHED / f"{names[0]}.json")
        if report is None:
            return None
        try:
            for name in names:
                show(con, name, self.folder / REGISTRY)
        except duckdb.Error:
            for name in names:
                con.execute(f"DROP VIEW IF EXISTS {name}")
            return None
        return Quality.of(report)

    def finish(
        self, con: duckdb.DuckDBPyConnection, names: tuple[str, ...], quality: Quality
    ) -> None:
        """Store a table with what else came of it, and then its report."""
        for name in names:
            store(con, name, self.folder / REGISTRY)
        _write_whole(self.folder / FINISHED / f"{names[0]}.json", quality.as_json())


def empty(folder: Path) -> None:
    """Remove what an earlier check left in its folder."""
    (folder / MARK).unlink(missing_ok=True)
    for part in (REGISTRY, REJECTED, FINISHED):
        shutil.rmtree(folder / part, ignore_errors=True)
        (folder / part).mkdir()


def _content(con: duckdb.DuckDBPyConnection, extract: Extract) -> str:
    """Return the hash of what a check reads: every raw table's cells, their order and their file."""
    facts: list[object] = [program(), duckdb.__version__, extract.origin]
    for table in TABLES:
        for name in (f"raw_{table.name}", f"malformed_{table.name}"):
            if con.execute(
                "SELECT 1 FROM duckdb_columns() WHERE table_name = ?", [name]
            ).fetchall():
                columns = con.execute(f"DESCRIBE {name}").fetchall()
                rows = con.execute(f"SELECT count(*), bit_xor(hash(r)) FROM {name} r").fetchall()
                facts += [name, columns, rows]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _read(file: Path) -> dict[str, Any] | None:
    """Return what a file holds; None where it is not there, or is not whole."""
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found


def _write_whole(file: Path, text: str) -> None:
    fresh = file.with_name(f"{UNFINISHED}{file.name}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)
