"""The synthetic registry: records as a regulator would hold them, and the truth beside them.

A world is drawn in chunks of firms. What a chunk holds depends on the settings, the seed, its
number and its number of firms alone: a world of more firms repeats every full chunk of a smaller
one, and neither threads nor the order of work change a byte.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.schema import BY_NAME
from risk_index.errors import UserError
from risk_index.world.chunks import chunk_of, known, tables
from risk_index.world.firms import EVERYWHERE, column, draw_firms
from risk_index.world.records import last_day, permits, sources
from risk_index.world.settings import WorldSettings
from risk_index.world.tables import Encoder, credit_codes

WORLD_VERSION = "2"
EVENT_TABLES = ("penalties", "permits", "irregularities", "listings", "inspections")
OURS = {"records", "attributes.parquet", "truth.parquet", "world.json"}
"""What a world's folder holds; nothing else is ever replaced."""
PILOT_FIRMS = 4000
TERM_SCALES = (0.02, 20.0)

Progress = Callable[[int, int], None]


class WorldError(UserError):
    """A world that cannot be drawn or written as asked."""


@dataclass(frozen=True)
class WorldSummary:
    """What was written.

    Attributes
    ----------
    out : Path
        Folder of the world.
    n_firms : int
        Number of firms, closed ones included.
    as_of : str
        Date to fit and rank at, ``YYYY-MM-DD``.
    rows : mapping of str to int
        Rows of each record table.
    """

    out: Path
    n_firms: int
    as_of: str
    rows: Mapping[str, int]

    @property
    def n_events(self) -> int:
        """Rows of penalties, permits, irregularities, listings and inspections together."""
        return sum(self.rows[name] for name in EVENT_TABLES)


def write_world(
    out: Path, n_firms: int, seed: int, settings: WorldSettings,
    events_per_firm: float | None = None, progress: Progress | None = None,
) -> WorldSummary:  # fmt: skip
    """Write ``records/``, ``attributes.parquet``, ``truth.parquet`` and ``world.json``.

    Parameters
    ----------
    out : Path
        Folder to write; it appears when it is complete. An earlier world in it is replaced.
    n_firms : int
        Number of firms, at least 1.
    seed : int
        Seed of all random numbers, at least 0. The same arguments give the same bytes.
    settings : WorldSettings
        Knobs; see :func:`load_world_settings`.
    events_per_firm : float, optional
        Mean number of events a firm, reached by longer or shorter terms of permits, which nothing
        else depends on. As the settings have it, if not given.
    progress : callable, optional
        Called with the number of firms written and `n_firms` after each chunk.

    Raises
    ------
    WorldError
        Where `out` holds something else, or a number cannot be met.
    """
    if n_firms < 1 or seed < 0:
        raise WorldError(f"n_firms is {n_firms}, seed is {seed}; at least 1 and 0 are needed.")
    if events_per_firm is not None:
        settings = with_events(settings, seed, events_per_firm)
    drawn = _chunks(n_firms, seed, settings, progress)
    return write_tables(out, drawn, seed, settings, n_firms, settings.as_of)


def write_tables(
    out: Path, drawn: Iterator[tuple[str, pa.Table]], seed: int, settings: WorldSettings,
    n_firms: int, as_of: dt.date,
) -> WorldSummary:  # fmt: skip
    """Write a world from its tables, which come under their names chunk by chunk."""
    with _new_world(Path(out).resolve()) as folder:
        rows = _write_chunks(folder, drawn)
        summary = WorldSummary(Path(out), n_firms, as_of.isoformat(), rows)
        _write_description(folder / "world.json", seed, settings, summary)
    return summary


def with_events(settings: WorldSettings, seed: int, events_per_firm: float) -> WorldSettings:
    """Return settings whose terms of permits give about that many events a firm."""
    firms = draw_firms(settings, seed, EVERYWHERE, PILOT_FIRMS)
    drawn = tables(chunk_of(firms, settings, seed), settings, seed)
    rows = {name: len(table["firm_id"]) for name, table in drawn.items()}
    others = sum(rows[name] for name in EVENT_TABLES if name != "permits") / PILOT_FIRMS
    for _ in range(8):
        wanted = (events_per_firm - others) * PILOT_FIRMS
        scale = settings.permit_term_scale * rows["permits"] / max(wanted, 1e-9)
        if not TERM_SCALES[0] <= scale <= TERM_SCALES[1]:
            raise WorldError(
                f"events_per_firm is {events_per_firm:g}; {others:.1f} events a firm are no permits"
                f" and the terms of permits can be scaled by {TERM_SCALES[0]:g} to "
                f"{TERM_SCALES[1]:g} only. Ask for a number nearer to 10."
            )
        settings = settings.model_copy(update={"permit_term_scale": scale})
        terms = permits(firms, settings, seed).terms
        rows["permits"] = len(known(terms, last_day(settings))["firm_id"])
    return settings


# ---- chunks --------------------------------------------------------------------------------------


def _write_chunks(folder: Path, drawn: Iterator[tuple[str, pa.Table]]) -> dict[str, int]:
    """Write all tables chunk by chunk and return the rows of each record table."""
    writers: dict[str, pq.ParquetWriter] = {}
    rows: dict[str, int] = {}
    try:
        for name, table in drawn:
            if name not in writers:
                place = folder if name in ("attributes", "truth") else folder / "records"
                writers[name] = pq.ParquetWriter(
                    place / f"{name}.parquet", table.schema, compression="zstd"
                )
            writers[name].write_table(table)
            rows[name] = rows.get(name, 0) + table.num_rows
    finally:
        for writer in writers.values():
            writer.close()
    return {name: rows[name] for name in BY_NAME}


def _chunks(
    n_firms: int, seed: int, settings: WorldSettings, progress: Progress | None
) -> Iterator[tuple[str, pa.Table]]:
    encoder = Encoder(settings)
    yield (
        "sources",
        encoder.encode("sources", sources(settings, seed, settings.history_years), 0, None),
    )
    for chunk, first in enumerate(range(0, n_firms, settings.chunk_firms)):
        n = min(settings.chunk_firms, n_firms - first)
        firms = draw_firms(settings, seed, chunk, n)
        ids = credit_codes(seed, first, column(settings.regions, "code")[firms.region[0]])
        for name, table in tables(chunk_of(firms, settings, seed), settings, seed).items():
            yield name, encoder.encode(name, table, chunk, ids)
        if progress:
            progress(first + n, n_firms)


# ---- the folder ----------------------------------------------------------------------------------


@contextmanager
def _new_world(out: Path) -> Iterator[Path]:
    """Give a folder to build in; it becomes `out` at the end, or disappears after an error."""
    partial = out.with_name(f"{out.name}.partial")
    _check_replaceable(out, partial)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "records").mkdir(parents=True)
        yield partial
        if out.exists():
            shutil.rmtree(out)
        partial.rename(out)
    except OSError as error:
        raise WorldError(f"{out} cannot be written: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check_replaceable(out: Path, partial: Path) -> None:
    """Refuse to replace anything but an empty folder, a world, or the rest of a broken run."""
    for folder in (out, partial):
        if folder.exists() and not folder.is_dir():
            raise WorldError(f"{folder} is a file; name a folder for the world.")
        if others := _foreign(folder):
            named = ", ".join(others[:3])
            raise WorldError(f"{folder} holds what is no world's ({named}). Name another folder.")
    if any(out.glob("*")) and not (out / "world.json").exists():
        raise WorldError(f"{out} is neither empty nor a world. Name another folder.")


def _foreign(folder: Path) -> list[str]:
    tables = {f"{name}.parquet" for name in BY_NAME}
    records = {entry.name for entry in folder.glob("records/*")} - tables
    return sorted(({entry.name for entry in folder.glob("*")} - OURS) | records)


def _write_description(
    path: Path, seed: int, settings: WorldSettings, summary: WorldSummary
) -> None:
    description = {
        "version": WORLD_VERSION,
        "seed": seed,
        "n_firms": summary.n_firms,
        "as_of": summary.as_of,
        "rows": dict(summary.rows),
        "settings": settings.model_dump(mode="json"),
    }
    path.write_text(json.dumps(description, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
