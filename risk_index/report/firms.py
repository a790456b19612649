"""The ranked firms in the report: by tier, region and sector, and all of them in a table to filter."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from risk_index.ranked_rows import as_numbers, read_ranked
from risk_index.report.groups import Groups, all_groups

SHOWN = (
    "rank", "firm_id", "name", "sector", "region", "index", "tier", "inspections_per_year", "reason_1",
    "reason_2", "likelihood", "index_low", "index_high",
)  # fmt: skip
"""Columns of the table."""
READ = (*SHOWN, "likelihood_low", "likelihood_high", "completeness", "notes")
MOST_FIRMS = 100_000
"""The first so many firms go into the table: more would make a browser wait."""
FIRST_ROWS = 50
"""Rows that stand in the page itself: read without JavaScript, and printed."""
DECIMALS = {
    "rank": 0,
    "index": 1,
    "index_low": 1,
    "index_high": 1,
    "likelihood": 3,
    "inspections_per_year": 3,
}
"""Numbers of the table and their decimals."""
_NUMBERS = (*DECIMALS, "likelihood_low", "likelihood_high", "completeness")


@dataclass(frozen=True)
class RankedFirms:
    """What the report shows of a ranking.

    Attributes
    ----------
    total, shown : int
        Firms of the ranking, and those in the table.
    groups : tuple of Groups
        Firms by tier, region and sector.
    first : list of dict
        Cells of the first rows, by column.
    packed : str
        The table's columns as JSON, compressed by gzip, in base64.
    """

    total: int
    shown: int
    groups: tuple[Groups, ...]
    first: list[dict[str, str]]
    packed: str


def ranked_firms(ranked: Path) -> RankedFirms:
    """Return what the report shows of a ranking.

    Raises
    ------
    UserError
        Where the file is no ranking, or a number in it is none.
    """
    rows = as_numbers(read_ranked(ranked, READ), _NUMBERS, ranked)
    table = rows.head(MOST_FIRMS)
    first = [_cells(row) for row in rows.head(FIRST_ROWS).to_dict("records")]
    return RankedFirms(len(rows), len(table), all_groups(rows), first, _packed(table))


def _cells(row: dict[str, object]) -> dict[str, str]:
    return {
        name: f"{row[name]:.{DECIMALS[name]}f}" if name in DECIMALS else str(row[name])
        for name in SHOWN
    }


def _packed(rows: pd.DataFrame) -> str:
    """Return columns as compressed JSON, the same bytes for the same rows."""
    columns = {
        name: rows[name].round(DECIMALS[name]).tolist() if name in DECIMALS else rows[name].tolist()
        for name in SHOWN
    }
    text = json.dumps(columns, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()
