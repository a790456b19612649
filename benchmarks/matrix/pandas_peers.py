"""What a firm shares with others, in pandas: sector's and region's rates, the controller's firms."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.matrix.pandas_events import closest
from features.asof import SectorClass

LEVELS = (1, 3, 4, 5)
OTHERS = {
    "others_inspections": "inspections",
    "others_violations": "violations_found",
    "others_harm": "harm_seen",
    "others_penalties": "penalties_in_force",
    "others_serious_penalties": "penalties_serious",
    "others_irregularities": "irregularities",
    "others_black_lists": "black_lists",
}


def sectors(
    firms: pd.DataFrame,
    visits: pd.DataFrame,
    spine: pd.DataFrame,
    guide: tuple[SectorClass, ...],
) -> pd.DataFrame:
    """Return every open firm's hazard class, required permits, and the rates of its sector."""
    rates = _shrunk(_outcomes(firms, visits, "sector"))
    found = {code: closest(code, guide) for code in rates.index}
    rates["hazard_class"] = [e.hazard_class if (e := found[c]) else np.nan for c in rates.index]
    rates["permits_required"] = [
        len(e.required_permits) if (e := found[c]) else 0 for c in rates.index
    ]
    return rates.reindex(spine.sector).set_axis(spine.index)


def regions(firms: pd.DataFrame, visits: pd.DataFrame, spine: pd.DataFrame) -> pd.DataFrame:
    """Return every open firm's rate of its region."""
    counts = _outcomes(firms, visits, "region")
    prior = (counts.y.sum() + 0.5) / (counts.n.sum() + 1.0)
    rate = (counts.y + 50.0 * prior) / (counts.n + 50.0)
    return spine.region.map(rate).to_frame("region_rate")


def _then(firms: pd.DataFrame, rows: pd.DataFrame, group: str) -> pd.DataFrame:
    """Add the firm's sector or region as known when the row was recorded."""
    versions = firms[["firm_key", "recorded_on", group]].sort_values("recorded_on")
    rows = rows.sort_values("recorded_on")
    rows = pd.merge_asof(rows, versions, on="recorded_on", by="firm_key")
    return rows.assign(**{group: rows[group].fillna("")})


def _outcomes(firms: pd.DataFrame, visits: pd.DataFrame, group: str) -> pd.DataFrame:
    judged = visits[visits.violation.notna() & ~visits.selection.isin(["complaint", "follow_up"])]
    rows = _then(firms, judged, group)
    hit = rows.violation == 1
    parts = pd.DataFrame(
        {
            group: rows[group],
            "n": 1.0,
            "y": hit.astype(float),
            "harm": rows.harm.where(hit, 0.0).fillna(0.0),
            "n_harm": (hit & rows.harm.notna()).astype(float),
            "seen": rows.harm.fillna(0.0),
            "n_seen": rows.harm.notna().astype(float),
        }
    )
    counts = parts.groupby(group).sum()
    return counts.reindex(counts.index.union(firms[group].unique()), fill_value=0.0)


def _shrunk(counts: pd.DataFrame) -> pd.DataFrame:
    total = counts.sum()
    rate = [pd.Series((total.y + 0.5) / (total.n + 1.0), counts.index)]
    harm = pd.Series((total.harm + 1.0) / (total.n_harm + 1.0), counts.index)
    seen = pd.Series((total.seen + 1.0) / (total.n_seen + 1.0), counts.index)
    for level in LEVELS:
        c = counts.groupby(counts.index.str[:level]).transform("sum")
        rate.append((c.y + 20.0 * rate[-1]) / (c.n + 20.0))
        harm = (c.harm + 10.0 * harm) / (c.n_harm + 10.0)
        seen = (c.seen + 20.0 * seen) / (c.n_seen + 20.0)
    return pd.DataFrame(
        {
            "sector_rate": rate[-1],
            "wider_rate": rate[-2],
            "section_rate": rate[1],
            "sector_harm": harm,
            "sector_harm_seen": seen,
        }
    )


def peers(table: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Add what the controller's other open firms have on record."""
    whole = table[list(OTHERS.values())].assign(others=1.0)
    total = whole.groupby(group).transform("sum")
    rest = (total - whole).fillna(0.0)
    rest = rest.rename(columns={of: name for name, of in OTHERS.items()})
    rest["others_violation_rate"] = (rest.others_violations + 4.0 * table.sector_rate) / (
        rest.others_inspections + 4.0
    )
    return pd.concat([table, rest], axis=1)
