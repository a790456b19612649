"""What a firm shares with others, in pandas: sector's and region's rates, the controller's firms."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.matrix.pandas_events import closest
from features.asof import SectorClass

SECTOR_ENDS, REGION_ENDS = (1, 3, 4, 5), (2, 4, 6)
COUNTS = ("n", "y", "harm", "n_harm", "seen", "n_seen")
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
    """Return every open firm's hazard class, required permits, and the rates of others in its sector."""
    of = _of_others(firms, visits, spine, "sector", SECTOR_ENDS)
    rate = _chain(of, "y", "n", 0.5, 20.0)
    table = pd.DataFrame(
        {
            "sector_rate": rate[-1],
            "wider_rate": rate[-2],
            "section_rate": rate[1],
            "sector_harm": _chain(of, "harm", "n_harm", 1.0, 10.0)[-1],
            "sector_harm_seen": _chain(of, "seen", "n_seen", 1.0, 20.0)[-1],
        }
    )
    found = {code: closest(code, guide) for code in spine.sector.unique()}
    hazard = {code: e.hazard_class if e else np.nan for code, e in found.items()}
    required = {code: len(e.required_permits) if e else 0 for code, e in found.items()}
    table = _spread(table, spine, "sector")
    return table.assign(
        hazard_class=spine.sector.map(hazard), permits_required=spine.sector.map(required)
    )


def regions(firms: pd.DataFrame, visits: pd.DataFrame, spine: pd.DataFrame) -> pd.DataFrame:
    """Return every open firm's rate of others in its region."""
    of = _of_others(firms, visits, spine, "region", REGION_ENDS)
    table = pd.DataFrame({"region_rate": _chain(of, "y", "n", 0.5, 50.0)[-1]})
    return _spread(table, spine, "region")


def _then(firms: pd.DataFrame, rows: pd.DataFrame, group: str) -> pd.DataFrame:
    """Add the firm's sector or region as known when the row was recorded."""
    versions = firms[["firm_key", "recorded_on", group]].sort_values("recorded_on")
    rows = rows.sort_values("recorded_on")
    rows = pd.merge_asof(rows, versions, on="recorded_on", by="firm_key")
    return rows.assign(**{group: rows[group].fillna("")})


def _outcomes(firms: pd.DataFrame, visits: pd.DataFrame, group: str) -> pd.DataFrame:
    """Return the counts by firm and group of what planned visits found."""
    judged = visits[visits.violation.notna() & ~visits.selection.isin(["complaint", "follow_up"])]
    rows = _then(firms, judged, group)
    hit = rows.violation == 1
    parts = pd.DataFrame(
        {
            "firm_key": rows.firm_key,
            group: rows[group],
            "n": 1.0,
            "y": hit.astype(float),
            "harm": rows.harm.where(hit, 0.0).fillna(0.0),
            "n_harm": (hit & rows.harm.notna()).astype(float),
            "seen": rows.harm.fillna(0.0),
            "n_seen": rows.harm.notna().astype(float),
        }
    )
    return parts.groupby(["firm_key", group], as_index=False).sum()


def _of_others(
    firms: pd.DataFrame,
    visits: pd.DataFrame,
    spine: pd.DataFrame,
    group: str,
    ends: tuple[int, ...],
) -> list[pd.DataFrame]:
    """Return the counts of others on each level of the path, everybody's first.

    By group with firm -1, which stands for all firms without an outcome of their own, and by group
    and firm for those that have one.
    """
    own = _outcomes(firms, visits, group)
    codes = pd.DataFrame({"firm_key": -1, group: spine[group].unique()})
    judged = spine[[group]][spine.index.isin(own.firm_key)].reset_index()
    index = pd.MultiIndex.from_frame(pd.concat([codes, judged])[["firm_key", group]])
    own = own.merge(judged.rename(columns={group: "now"}), on="firm_key", how="left")
    columns = list(COUNTS)
    levels = []
    for end in (0, *ends):
        part = own[group].str[:end]
        all_of = own.groupby(part)[columns].sum()
        shared = own[part == own.now.str[:end]].groupby("firm_key")[columns].sum()
        total = all_of.reindex(index.get_level_values(group).str[:end], fill_value=0.0)
        mine = shared.reindex(index.get_level_values("firm_key"), fill_value=0.0)
        levels.append(pd.DataFrame(total.to_numpy() - mine.to_numpy(), index, columns))
    return levels


def _chain(
    levels: list[pd.DataFrame], sums: str, over: str, first: float, strength: float
) -> list[pd.Series]:
    """Return the means from everybody's to the group's, each drawn to the one before."""
    chain = [(levels[0][sums] + first) / (levels[0][over] + 1.0)]
    for level in levels[1:]:
        chain.append((level[sums] + strength * chain[-1]) / (level[over] + strength))
    return chain


def _spread(table: pd.DataFrame, spine: pd.DataFrame, group: str) -> pd.DataFrame:
    """Give every open firm its own row of a table, or that of its group."""
    judged = spine.index.isin(table.index.get_level_values("firm_key"))
    keys = np.where(judged, spine.index, -1)
    wanted = pd.MultiIndex.from_arrays([keys, spine[group]], names=table.index.names)
    return table.reindex(wanted).set_axis(spine.index)


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
