"""A check that stores what it keeps table by table, and goes on where an earlier one was broken off."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from features.extract import Extract
from features.quality import Quality
from features.schema import TABLES
from features.stored import REGISTRY, program, show, store

REJECTED, FINISHED, MARK = "rejected", "finished", "begun.json"
PARTS = (REGISTRY, REJECTED, FINISHED, MARK)
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
        if mark.exists():
            begun = json.loads(mark.read_text(encoding="utf-8"))
            if begun["of"] == of:
                return cls(folder, dt.date.fromisoformat(begun["today"]))
        for part in (REGISTRY, REJECTED, FINISHED):
            shutil.rmtree(folder / part, ignore_errors=True)
            (folder / part).mkdir()
        _write_whole(mark, json.dumps({"of": of, "today": today.isoformat()}))
        return cls(folder, today)

    def finished(self, con: duckdb.DuckDBPyConnection, names: tuple[str, ...]) -> Quality | None:
        """Show a table that was finished before, with what else came of it; None where it was not."""
        report = self.folder / FINISHED / f"{names[0]}.json"
        if not report.exists():
            return None
        for name in names:
            show(con, name, self.folder / REGISTRY)
        return Quality.of(json.loads(report.read_text(encoding="utf-8")))

    def finish(
        self, con: duckdb.DuckDBPyConnection, names: tuple[str, ...], quality: Quality
    ) -> None:
        """Store a table with what else came of it, and then its report."""
        for name in names:
            store(con, name, self.folder / REGISTRY)
        _write_whole(self.folder / FINISHED / f"{names[0]}.json", quality.as_json())


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


def _write_whole(file: Path, text: str) -> None:
    fresh = file.with_name(f"unfinished-{file.name}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)
