"""A ranking of an earlier round in a database, so that a nation's takes none of our memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np

from features.reading import literal
from risk_index.errors import UserError
from risk_index.ranked_rows import DECIMALS, as_numbers, ranked_portions
from risk_index.tiers import TIERS, Texts

FIRM_AND_TIER = ("firm_id", "tier")
LETTERS = ("", *TIERS.tolist())
"""What :func:`place_of` numbers: no tier, then A to D."""


def show_ranking(
    con: duckdb.DuckDBPyConnection, name: str, ranked: Path, wanted: Sequence[str]
) -> None:
    """Show columns of a ranking as `name` in a database; a firm that stands there twice, the first time.

    Parameters
    ----------
    ranked : Path
        The CSV, in any language, or the folder of Parquet.
    wanted : sequence of str
        ``firm_id`` and others of :data:`~risk_index.ranked_rows.COLUMNS`.

    Raises
    ------
    UserError
        Where it is no ranking, or a cell of a column of numbers is none.
    """
    if ranked.is_dir():
        files = literal(ranked / "part-*.parquet")
        cells = ", ".join(wanted)
        try:
            con.execute(f"CREATE TEMP VIEW {name} AS SELECT {cells} FROM read_parquet({files})")
        except duckdb.Error as error:
            raise UserError(f"{ranked} cannot be read as a ranking: {error}") from error
        return
    kinds = ", ".join(f"{c} {'DOUBLE' if c in DECIMALS else 'VARCHAR'}" for c in wanted)
    con.execute(f"CREATE TEMP TABLE all_{name} ({kinds})")
    for rows in ranked_portions(ranked, wanted):
        portion = as_numbers(rows, [c for c in wanted if c in DECIMALS], ranked)
        con.register("portion", portion)
        con.execute(f"INSERT INTO all_{name} FROM portion")
        con.unregister("portion")
    others = ", ".join(f"arg_min({c}, rowid) AS {c}" for c in wanted if c != "firm_id")
    con.execute(
        f"CREATE TEMP VIEW {name} AS SELECT firm_id, {others} FROM all_{name} GROUP BY firm_id"
    )


def place_of(tier: str) -> str:
    """Return SQL for the number of a tier in :data:`LETTERS`; 0 where there is none."""
    return f"coalesce(list_position({list(LETTERS)}, {tier}) - 1, 0)::UTINYINT"


def tiers_of(con: duckdb.DuckDBPyConnection, firms: str, ranked: Path) -> Texts:
    """Return the tiers that firms had in an earlier ranking, "" where they had none; shape (n,).

    Parameters
    ----------
    firms : str
        A table of the database with ``firm_key``, in whose order they come, and ``firm_id``.
    """
    show_ranking(con, "earlier", ranked, FIRM_AND_TIER)
    found = con.execute(
        f"SELECT {place_of('e.tier')} AS place FROM {firms} f LEFT JOIN earlier e USING (firm_id) "
        "ORDER BY f.firm_key"
    ).fetchnumpy()
    return np.array(LETTERS)[np.asarray(found["place"])]
