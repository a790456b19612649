"""Firms by tier, region and sector: how many, how likely, in which tiers, how often visited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from features.sector import region_path, sector_path
from risk_index.scoring import NEVER_INSPECTED
from risk_index.texts import LANGUAGES, texts
from risk_index.tiers import TIERS

MOST_GROUPS = 40
"""Groups of a table; where the narrowest are more, wider ones are shown, or the rest is added up."""
OTHERS, NOT_STATED = "others", "not stated"
Path = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True)
class Group:
    """Firms of one tier, region or sector.

    Attributes
    ----------
    name : str
    depth : int
        Wider groups that it is shown within.
    inner : bool
        Whether the groups that it holds are shown below it.
    firms : int
    likelihood, low, high : float
        Means of the likelihood and of both ends of the firms' intervals.
    index : float
        Mean.
    inspected : float
        Share of firms with a planned inspection on record.
    completeness : float
        Mean.
    visits, per_firm : float
        Expected a year, and a year and firm.
    tiers : dict
        Shares of firms by tier, A to D.
    """

    name: str
    depth: int
    inner: bool
    firms: int
    likelihood: float
    low: float
    high: float
    index: float
    inspected: float
    completeness: float
    visits: float
    per_firm: float
    tiers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Groups:
    """A heading and the groups in the order of their names, each wider one before what it holds."""

    by: str
    rows: tuple[Group, ...]

    @property
    def widest(self) -> float:
        """Return the highest end of an interval, by which bars are drawn."""
        return max((row.high for row in self.rows), default=0.0) or 1.0


def all_groups(rows: pd.DataFrame) -> tuple[Groups, ...]:
    """Return the firms of a ranking by tier, by region and by sector."""
    seen = rows.assign(inspected=~_never_inspected(rows.notes))
    return (
        grouped("tier", seen, lambda tier: (tier,)),
        grouped("region", seen, region_path),
        grouped("sector", seen, sector_path),
    )


def grouped(by: str, rows: pd.DataFrame, path: Path) -> Groups:
    """Return groups of a column along the hierarchy of its values.

    The narrowest level with at most 40 groups is shown, below the wider groups that hold two or more
    of its groups. Where even the widest level has more, its smallest groups are added up.
    """
    levels = _levels(rows[by], path)
    shown = max((n for n in levels if levels[n].nunique() <= MOST_GROUPS), default=0)
    found = [(key, shown, row) for key, row in _summed(rows, _cut(levels[shown])).items()]
    for level in range(shown):
        within = levels[shown].groupby(levels[level]).nunique()
        below = levels[level + 1].groupby(levels[level]).nunique()
        if len(within) > 1:
            keep = within.index[(within > 1) & (below > 1)]
            sums = _summed(rows, levels[level].where(levels[level].isin(keep)))
            found += [(key, level, row) for key, row in sums.items()]
    wider = {key for key, level, _ in found if level < shown}
    ordered = sorted(found, key=lambda one: (one[0] in (OTHERS, NOT_STATED), one[0], one[1]))
    made = [
        Group(
            name=key,
            depth=sum(name in wider for name in path(key)[:-1]),
            inner=level < shown,
            **row,
        )
        for key, level, row in ordered
    ]
    return Groups(by, tuple(made))


def _levels(names: pd.Series, path: Path) -> dict[int, pd.Series]:
    """Return the name of each row's group by level, the widest first; short paths stay as they end."""
    paths = {name: path(name) if name else (NOT_STATED,) for name in names.unique()}
    deepest = max(map(len, paths.values()), default=1)
    return {
        level: names.map({name: found[:level + 1][-1] for name, found in paths.items()})
        for level in range(deepest)
    }  # fmt: skip


def _cut(group: pd.Series) -> pd.Series:
    """Leave the largest groups, and add up the rest."""
    counts = group.value_counts()
    return group.where(group.isin(counts.index[:MOST_GROUPS]), OTHERS)


def _summed(rows: pd.DataFrame, group: pd.Series) -> dict[str, dict[str, Any]]:
    """Return the figures of each group; rows without one are left out."""
    found = rows.groupby(group, sort=True)
    table = pd.DataFrame(
        {
            "firms": found.size(),
            "likelihood": found.likelihood.mean(),
            "low": found.likelihood_low.mean(),
            "high": found.likelihood_high.mean(),
            "index": found["index"].mean(),
            "inspected": found.inspected.mean(),
            "completeness": found.completeness.mean(),
            "visits": found.inspections_per_year.sum(),
            "per_firm": found.inspections_per_year.mean(),
        }
    )
    tiers = pd.crosstab(group, rows.tier, normalize="index").reindex(columns=TIERS, fill_value=0.0)
    return {
        str(key): row | {"tiers": tiers.loc[key].to_dict()}
        for key, row in table.to_dict("index").items()
    }


def _never_inspected(notes: pd.Series) -> pd.Series:
    """Tell which rows say, in any language, that no planned inspection is on record."""
    said = [texts(language).say(NEVER_INSPECTED) for language in LANGUAGES]
    never = pd.Series(False, index=notes.index)
    for words in said:
        never |= notes.str.contains(words, regex=False)
    return never
