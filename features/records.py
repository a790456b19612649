"""Checked records: read or mapped and checked, or opened as an earlier check kept them."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import ibis
from ibis.backends.duckdb import Backend

from features.addresses import Address, is_address
from features.begun import REJECTED, Begun, empty
from features.checking import Check
from features.extract import Extract, read_folder
from features.failures import RecordsError, refusal
from features.mapping import Mapping, run_mapping
from features.quality import Quality
from features.reading import literal
from features.stored import REGISTRY, finish, is_stored, reopen

WORKING = "risk-index-"
"""How the folder of a working database begins."""


@dataclass(frozen=True)
class Records:
    """Accepted records in a working database, one table per record table.

    Every table has ``firm_key`` (int32, firms in the order of their ids) and ``superseded_on``, the
    day a newer version of the row became known (empty where there is none).
    """

    con: Backend
    quality: Quality
    _tables: dict[str, ibis.Table] = field(default_factory=dict, init=False, repr=False)

    def table(self, name: str) -> ibis.Table:
        """Return an accepted record table; the database is asked for its columns once."""
        if name not in self._tables:
            self._tables[name] = self.con.table(name)
        return self._tables[name]

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
    keep: Path | None = None,
    progress: Callable[[int], object] | None = None,
) -> Iterator[Records]:
    """Read, check and open records; the working database lives as long as the context.

    Parameters
    ----------
    path : Path, str or Address
        Folder, workbook, DuckDB file or address of a PostgreSQL database; the source folder where a
        mapping is given; a folder of records that were checked and kept, which are opened as they are.
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
    keep : Path, optional
        Folder in which the accepted records stay as ``registry`` and what is rejected as ``rejected``: to be
        opened without another check. One that was broken off in this folder goes on.
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
            if not isinstance(place, Address) and is_stored(place):
                if keep is not None:
                    empty(keep)
                    shutil.copytree(place / REGISTRY, keep / REGISTRY, dirs_exist_ok=True)
                    rejected = keep / REJECTED
                quality = _checked_before(backend, place, mapping, rejected)
            else:
                extract = _extract(backend, place, mapping, folder)
                day = today or dt.date.today()
                if keep is None:
                    quality = Check(backend, extract, day, rejected).run(progress)
                else:
                    begun = Begun.at(keep, backend.con, extract, day)
                    check = Check(backend, extract, begun.today, keep / REJECTED, begun)
                    quality = check.run(progress)
                    finish(keep / REGISTRY, quality.as_dict())
            yield Records(backend, quality)
        finally:
            backend.disconnect()


def _extract(
    backend: Backend, place: Path | Address, mapping: Mapping | None, folder: Path
) -> Extract:
    if mapping is None:
        return read_folder(backend.con, place, folder)
    if isinstance(place, Address):
        remedy = "Leave out the mapping, and make views in the database that do its work."
        raise RecordsError([refusal("mapping", "", f"of a database, {place}", remedy)])
    return Extract(run_mapping(backend.con, mapping, place, folder))


def _checked_before(
    backend: Backend, place: Path, mapping: Mapping | None, rejected: Path | None
) -> Quality:
    """Open what was checked and kept; what was rejected then lies where it is wanted now as well."""
    if mapping is not None:
        rule, remedy = f"of records that were mapped and checked, {place}", "Leave out the mapping."
        raise RecordsError([refusal("mapping", "", rule, remedy)])
    quality = Quality.of(reopen(backend.con, place))
    if rejected is not None and (place / "rejected").is_dir():
        shutil.copytree(place / "rejected", rejected, dirs_exist_ok=True)
    return quality


def _place(path: Path | str | Address) -> Path | Address:
    if isinstance(path, Address):
        return path
    return Address.of(path) if is_address(path) else Path(path)


def _without_progress_bar(backend: Backend) -> None:
    """Turn DuckDB's bar off; in Jupyter it is off, and even asking for that needs ipywidgets."""
    shown = backend.con.execute("SELECT current_setting('enable_progress_bar')").fetchall()
    if shown != [(False,)]:  # all is fetched: a result that waits would bar other work
        backend.con.execute("SET enable_progress_bar = false")
