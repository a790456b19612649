"""The ranked firms in the report: by tier, region and sector, and all of them in a table to filter."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.sector import sector_path
from risk_index.ranked_rows import read_ranked

SHOWN = (
    "rank", "firm_id", "name", "sector", "region", "index", "tier", "inspections_per_year", "reason_1",
    "reason_2", "likelihood", "index_low", "index_high",
)  # fmt: skip
"""Columns of the table."""
MOST_FIRMS = 100_000
"""The first so many firms go into the table: more would make a browser wait."""
MOST_GROUPS = 40
"""Rows of a table of groups; the rest is added up."""
_NUMBERS = ("rank", "index", "index_low", "index_high", "likelihood", "inspections_per_year")
_DECIMALS = {
    "index": 1,
    "index_low": 1,
    "index_high": 1,
    "likelihood": 3,
    "inspections_per_year": 3,
}


@dataclass(frozen=True)
class Groups:
    """Firms by tier, region or sector: a heading and a row a group.

    Attributes
    ----------
    by : str
    rows : list of dict
        ``group``, ``firms``, ``index`` (mean), ``high`` (share of firms in tiers C and D), ``visits``
        (expected a year), ``per_firm`` (expected a year and firm).
    """

    by: str
    rows: list[dict[str, object]]


@dataclass(frozen=True)
class RankedFirms:
    """What the report shows of a ranking.

    Attributes
    ----------
    total, shown : int
        Firms of the ranking, and those in the table.
    packed : str
        The table's columns as JSON, compressed by gzip, in base64.
    """

    total: int
    shown: int
    groups: tuple[Groups, ...]
    packed: str


def ranked_firms(ranked: Path) -> RankedFirms:
    """Return what the report shows of a ranking.

    Raises
    ------
    UserError
        Where the file is no ranking.
    """
    rows = read_ranked(ranked, SHOWN)
    rows = rows.assign(**{name: rows[name].astype(float) for name in _NUMBERS})
    widest = [sector_path(code)[0] if code else "" for code in rows.sector]
    groups = (
        _grouped("tier", rows, rows.tier),
        _grouped("region", rows, rows.region),
        _grouped("sector", rows, pd.Series(widest, index=rows.index)),
    )
    table = rows.head(MOST_FIRMS)
    return RankedFirms(len(rows), len(table), groups, _packed(table))


def _grouped(by: str, rows: pd.DataFrame, group: pd.Series) -> Groups:
    """Return groups in the order of their names where few, else the largest and the rest."""
    counts = group.value_counts()
    kept = set(counts.index[:MOST_GROUPS])
    name = group.where(group.isin(kept), "others").replace("", "not stated")
    found = rows.assign(high=rows.tier.isin(["C", "D"])).groupby(name, sort=True)
    table = pd.DataFrame(
        {
            "firms": found.size(),
            "index": found["index"].mean(),
            "high": found.high.mean(),
            "visits": found.inspections_per_year.sum(),
            "per_firm": found.inspections_per_year.mean(),
        }
    )
    return Groups(by, table.rename_axis("group").reset_index().to_dict("records"))


def _packed(rows: pd.DataFrame) -> str:
    """Return columns as compressed JSON, the same bytes for the same rows."""
    columns = {
        name: rows[name].round(_DECIMALS.get(name, 0)).tolist()
        if name in _NUMBERS
        else rows[name].tolist()
        for name in SHOWN
    }
    text = json.dumps(columns, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()
