"""Scored batches on disk: each there whole or not at all, and kept for another try where they are many."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

import features
import models
import risk_index
from features.begun import PARTS
from features.reading import literal
from features.records import WORKING
from risk_index.errors import UserError
from risk_index.scoring import Batch
from risk_index.whole_folder import alone

TABLES = ("rows", "topics", "refits")
"""What a batch is written as, a Parquet file each."""
PASSING = "passing"
"""Folder of the batches of a registry that is scored in one go: they are not kept."""
SCORING = re.compile(rf"[0-9a-f]{{16}}|{PASSING}|{WORKING}.*")
CHECKING = re.compile(rf"{'|'.join(map(re.escape, PARTS))}|{WORKING}.*")
"""What may lie in the folder of a ranking and of a check that are not done."""


@contextmanager
def workplace(out: Path, kind: str = "scoring", ours: re.Pattern[str] = SCORING) -> Iterator[Path]:
    """Give the folder ``OUT.KIND``, which is gone when all is written.

    Where the work is broken off, what a later run can use stays, and nothing else does.

    Raises
    ------
    UserError
        Where there is such a folder that holds something else, or another run is at work in it.
    """
    place = out.resolve().with_name(f"{out.name}.{kind}")
    place.parent.mkdir(parents=True, exist_ok=True)
    with alone(place, out), _emptied(place, ours):
        yield place


@contextmanager
def _emptied(place: Path, ours: re.Pattern[str]) -> Iterator[None]:
    held = [part.name for part in place.iterdir()] if place.is_dir() else []
    if not all(map(ours.fullmatch, held)) or (place.exists() and not place.is_dir()):
        raise UserError(f"{place} exists and holds something else: move it, or name a new --out")
    place.mkdir(exist_ok=True)
    _clear(place)
    try:
        yield
    except BaseException:
        _clear(place)
        if not any(place.iterdir()):
            place.rmdir()
        raise
    shutil.rmtree(place)


def _clear(place: Path) -> None:
    """Remove what no later run can use, of a run that was killed too."""
    for folder in (*place.glob(f"{WORKING}*"), place / PASSING):
        shutil.rmtree(folder, ignore_errors=True)


def fingerprint(*facts: object) -> str:
    """Return 16 hexadecimal digits of all that scored batches hang on, this program's own text too."""
    code = hashlib.sha256()
    for package in (features, models, risk_index):
        root = Path(str(package.__file__)).parent
        for file in sorted((*root.rglob("*.py"), *root.rglob("*.po"))):
            code.update(file.read_bytes())
    return hashlib.sha256(repr((facts, code.hexdigest())).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Scored:
    """Scored batches, in the order of the firms.

    Attributes
    ----------
    folder : Path
        ``part-00000`` and so on, each with a file a table.
    n_kept, n_firms : int
        Batches of an earlier run, and their firms.
    next_key : int
        Above the keys of these firms, and not above any other's.
    """

    folder: Path
    n_kept: int = 0
    n_firms: int = 0
    next_key: int = 0

    @classmethod
    def at(cls, place: Path, of: str | None) -> Scored:
        """Take over what an earlier run finished of the fingerprint `of`; None keeps nothing.

        What was scored from anything else is removed.
        """
        folder = place / (of or PASSING)
        for other in place.iterdir():
            if other != folder and not other.name.startswith(WORKING):
                shutil.rmtree(other)
        folder.mkdir(exist_ok=True)
        firms = _readable(folder)
        for part in sorted(folder.iterdir())[len(firms) :]:
            shutil.rmtree(part)  # unfinished, or behind one that is
        return cls(folder, len(firms), sum(firms), _next_key(folder, len(firms)))

    def parts(self) -> list[Path]:
        """Return the folder of every batch, in the order of the firms."""
        return sorted(self.folder.iterdir())

    def add(self, batches: Iterable[Batch]) -> None:
        """Write the batches that come after those kept."""
        con = duckdb.connect()
        try:
            for number, batch in enumerate(batches, self.n_kept):
                _write(con, batch, self.folder / _part(number))
        finally:
            con.close()

    def show(self, con: duckdb.DuckDBPyConnection) -> None:
        """Make views ``scored``, ``topics`` and ``refits`` of all batches.

        Raises
        ------
        UserError
            Where there is none.
        """
        if not any(self.folder.iterdir()):
            raise UserError(
                "firms: no firm is known, registered and open on the as-of date; "
                "take a later date or check recorded_on, registered_on and closed_on."
            )
        for view, table in zip(("scored", *TABLES[1:]), TABLES, strict=True):
            files = literal(self.folder / "part-*" / f"{table}.parquet")
            con.execute(f"CREATE VIEW {view} AS FROM read_parquet({files})")


def _part(number: int) -> str:
    return f"part-{number:05d}"


def _write(con: duckdb.DuckDBPyConnection, batch: Batch, part: Path) -> None:
    """Write a batch under another name first: a part that bears its own is whole."""
    fresh = part.with_name(f"unfinished-{part.name}")
    fresh.mkdir()
    for table in TABLES:
        con.register("incoming", getattr(batch, table))
        file = literal(fresh / f"{table}.parquet")
        con.execute(f"COPY (FROM incoming) TO {file} (FORMAT parquet)")
        con.unregister("incoming")
    fresh.rename(part)


def _readable(folder: Path) -> list[int]:
    """Return the firms of each part from the first on, up to one that is missing or cannot be read."""
    found: list[int] = []
    with duckdb.connect() as con:
        while (part := folder / _part(len(found))).is_dir():
            try:
                counts = {_rows(con, part / f"{table}.parquet") for table in TABLES}
            except duckdb.Error:
                break
            if len(counts) > 1:
                break
            found += counts
    return found


def _next_key(folder: Path, n_parts: int) -> int:
    """Return what follows the highest firm of the parts, which are in the order of their keys."""
    if not n_parts:
        return 0
    last = literal(folder / _part(n_parts - 1) / "rows.parquet")
    with duckdb.connect() as con:
        found = con.execute(f"SELECT max(firm_key) + 1 FROM read_parquet({last})").fetchall()
    return int(found[0][0])


def _rows(con: duckdb.DuckDBPyConnection, file: Path) -> int:
    return int(con.execute(f"SELECT count(*) FROM read_parquet({literal(file)})").fetchall()[0][0])
