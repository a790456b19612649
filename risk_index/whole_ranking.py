"""The whole ranking as Parquet, part by part, where the CSV holds the firms at its top alone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb

from features.reading import literal
from risk_index.errors import UserError
from risk_index.frame_columns import BILLION
from risk_index.kept import Scored
from risk_index.ranked_rows import COLUMNS

END = ".parquet"
_PART = re.compile(rf"part-\d{{5}}{re.escape(END)}")


def whole_of(ranked: Path) -> Path:
    """Return the folder of the whole ranking beside the CSV of its top."""
    return ranked.with_suffix(END)


def all_firms(ranked: Path) -> Path:
    """Return what holds all firms of a ranking: the folder beside it if there is one, or the file itself."""
    whole = whole_of(ranked)
    return whole if _is_ours(whole) else ranked


def refuse_other_folder(out: Path) -> None:
    """Refuse to replace what is no whole ranking.

    Raises
    ------
    UserError
        Naming the folder.
    """
    whole = whole_of(out)
    if whole.exists() and not _is_ours(whole):
        raise UserError(f"{whole} exists and is no ranking: move it, or name a new --out")


def _is_ours(whole: Path) -> bool:
    """Tell whether a folder holds the files of a whole ranking and nothing else."""
    files = list(whole.iterdir()) if whole.is_dir() else []
    return bool(files) and all(_PART.fullmatch(file.name) for file in files)


def write_whole(
    con: duckdb.DuckDBPyConnection, scored: Scored, folder: Path, stated: dict[str, object]
) -> None:
    """Write every firm, in the order of the identifiers, one file a scored batch.

    The columns are those of the CSV, numbers unrounded and texts as they came.

    Parameters
    ----------
    con : DuckDBPyConnection
        With the table ``placed``.
    scored : Scored
        The scored batches.
    folder : Path
        New.
    stated : dict
        ``rounds_per_year``, ``max_per_year``, ``model_version``, ``as_of`` and ``separator``.
    """
    folder.mkdir()
    for part in scored.parts():
        rows = literal(part / "rows.parquet")
        first, last = con.execute(
            f"SELECT min(firm_key), max(firm_key) FROM read_parquet({rows})"
        ).fetchall()[0]
        file = literal(folder / f"{part.name}{END}")
        con.execute(
            f"COPY ({_query(rows)} WHERE p.firm_key BETWEEN {first} AND {last} ORDER BY p.firm_key) "
            f"TO {file} (FORMAT parquet)",
            stated,
        )


def _query(rows: str) -> str:
    made = {
        "inspection_probability": f"p.probability_ppb / {BILLION}",
        "inspections_per_year": f"p.probability_ppb / {BILLION} * $rounds_per_year",
        "max_inspections_per_year": "$max_per_year",
        "notes": "concat_ws($separator, nullif(s.notes, ''), nullif(p.plan_notes, ''))",
        "model_version": "$model_version",
        "as_of": "$as_of",
    }
    columns = ", ".join(f"{made[name]} AS {name}" if name in made else name for name in COLUMNS)
    return f"SELECT {columns} FROM read_parquet({rows}) s JOIN placed p USING (firm_key)"


def put(whole: Path | None, out: Path) -> None:
    """Move a whole ranking beside `out`, or take away the one of an earlier run."""
    place = whole_of(out)
    if _is_ours(place):
        shutil.rmtree(place)
    if whole is not None:
        whole.replace(place)
